"""Pictures that are not read, and names that are no Unicode, are said and never passed over."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from datakit.errors import InputError
from datakit.io.layouts.sources import open_sources


def put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((4, 4, 3), np.uint8))


def test_pictures_of_other_formats_are_failures_with_the_way_out(tmp_path: Path) -> None:
    put(tmp_path / "a.jpg")
    (tmp_path / "b.gif").write_bytes(b"GIF89a")
    (tmp_path / "c.DNG").write_bytes(b"II*")
    (tmp_path / "notes.txt").write_text("no picture")
    found = open_sources([str(tmp_path)])
    assert [item.source_name for item in found.items()] == ["a.jpg"]
    assert [failure.file for failure in found.failures] == ["b.gif", "c.DNG"]
    assert "b.gif: it is a GIF, which datakit does not read; convert" in found.failures[0].error
    assert "1 x GIF" in found.notes[0]


def test_a_raw_file_beside_its_photo_takes_no_label(tmp_path: Path) -> None:
    put(tmp_path / "images/a.jpg")
    (tmp_path / "images/a.dng").write_bytes(b"II*")
    put(tmp_path / "masks/a.png")
    found = open_sources([str(tmp_path)])
    [item] = found.items()
    assert item.mask is not None
    assert [failure.file for failure in found.failures] == ["images/a.dng"]


def test_a_folder_of_nothing_that_is_read_is_refused_by_kind(tmp_path: Path) -> None:
    for name in ("a.gif", "b.GIF"):
        (tmp_path / name).write_bytes(b"GIF89a")
    with pytest.raises(InputError, match="not read: 2 x GIF; convert them to JPEG or PNG"):
        open_sources([str(tmp_path)])


def test_a_name_that_is_no_unicode_is_one_failure(tmp_path: Path) -> None:
    put(tmp_path / "a.png")
    odd = os.path.join(os.fsencode(tmp_path), b"caf\xe9.png")  # noqa: PTH118
    with open(odd, "wb") as handle:  # noqa: PTH123
        handle.write((tmp_path / "a.png").read_bytes())
    found = open_sources([str(tmp_path)])
    assert len(found) == 1
    [failure] = found.failures
    assert failure.file == "caf\\xe9.png"
    assert "no UTF-8" in failure.error
