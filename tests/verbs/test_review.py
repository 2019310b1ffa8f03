"""Decisions survive kills, and become the dataset that they describe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

import datakit
from datakit.core.matting.brush import UNKNOWN
from datakit.errors import InputError
from datakit.io.dataset.decisions import now, open_log, read_decisions
from datakit.pages.mask_overlay import layer_png
from datakit.records.draft import Queued
from datakit.records.review import Decision, ToolModel
from datakit.verbs.review.options import Options, ServeOptions
from datakit.verbs.review.others import agreement_notes, other_reviewers, verdicts_of
from datakit.verbs.review.run import run
from tests.verbs.exports import tree
from tests.verbs.test_report import dataset, finding, table, waiting


@pytest.fixture
def set_(tmp_path: Path) -> Path:
    return dataset(tmp_path / "set", ["a.png", "b.png", "c.png"])


def decide(folder: Path, key: str, verdict: Any = None, **more: Any) -> None:
    with open_log(folder) as log:
        log.add(Decision(id=key, verdict=verdict, at=now(), **more))


def stroke(
    size_hw: tuple[int, int], rows: slice, columns: slice, value: int, mark: int = 0
) -> bytes:
    layer = np.zeros((*size_hw, 3), np.uint8)
    layer[rows, columns] = (value, 255, mark)
    return layer_png(layer)


def rows(out: Path) -> dict[str, dict[str, Any]]:
    found = map(json.loads, (out / "metadata.jsonl").read_text().splitlines())
    return {row["id"]: row for row in found}


def apply(set_: Path, out: Path, **options: Any) -> Any:
    return datakit.review(set_, out, apply=True, workers=0, **options)


def test_verdicts_become_a_dataset(set_: Path, tmp_path: Path) -> None:
    before = tree(set_)
    folder = tmp_path / "set.review"
    decide(folder, "a.png", "accept")
    decide(folder, "b.png", "reject")
    summary = apply(set_, tmp_path / "out")
    assert summary.exit_code == 0
    assert (summary.counts["accepted"], summary.counts["rejected"]) == (1, 1)
    made = rows(tmp_path / "out")
    assert set(made) == {"a.png", "c.png"}
    assert made["a.png"]["tags"] == ["reviewed"]
    assert made["a.png"]["history"][-1]["verb"] == "review"
    assert made["c.png"]["tags"] == []
    assert made["c.png"]["history"] == [
        {"verb": "coco2mask", "version": "0", "params": '{"kind":"binary"}'}
    ]
    mask = made["a.png"]["mask_file_name"]
    assert (tmp_path / "out" / mask).read_bytes() == (set_ / "masks/0.png").read_bytes()
    card = json.loads((tmp_path / "out/dataset.json").read_text())
    assert card["commands"][-1]["options"]["expect"]
    assert card["label_map"] == {"person": 255}
    assert tree(set_) == before


def test_only_accepted(set_: Path, tmp_path: Path) -> None:
    decide(tmp_path / "set.review", "a.png", "accept")
    decide(tmp_path / "set.review", "b.png", "flag")
    apply(set_, tmp_path / "all")
    assert rows(tmp_path / "all")["b.png"]["tags"] == ["flagged"]
    summary = apply(set_, tmp_path / "gold", only_accepted=True)
    assert set(rows(tmp_path / "gold")) == {"a.png"}
    assert summary.counts["left out"] == 2


def test_an_edit_is_painted_in(set_: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set.review"
    with open_log(folder) as log:
        edit = log.keep_edit(stroke((36, 48), slice(0, 8), slice(10, 40), 255))
    decide(folder, "a.png", "accept", edit=edit)
    summary = apply(set_, tmp_path / "out")
    assert summary.counts["edited"] == 1
    row = rows(tmp_path / "out")["a.png"]
    mask = np.asarray(Image.open(tmp_path / "out" / row["mask_file_name"]))
    assert set(np.unique(mask)) == {0, 255}
    assert (mask[:30, 10:40] == 255).all()
    assert (mask > 0).sum() == 30 * 30
    assert row["fg_ratio"] == pytest.approx(900 / (36 * 48), abs=1e-6)
    assert json.loads(row["history"][-1]["params"]) == {"edit": edit, "verdict": "accept"}
    image = (tmp_path / "out" / row["file_name"]).read_bytes()
    assert image == (set_ / "images/0.png").read_bytes()


def test_models_that_answered_are_in_the_history_and_their_restriction_on_the_label(
    set_: Path, tmp_path: Path
) -> None:
    with open_log(tmp_path / "set.review") as log:
        edit = log.keep_edit(stroke((36, 48), slice(0, 8), slice(10, 40), 255))
    model = ToolModel(name="promptable", licence="CC-BY-NC-4.0", noncommercial=True)
    decide(tmp_path / "set.review", "a.png", "accept", edit=edit, models=(model,))
    apply(set_, tmp_path / "out")
    row = rows(tmp_path / "out")["a.png"]
    assert row["tags"] == ["reviewed", "noncommercial-model"]
    assert json.loads(row["history"][-1]["params"])["models"][0]["licence"] == "CC-BY-NC-4.0"


def test_what_was_unknown_is_decided_and_what_was_known_is_marked_unknown(
    set_: Path, tmp_path: Path
) -> None:
    lines = [json.loads(line) for line in (set_ / "metadata.jsonl").read_text().splitlines()]
    (set_ / "ignores").mkdir()
    unknown = np.zeros((36, 48), np.uint8)
    unknown[:8, :10] = 255
    Image.fromarray(unknown).save(set_ / "ignores/0.png")
    lines[0] |= {"ignore_file_name": "ignores/0.png", "label_state": "partial"}
    (set_ / "metadata.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with open_log(tmp_path / "set.review") as log:
        painted = {
            "a.png": stroke((36, 48), slice(0, 8), slice(0, 10), 0),
            "b.png": stroke((36, 48), slice(30, 36), slice(0, 48), 0, UNKNOWN),
        }
        for key, png in painted.items():
            log.add(Decision(id=key, verdict="accept", edit=log.keep_edit(png), at=now()))
    out = tmp_path / "out"
    apply(set_, out)
    made = rows(out)
    assert made["a.png"]["label_state"] == "complete"
    assert made["a.png"]["ignore_file_name"] is None
    ignore = np.asarray(Image.open(out / made["b.png"]["ignore_file_name"]))
    assert (ignore[30:] == 255).all()
    assert not ignore[:30].any()
    mask = np.asarray(Image.open(out / made["b.png"]["mask_file_name"]))
    assert not mask[30:].any()


def test_a_painted_class_is_listed_and_an_erased_one_is_not(set_: Path, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in (set_ / "metadata.jsonl").read_text().splitlines()]
    label_map = {"background": 0, "person": 1, "sign": 2, "dog": 3}
    (set_ / "dataset.json").write_text(json.dumps({"format": "datakit", "label_map": label_map}))
    mask = np.zeros((36, 48), np.uint8)
    mask[:8, :8] = 2
    for line in lines:
        Image.fromarray(mask).save(set_ / line["mask_file_name"])
        line["categories"] = ["sign"]
    (set_ / "metadata.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with open_log(tmp_path / "set.review") as log:
        dog = stroke((36, 48), slice(20, 30), slice(0, 9), 255, 3)
        bare = stroke((36, 48), slice(0, 36), slice(0, 48), 0)
        for key, png in {"a.png": dog, "b.png": bare}.items():
            log.add(Decision(id=key, verdict="accept", edit=log.keep_edit(png), at=now()))
    apply(set_, tmp_path / "out")
    made = rows(tmp_path / "out")
    assert {key: row["categories"] for key, row in made.items()} == {
        "a.png": ["sign", "dog"],
        "b.png": [],
        "c.png": ["sign"],
    }


def test_reviewers_have_decisions_of_their_own(set_: Path, tmp_path: Path) -> None:
    folders = {name: tmp_path / f"set{dot}.review" for name, dot in (("", ""), ("anna", ".anna"))}
    decide(folders[""], "a.png", "accept")
    decide(folders[""], "b.png", "reject")
    decide(folders["anna"], "a.png", "accept", reviewer="anna", seconds=2.5)
    decide(folders["anna"], "b.png", "accept", reviewer="anna")
    own = ServeOptions(src=(str(set_),), reviewer="ben")
    others = other_reviewers(own)
    assert set(others) == {"anna", "another reviewer"}
    assert verdicts_of(others, "b.png") == {"anna": "accept", "another reviewer": "reject"}
    assert set(other_reviewers(ServeOptions(src=(str(set_),), reviewer="anna"))) == {
        "another reviewer"
    }
    notes = agreement_notes(read_decisions(folders["anna"]), others)
    assert notes[1] == "another reviewer: the same verdict on 1 of 2 samples"
    summary = apply(set_, tmp_path / "out", reviewer="anna")
    assert summary.counts["accepted"] == 2
    with pytest.raises(InputError, match="--reviewer"):
        Options(src=(str(set_),), reviewer="../x")


def test_a_sixteen_bit_alpha_keeps_what_was_not_painted(tmp_path: Path) -> None:
    set_ = dataset(tmp_path / "set", ["a.png"])
    row = json.loads((set_ / "metadata.jsonl").read_text())
    alpha = np.linspace(0, 65535, 36 * 48).astype(np.uint16).reshape(36, 48)
    (set_ / "alphas").mkdir()
    Image.fromarray(alpha).save(set_ / "alphas/0.png")
    trimap = np.full((36, 48), 128, np.uint8)
    (set_ / "trimaps").mkdir()
    Image.fromarray(trimap).save(set_ / "trimaps/0.png")
    row |= {"alpha_file_name": "alphas/0.png", "trimap_file_name": "trimaps/0.png"}
    (set_ / "metadata.jsonl").write_text(json.dumps(row) + "\n")
    with open_log(tmp_path / "set.review") as log:
        edit = log.keep_edit(stroke((36, 48), slice(30, 36), slice(0, 48), 0))
        log.add(Decision(id="a.png", edit=edit, at=now()))
    apply(set_, tmp_path / "out")
    made = rows(tmp_path / "out")["a.png"]
    painted = np.asarray(Image.open(tmp_path / "out" / made["alpha_file_name"]))
    assert (painted[:30] == alpha[:30]).all()
    assert (painted[30:] == 0).all()
    known = np.asarray(Image.open(tmp_path / "out" / made["trimap_file_name"]))
    assert (known[:30] == 128).all()
    assert (known[30:] == 0).all()


def test_the_same_decisions_give_the_same_bytes(set_: Path, tmp_path: Path) -> None:
    decide(tmp_path / "set.review", "a.png", "accept")
    apply(set_, tmp_path / "one")
    decide(tmp_path / "set.review", "b.png", "reject")
    decide(tmp_path / "set.review", "b.png", None)  # undone
    apply(set_, tmp_path / "two")
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    expected = json.loads((tmp_path / "one/dataset.json").read_text())["commands"][-1]["options"][
        "expect"
    ]
    apply(set_, tmp_path / "three", expect=expected)
    with pytest.raises(InputError, match="--expect"):
        apply(set_, tmp_path / "four", expect="0" * 64)


def test_an_image_that_changed_since_is_a_failure(set_: Path, tmp_path: Path) -> None:
    decide(tmp_path / "set.review", "a.png", "accept", image="0" * 64)
    summary = apply(set_, tmp_path / "out")
    assert summary.exit_code == 3
    assert "not the one that was reviewed" in (tmp_path / "out/failures.jsonl").read_text()
    assert set(rows(tmp_path / "out")) == {"b.png", "c.png"}


def test_an_edit_that_was_changed_is_a_failure(set_: Path, tmp_path: Path) -> None:
    with open_log(tmp_path / "set.review") as log:
        edit = log.keep_edit(stroke((36, 48), slice(0, 4), slice(0, 4), 255))
        log.add(Decision(id="a.png", edit=edit, at=now()))
    (tmp_path / f"set.review/edits/{edit}.png").write_bytes(b"x")
    assert apply(set_, tmp_path / "out").failed == 1


def test_a_photo_that_waits_is_released_by_anonymize_alone(set_: Path, tmp_path: Path) -> None:
    decide(tmp_path / "set.review", "waits.jpg", "accept")
    summary = apply(set_, tmp_path / "out")
    assert "--release waits.jpg" in summary.notes[0]
    assert "waits.jpg" not in rows(tmp_path / "out")


# The log


def test_the_last_decision_counts_and_a_torn_line_does_not(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    decide(folder, "a", "accept")
    decide(folder, "a", "reject", note="why")
    with (folder / "review.jsonl").open("ab") as handle:
        handle.write(b'{"id":"b","verdict":"accept","at":"')
    assert read_decisions(folder)["a"].verdict == "reject"
    decide(folder, "c", "flag")
    text = (folder / "review.jsonl").read_text()
    assert text.count("\n") == 3
    assert set(read_decisions(folder)) == {"a", "c"}


def test_a_log_has_one_writer(tmp_path: Path) -> None:
    refused = pytest.raises(InputError, match="another datakit review")
    with open_log(tmp_path / "r"), refused, open_log(tmp_path / "r"):
        pass


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    (tmp_path / "r/mine.txt").write_text("mine")
    with pytest.raises(InputError, match=r"found mine\.txt"), open_log(tmp_path / "r"):
        pass
    decide(tmp_path / "s", "a", "accept")
    (tmp_path / "s/review.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match="line 1"):
        read_decisions(tmp_path / "s")


def test_a_disk_that_is_full_loses_no_earlier_row(tmp_path: Path, monkeypatch: Any) -> None:
    from datakit.errors import OutputError
    from datakit.io.dataset import decisions

    with open_log(tmp_path / "r") as log:
        log.add(Decision(id="a", verdict="accept", at=now()))

        def half(handle: Any, data: bytes) -> None:
            handle.write(data[: len(data) // 2])
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(decisions.atomic, "write_all", half)
            with pytest.raises(OutputError):
                log.add(Decision(id="b", verdict="accept", at=now()))
        assert log.latest("b") is None
        log.add(Decision(id="c", verdict="accept", at=now()))
    assert set(read_decisions(tmp_path / "r")) == {"a", "c"}


# What is asked for


def test_what_lies_on_the_desk(set_: Path, tmp_path: Path) -> None:
    table(set_ / "qc.jsonl", finding("b.png"))
    decide(tmp_path / "set.review", "a.png", "accept")
    summary = run(Options(src=(str(set_),), dry_run=True))
    assert summary.counts == {
        "samples": 3,
        "accepted": 1,
        "rejected": 0,
        "flagged": 0,
        "edited": 0,
        "open": 2,
        "to look at": 1,
    }


def test_the_order_of_the_desk(set_: Path, tmp_path: Path, sample_data: Path) -> None:
    from datakit.verbs.review.subjects import details_of, review_subjects
    from datakit.verbs.shared.datasets import open_dataset
    from datakit.verbs.shared.evidence import gather

    table(tmp_path / "qc/qc.jsonl", finding("b.png"), finding("b.png", severity="review"))
    hand = (1, 2, 5, 6)
    draft = Queued(
        rank=1, id="a.png", file_name="a", doubt=0.75, reason="spread", missing_hand=hand
    )
    table(tmp_path / "drafts/queue.jsonl", draft)
    table(tmp_path / "anon/anonymize.jsonl", waiting("coffee.jpg"))
    records = tuple(str(tmp_path / name) for name in ("qc", "drafts", "anon"))
    earlier = dataset(tmp_path / "earlier", ["a.png"])
    photos = str(sample_data / "photos")
    options = Options(src=(str(set_),), records=records, compare=str(earlier), photos=photos)
    _, items = open_dataset(options.src, "review")
    evidence = gather((str(set_), *records), items)
    assert details_of(None, "a.png", evidence)["draft"]["missing_hand"] == hand
    subjects = review_subjects(options, items, evidence, {}, {})
    found = {subject.id: subject for subject in subjects}
    assert sorted(found, key=lambda key: -found[key].priority) == [
        *("coffee.jpg", "b.png", "a.png", "c.png"),
    ]
    assert found["coffee.jpg"].image is not None
    assert found["coffee.jpg"].waiting
    assert found["b.png"].kinds == ("finding",)
    assert found["b.png"].reason == "2 findings: halo"
    assert "halo" in found["b.png"].reasons
    assert found["a.png"].compared
    assert not found["c.png"].compared
    without = review_subjects(
        msgspec.structs.replace(options, photos=None),
        items,
        gather((str(set_), *records), items),
        {},
        {},
    )
    assert without[0].image is None


def test_the_page_names_the_extra_that_is_missing(
    set_: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datakit.verbs.review import serve

    monkeypatch.setattr(serve, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'datakit\[review\]'"):
        run(Options(src=(str(set_),)))


def test_the_token_is_not_on_a_command_line() -> None:
    from datakit.verbs.review import serve

    with serve._way_in("http://127.0.0.1:1/secret/") as page:
        path = Path(page.removeprefix("file://"))
        assert "secret" not in page
        assert "secret" in path.read_text()
        assert path.parent.stat().st_mode & 0o077 == 0
    assert not path.exists()


def test_folders_and_options_that_do_not_go_together(set_: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found none"):
        apply(set_, tmp_path / "out")
    with pytest.raises(InputError, match="apart from"):
        apply(set_, tmp_path / "set.review/out")
    with pytest.raises(InputError, match="apart from the dataset"):
        run(Options(src=(str(set_),), decisions=str(set_ / "review")))
    with pytest.raises(InputError, match="--apply"):
        Options(src=(str(set_),), out="x")
    with pytest.raises(InputError, match="on this machine"):
        run(Options(src=("s3://bucket/set",), dry_run=True))
    with pytest.raises(InputError, match="found a URL"):
        Options(src=(str(set_),), decisions="s3://bucket/review")
    with pytest.raises(InputError, match="for --model promptable"):
        Options(src=(str(set_),), weights=("encoder.onnx",))
    with pytest.raises(InputError, match="expected -o DST"):
        Options(src=(str(set_),), apply=True)


def test_a_decision_reads_what_it_wrote() -> None:
    decision = Decision(id="a", verdict="flag", note="n", edit="1" * 64, at="t")
    text = msgspec.json.encode(decision)
    assert msgspec.json.decode(text, type=Decision) == decision


def test_what_was_reviewed_comes_back_into_the_drafts(set_: Path, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        decide(tmp_path / "set.review", name, "accept")
    with open_log(tmp_path / "set.review") as log:
        edit = log.keep_edit(stroke((36, 48), slice(0, 8), slice(10, 40), 255))
        log.add(Decision(id="a.png", verdict="accept", edit=edit, at=now()))
        log.add(Decision(id="c.png", verdict="reject", at=now()))
    apply(set_, tmp_path / "reviewed")
    summary = datakit.prelabel(merge=tmp_path / "reviewed", into=set_, workers=0)
    assert (summary.counts["reviewed"], summary.counts["changed"]) == (2, 1)
    changes = map(json.loads, (set_ / "changes.jsonl").read_text().splitlines())
    assert {row["id"]: row["iou"] < 1 for row in changes} == {"a.png": True, "b.png": False}
    merged = np.asarray(Image.open(set_ / rows(set_)["a.png"]["mask_file_name"]))
    made = rows(tmp_path / "reviewed")["a.png"]["mask_file_name"]
    assert (merged == np.asarray(Image.open(tmp_path / "reviewed" / made))).all()
