"""What a split says of the source's own split, and of photos that cannot be parted."""

from __future__ import annotations

from pathlib import Path

import pytest

import datakit
from datakit.errors import InputError
from tests.verbs.exports import jpeg, photo


def test_a_source_split_that_is_not_kept_is_said(tmp_path: Path) -> None:
    for number, split in enumerate(("train", "train", "train", "valid", "test", "test")):
        folder = tmp_path / "src" / split
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{chr(97 + number) * 3}.jpg").write_bytes(jpeg(photo(32, 24, number)))
    src = tmp_path / "src"
    done = datakit.split(src, tmp_path / "out", val=0.34, duplicates="off", workers=0)
    notes = " ".join(done.notes)
    assert "the source's own split (test 2, train 3, val 1) is replaced" in notes
    assert "there is no test any more; --test 0.33 makes one" in notes
    with pytest.raises(InputError, match=r"ask for it too: --test 0\.33"):
        datakit.split(
            src, tmp_path / "kept", val=0.34, keep_existing=True, duplicates="off", workers=0
        )
    kept = datakit.split(src, tmp_path / "kept", keep_existing=True, duplicates="off", workers=0)
    assert not any("replaced" in note for note in kept.notes)


def test_one_photo_cannot_be_split_and_the_reason_is_said(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / "src").mkdir(exist_ok=True)
        name = f"one_jpg.rf.{number:032x}.jpg"
        (tmp_path / "src" / name).write_bytes(jpeg(photo(32, 24, 1)))
    with pytest.raises(InputError, match=r"all 4 are one group .*add other photos") as found:
        datakit.split(tmp_path / "src", tmp_path / "out", val=0.25, workers=0)
    assert "--val-where" not in str(found.value)
