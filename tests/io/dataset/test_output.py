"""The dataset folder: one run claims it, only datakit's is replaced, it is whole or resumable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from datakit.errors import InputError, OutputError
from datakit.io.dataset import output
from datakit.io.store import atomic
from datakit.records.card import Card
from datakit.records.failure import Failure
from datakit.records.product import Product
from datakit.records.sample import Sample, Source
from tests.verbs.exports import tree


def product(out: Path, name: str, split: str | None = None) -> Product:
    file = f"{split}/images/{name}" if split else f"images/{name}"
    atomic.write_bytes(out / file, b"photo")
    key = f"{split}/{name}" if split else name
    sample = Sample(
        id=key, file_name=file, width=4, height=3, split=split, source=Source(name=name)
    )
    return Product(samples=(sample,), files={file: 5})


def write(out: Path, names: str = "ab", mode: output.Mode = "new") -> None:
    output.check_target(out, mode)
    with output.create(out, "run", mode) as writer:
        for name in names:
            writer.add(name, product(out, name, "train"))
        writer.finish(Card())


def test_manifest_views_and_card(tmp_path: Path) -> None:
    write(tmp_path / "out")
    assert set(tree(tmp_path / "out")) == {
        ".datakit", ".datakit/record.jsonl", "dataset.json", "metadata.jsonl", "train",
        "train/images", "train/images/a",
        "train/images/b", "train/metadata.jsonl",
    }  # fmt: skip
    view = (tmp_path / "out/train/metadata.jsonl").read_text().splitlines()
    assert [json.loads(line)["file_name"] for line in view] == ["images/a", "images/b"]


def test_failures_and_further_tables(tmp_path: Path) -> None:
    with output.create(tmp_path, "run", "new", {"audit.jsonl": "head\n"}) as writer:
        writer.add("a", Product(lines={"audit.jsonl": "one\n"}))
        writer.fail(Failure(id="b", file="b", step="read", error="gone"))
        writer.finish(Card())
    assert (tmp_path / "audit.jsonl").read_text() == "head\none\n"
    assert json.loads((tmp_path / "failures.jsonl").read_text())["id"] == "b"


@pytest.mark.parametrize("existed", [True, False])
def test_a_run_that_stops_before_its_first_item_leaves_no_trace(
    tmp_path: Path, existed: bool
) -> None:
    out = tmp_path / "out"
    if existed:
        out.mkdir()
    with pytest.raises(InputError), output.create(out, "run", "new"):
        product(out, "a")
        # What a worker was writing when the signal came.
        (out / "data/part").mkdir(parents=True)
        (out / f"data/part/{atomic.TEMPORARY_PREFIX}1").write_bytes(b"half")
        (out / "data/empty").mkdir()
        raise InputError("stop")
    assert out.exists() is existed
    assert not existed or not list(out.iterdir())


def test_a_run_that_stops_later_can_be_resumed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(OutputError), output.create(out, "run", "new") as writer:
        writer.add("a", product(out, "a", "train"))
        raise OutputError("full")
    assert output.is_dataset(out)
    assert not output.is_finished(out)
    with pytest.raises(InputError, match="--resume"):
        output.check_target(out, "new")
    write(out, mode="resume")
    write(tmp_path / "whole")
    assert tree(out) == tree(tmp_path / "whole")


def test_a_run_with_other_options_is_not_resumed(tmp_path: Path) -> None:
    with pytest.raises(OutputError), output.create(tmp_path, "run", "new") as writer:
        writer.add("a", product(tmp_path, "a"))
        raise OutputError("full")
    before = tree(tmp_path)
    with (
        pytest.raises(InputError, match="expected the same source, options and version"),
        output.create(tmp_path, "another run", "resume"),
    ):
        pass
    after = tree(tmp_path)
    before.pop(".datakit/lock"), after.pop(".datakit/lock")
    assert after == before


@pytest.mark.parametrize("mode", ["new", "resume", "overwrite"])
def test_one_run_at_a_time(tmp_path: Path, mode: output.Mode) -> None:
    with output.create(tmp_path, "run", "new") as writer:
        writer.add("a", product(tmp_path, "a"))
        before = tree(tmp_path)
        with (
            pytest.raises(InputError, match=r"another run is writing here \(process \d+ on .+\)"),
            output.create(tmp_path, "run", mode),
        ):
            pass
        assert tree(tmp_path) == before
        writer.finish(Card())
    assert output.is_finished(tmp_path)


def test_a_lock_that_nobody_holds_is_taken_away(tmp_path: Path) -> None:
    write(tmp_path)
    before = tree(tmp_path)
    (tmp_path / ".datakit/lock").write_text("process 1 on another machine")
    assert output.is_finished(tmp_path)
    assert tree(tmp_path) == before


def test_a_claim_that_was_killed_at_once_is_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / ".datakit").mkdir()
    (tmp_path / ".datakit/lock").touch()
    write(tmp_path)
    assert output.is_finished(tmp_path)


@pytest.mark.parametrize("card", ["{}x", "[]", '{"format": "other"}', "\xff"])
def test_only_what_datakit_wrote_is_replaced(tmp_path: Path, card: str) -> None:
    (tmp_path / "dataset.json").write_bytes(card.encode("latin-1"))
    assert not output.is_dataset(tmp_path)
    with pytest.raises(InputError, match="replaces only folders that datakit wrote"):
        output.check_target(tmp_path, "overwrite")
    with pytest.raises(InputError, match="expected a datakit dataset card"):
        output.read_card(tmp_path)


def test_overwriting_does_not_follow_links(tmp_path: Path) -> None:
    write(tmp_path / "out")
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/a.jpg").write_text("keep")
    (tmp_path / "out/link").symlink_to(tmp_path / "precious")
    with pytest.raises(InputError, match="found also link; move them away"):
        write(tmp_path / "out", mode="overwrite")
    (tmp_path / "out/link").unlink()
    (tmp_path / "out/train/images/a").unlink()
    (tmp_path / "out/train/images/a").symlink_to(tmp_path / "precious/a.jpg")
    write(tmp_path / "out", mode="overwrite")
    assert (tmp_path / "precious/a.jpg").read_text() == "keep"
    assert not (tmp_path / "out/train/images/a").is_symlink()


def test_overwriting_refuses_what_somebody_else_put_there(tmp_path: Path) -> None:
    write(tmp_path)
    for name in ("notes.txt", "train/sketch.psd", "train/images/my.jpg", "own/deep/x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine")
    before = tree(tmp_path)
    with pytest.raises(InputError, match=r"found also notes\.txt, .+, .+ and 1 more; move them"):
        output.check_target(tmp_path, "overwrite")
    assert tree(tmp_path) == before


def test_overwriting_removes_what_was_written_and_folders_that_are_empty_then(
    tmp_path: Path,
) -> None:
    write(tmp_path)
    (tmp_path / ".DS_Store").write_text("of the system")
    (tmp_path / "train/images/empty").mkdir()
    with output.create(tmp_path, "another run", "overwrite") as writer:
        writer.add("c", product(tmp_path, "c"))
        writer.finish(Card())
    assert set(tree(tmp_path)) == {
        ".DS_Store", ".datakit", ".datakit/record.jsonl", "dataset.json", "images", "images/c",
        "metadata.jsonl", "train", "train/images", "train/images/empty",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["../precious", "/etc/passwd", "a/../../precious"])
def test_a_record_from_anywhere_removes_nothing_outside(tmp_path: Path, name: str) -> None:
    write(tmp_path / "out")
    (tmp_path / "precious").write_text("keep")
    record = tmp_path / "out/.datakit/record.jsonl"
    close = json.dumps({"line": "close", "files": [name], "failures": ""})
    record.write_text(record.read_text() + close + "\n")
    write(tmp_path / "out", mode="overwrite")
    assert (tmp_path / "precious").read_text() == "keep"


def test_an_input_inside_the_target_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "out")
    inside = tmp_path / "out" / "rooms"
    with pytest.raises(InputError, match=r"--backgrounds .+/rooms: expected an input apart"):
        output.check_target(tmp_path / "out", "overwrite", (), (("--backgrounds", inside),))
    output.check_target(tmp_path / "out", "overwrite", (), (("--weights", tmp_path),))


def test_a_file_of_a_killed_run_that_its_journal_does_not_know_is_its_own(tmp_path: Path) -> None:
    with pytest.raises(OutputError), output.create(tmp_path, "run", "new") as writer:
        writer.add("a", product(tmp_path, "a", "train"))
        product(tmp_path, "b", "train")
        raise OutputError("killed before the line")
    write(tmp_path, "c", mode="overwrite")
    write(tmp_path.with_name("fresh"), "c")
    assert tree(tmp_path) == tree(tmp_path.with_name("fresh"))
