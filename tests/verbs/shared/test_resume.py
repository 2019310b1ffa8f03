"""--resume does again exactly what changed, and ends with the bytes of a fresh run."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

import datakit
from datakit.errors import InputError
from datakit.io.store import files
from datakit.records.summary import Summary
from tests.verbs.exports import tree

COUNT = 5


def picture(path: Path, seed: int, shape: tuple[int, ...] = (30, 40, 3)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)
    assert cv2.imwrite(str(path), pixels if len(shape) == 3 else (pixels > 128) * np.uint8(255))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for number in range(COUNT):
        picture(tmp_path / f"src/images/p{number}.png", number)
        picture(tmp_path / f"src/masks/p{number}.png", 10 + number, (30, 40))
    return tmp_path / "src"


def run(source: Path, out: Path, **options: object) -> Summary:
    made: Summary = datakit.trimap(source, out, workers=0, **options)
    return made


def age(folder: Path) -> None:
    """Make files old enough for their times to be believed."""
    for path in folder.rglob("*.png"):
        os.utime(path, ns=(1_600_000_000_000_000_000, path.stat().st_mtime_ns - 10**10))


def interrupted(source: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run until the third sample is done."""
    from datakit.io.dataset.output import DatasetWriter

    real = DatasetWriter.add
    done = 0

    def add(self: DatasetWriter, *args: object) -> None:
        nonlocal done
        if done == 3:
            raise KeyboardInterrupt
        done += 1
        real(self, *args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(DatasetWriter, "add", add)
        run(source, out)


@pytest.mark.parametrize("aged", [True, False])
@pytest.mark.parametrize("finished", [True, False])
@pytest.mark.parametrize(
    "change", ["image", "mask", "new", "gone", "renamed", "same bytes", "nothing"]
)
def test_what_changed_is_done_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, finished: bool,
    aged: bool,
) -> None:  # fmt: skip
    if aged:
        age(source)
    out = tmp_path / "out"
    if finished:
        run(source, out)
    else:
        interrupted(source, out, monkeypatch)
    first = source / "images/p0.png"
    if change == "image":
        picture(first, 99)
    elif change == "mask":
        picture(source / "masks/p1.png", 99, (30, 40))
    elif change == "new":
        picture(source / "images/p00.png", 98)
        picture(source / "masks/p00.png", 97, (30, 40))
    elif change == "gone":
        first.unlink()
        (source / "masks/p0.png").unlink()
    elif change == "renamed":
        for folder in ("images", "masks"):
            (source / folder / "p0.png").rename(source / folder / "q0.png")
    elif change == "same bytes":
        data = first.read_bytes()
        first.unlink()
        first.write_bytes(data)
    again = run(source, out, resume=True)
    run(source, tmp_path / "fresh")
    assert tree(out) == tree(tmp_path / "fresh")
    said = " ".join(again.notes)
    if change in ("image", "mask"):
        kept = COUNT - 1 if finished else 2
        name = "p0.png" if change == "image" else "p1.png"
        assert f"{kept} samples kept, 1 done again ({name}), where the source" in said
    if change in ("gone", "renamed"):
        assert "1 taken out" in said
    if finished and change in ("same bytes", "nothing"):
        assert "nothing was done" in said


@pytest.mark.parametrize("damage", ["cut", "zeros", "gone", "table gone"])
def test_a_file_that_is_not_whole_is_written_again(
    source: Path, tmp_path: Path, damage: str
) -> None:
    run(source, tmp_path / "out")
    run(source, tmp_path / "fresh")
    file = tmp_path / "out/trimaps/p2.png"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-1])
    elif damage == "zeros":
        # What a power cut may leave: the length without the bytes.
        file.write_bytes(bytes(file.stat().st_size))
    elif damage == "gone":
        file.unlink()
    else:
        (tmp_path / "out/dataset.json").write_bytes((tmp_path / "out/dataset.json").read_bytes())
        (tmp_path / "out/metadata.jsonl").unlink()
    run(source, tmp_path / "out", resume=True)
    assert tree(tmp_path / "out") == tree(tmp_path / "fresh")


def test_what_failed_is_tried_again_when_it_can_be_read(source: Path, tmp_path: Path) -> None:
    file = source / "images/p1.png"
    whole = file.read_bytes()
    file.write_bytes(whole[:100])
    assert run(source, tmp_path / "out").failed == 1
    assert run(source, tmp_path / "out", resume=True).failed == 1
    file.write_bytes(whole)
    assert run(source, tmp_path / "out", resume=True).failed == 0
    run(source, tmp_path / "fresh")
    assert tree(tmp_path / "out") == tree(tmp_path / "fresh")


def test_the_record_is_the_same_wherever_source_and_target_are(
    source: Path, tmp_path: Path
) -> None:
    run(source, tmp_path / "out")
    shutil.copytree(source, tmp_path / "deep/other/src")
    run(tmp_path / "deep/other/src", tmp_path / "deep/out")
    assert tree(tmp_path / "out") == tree(tmp_path / "deep/out")


def test_another_source_is_refused(source: Path, tmp_path: Path) -> None:
    run(source, tmp_path / "out")
    picture(tmp_path / "other/images/z.png", 1)
    picture(tmp_path / "other/masks/z.png", 2, (30, 40))
    before = tree(tmp_path / "out")
    with pytest.raises(InputError, match="has none of its samples"):
        run(tmp_path / "other", tmp_path / "out", resume=True)
    assert tree(tmp_path / "out") == before


def test_without_a_record_everything_is_done_again(source: Path, tmp_path: Path) -> None:
    run(source, tmp_path / "out")
    run(source, tmp_path / "fresh")
    shutil.rmtree(tmp_path / "out/.datakit")
    run(source, tmp_path / "out", resume=True)
    assert tree(tmp_path / "out") == tree(tmp_path / "fresh")


def test_a_file_that_changes_while_it_is_read_is_a_failure(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = source / "images/p1.png"
    whole = target.read_bytes()
    real = files.check_size

    def check(name: str, size: int, limit_bytes: int) -> None:
        # Between the first look at the file and its reading.
        if name == "images/p1.png":
            target.write_bytes(whole + b"more")
        real(name, size, limit_bytes)

    with monkeypatch.context() as patch:
        patch.setattr(files, "check_size", check)
        assert run(source, tmp_path / "out").failed == 1
    row = json.loads((tmp_path / "out/failures.jsonl").read_text())
    assert "changed while it was read" in row["error"]
    run(source, tmp_path / "out", resume=True)
    run(source, tmp_path / "fresh")
    assert tree(tmp_path / "out") == tree(tmp_path / "fresh")
