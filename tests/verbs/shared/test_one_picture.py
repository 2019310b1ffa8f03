"""DST named like a picture: one photo in, one picture out, from a path or standard input."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

import datakit
from datakit.errors import InputError
from datakit.io.store import standard_input


@pytest.fixture
def photo(sample_data: Path) -> Path:
    return sample_data / "portraits/images/astronaut.jpg"


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A source of one photo with a mask."""
    mask = cv2.circle(np.zeros((60, 80), np.uint8), (40, 30), 15, 255, -1)
    shown = np.random.default_rng(0).integers(0, 60, (60, 80, 3)).astype(np.uint8)
    shown[mask > 0] += 150
    for folder, pixels in (("images", shown), ("masks", mask)):
        (tmp_path / "pair" / folder).mkdir(parents=True)
        assert cv2.imwrite(str(tmp_path / "pair" / folder / "a.png"), pixels)
    return tmp_path / "pair"


def piped(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(data))
    monkeypatch.setattr(standard_input.sys, "stdin", stdin)


def test_the_picture_is_the_one_of_the_dataset(photo: Path, tmp_path: Path) -> None:
    datakit.anonymize(photo, tmp_path / "set", workers=0)
    summary = datakit.anonymize(photo, tmp_path / "hidden.jpeg", workers=0)
    assert summary.out == str(tmp_path / "hidden.jpeg")
    [image] = (tmp_path / "set/images").iterdir()
    assert (tmp_path / "hidden.jpeg").read_bytes() == image.read_bytes() != photo.read_bytes()


def test_a_piped_photo_is_the_same_as_the_file(photo: Path, tmp_path: Path) -> None:
    named, given = tmp_path / "named.jpg", tmp_path / "given.jpg"
    datakit.anonymize(photo, named)
    command = [sys.executable, "-m", "datakit", "anonymize", "-", "-o", str(given), "-q"]
    subprocess.run(command, input=photo.read_bytes(), check=True)
    assert given.read_bytes() == named.read_bytes()


def test_a_matte_of_one_pair(pair: Path, tmp_path: Path) -> None:
    datakit.matte(pair, tmp_path / "alpha.png", workers=0)
    alpha = cv2.imread(str(tmp_path / "alpha.png"), cv2.IMREAD_UNCHANGED)
    assert alpha.shape == (60, 80)
    assert alpha[30, 40] == 255


def test_an_existing_file_stays_unless_it_is_to_be_replaced(pair: Path, tmp_path: Path) -> None:
    out = tmp_path / "alpha.png"
    out.write_bytes(b"mine")
    with pytest.raises(InputError, match="exists already"):
        datakit.matte(pair, out, workers=0)
    assert out.read_bytes() == b"mine"
    datakit.matte(pair, out, workers=0, overwrite=True)
    assert out.read_bytes().startswith(b"\x89PNG")


def test_another_kind_of_picture_is_refused_by_its_name(pair: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a name with \.png"):
        datakit.matte(pair, tmp_path / "alpha.jpg", workers=0)
    assert not (tmp_path / "alpha.jpg").exists()


def test_many_photos_are_no_single_picture(pair: Path, tmp_path: Path) -> None:
    for folder in ("images", "masks"):
        (pair / folder / "b.png").write_bytes((pair / folder / "a.png").read_bytes())
    with pytest.raises(InputError, match="expected one photo for one picture, found 2"):
        datakit.matte(pair, tmp_path / "alpha.png", workers=0)


def test_options_of_a_dataset_are_refused(pair: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder as DST"):
        datakit.matte(pair, tmp_path / "alpha.png", resume=True)


def test_what_fails_is_said_and_nothing_is_written(pair: Path, tmp_path: Path) -> None:
    (pair / "images/a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(InputError, match=r"nothing was written: .*a\.png"):
        datakit.matte(pair, tmp_path / "alpha.png", workers=0)
    assert not (tmp_path / "alpha.png").exists()


def test_a_face_that_is_not_found_waits_for_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gray = cv2.imencode(".png", np.full((64, 64, 3), 128, np.uint8))[1].tobytes()
    piped(monkeypatch, gray)
    with pytest.raises(InputError, match="waits for a person"):
        datakit.anonymize("-", tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize(
    ("data", "words"), [(b"", "found nothing"), (b"hello", "expected an image")]
)
def test_what_is_piped_must_be_a_photo(
    data: bytes, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    piped(monkeypatch, data)
    with pytest.raises(InputError, match=words):
        datakit.stats("-")


def test_a_terminal_is_no_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standard_input.sys, "stdin", SimpleNamespace(isatty=lambda: True))
    with pytest.raises(InputError, match="found a terminal"):
        datakit.stats("-")


def test_standard_input_is_for_this_process_alone(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    piped(monkeypatch, photo.read_bytes())
    with pytest.raises(InputError, match="one process only"):
        datakit.anonymize("-", tmp_path / "out.jpg", engine="ray")
