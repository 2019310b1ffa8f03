"""What ``--transparency`` does with cut-outs, through the verbs that read them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

import datakit
from datakit.io.pixels import decoders

HIDDEN = (30, 240, 10)


@pytest.fixture
def cutouts(tmp_path: Path) -> Path:
    """Two photos whose opacity is a disc; the clear part still has a colour."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        pixels = np.full((40, 60, 4), (*HIDDEN, 0), np.uint8)
        cv2.circle(pixels, (30, 20), 12, (90, 60, 200, 255), -1, cv2.LINE_AA)
        cv2.imwrite(str(folder / name), pixels)
    return folder


def test_opacity_becomes_the_alpha(cutouts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = datakit.export(cutouts, out, format="modnet", transparency="alpha", workers=0)
    assert done.exit_code == 0
    [matte] = sorted(out.glob("**/matte/a.*"))
    [photo] = sorted(out.glob("**/image/a.*"))
    wanted = decoders.decode_alpha((cutouts / "a.png").read_bytes())
    found = decoders.decode_alpha(matte.read_bytes())
    assert np.abs(found - wanted).max() <= 1 / 255
    shown = decoders.decode_photo(photo.read_bytes())
    assert np.abs(shown[wanted == 0].astype(int) - 255).mean() < 8


def test_copies_of_cutouts_have_an_alpha_of_their_own(cutouts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = datakit.augment(
        cutouts, out, preset="light", include_originals=True, transparency="alpha", workers=0
    )
    assert done.exit_code == 0
    for path in sorted(out.glob("**/alphas/*.png")):
        assert decoders.decode_stored(path.read_bytes()).ndim == 2


def test_transparent_photos_can_be_refused(cutouts: Path) -> None:
    found = datakit.validate(cutouts, transparency="refuse", workers=0)
    assert len(found.problems) == 2
    assert "a.png: expected an opaque photo" in found.problems[0].error
    assert datakit.validate(cutouts, workers=0).problems == ()
