"""Regenerate everything in this folder except PROVENANCE.md and the programs themselves.

    python sample_data/generate.py [DESTINATION]

The same bytes every time with the same library versions. Needs numpy, opencv-python, pillow,
pycocotools and scikit-image (for its three photographs). `tests/test_sample_data.py` compares.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import astronaut
import cv2
import numpy as np
import skimage.data
from coco import save
from exports import broken_export, roboflow_export
from figures import Portrait, draw
from looks import LOOKS, OTHER_LOOKS
from numpy.typing import NDArray

FOLDERS = ("roboflow_export", "broken_export", "portraits", "photos", "backgrounds")
EXACT = ("dark_long_hair", "red_wind_blown")


def portraits(root: Path, drawn: list[Portrait]) -> None:
    """Write images/ and alphas/ of equal stems; the `EXACT` two also as foreground and background.

    For these two image = alpha * foreground + (1 - alpha) * background holds to the last bit,
    so they are PNG; the others are JPEG, as photos are.
    """
    for portrait in drawn:
        suffix = ".png" if portrait.name in EXACT else ".jpg"
        put(root / "portraits/images" / (portrait.name + suffix), portrait.image)
        put(root / "portraits/alphas" / (portrait.name + ".png"), portrait.alpha)
        if portrait.name in EXACT:
            put(root / "portraits/foregrounds" / (portrait.name + ".png"), portrait.foreground)
            put(root / "backgrounds" / (portrait.name + ".png"), portrait.background)
    put(root / "portraits/images/astronaut.jpg", astronaut.image())
    put(root / "portraits/alphas/astronaut.png", astronaut.alpha())


def photos(root: Path) -> None:
    """Write two photographs without a person."""
    for name, full in (("coffee", skimage.data.coffee()), ("chelsea", skimage.data.chelsea())):
        height = round(full.shape[0] * 360 / full.shape[1])
        put(
            root / f"photos/{name}.jpg",
            cv2.resize(full, (360, height), interpolation=cv2.INTER_AREA),
        )


def put(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write one picture, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, pixels)


def generate(root: Path) -> None:
    """Write every generated folder below root, replacing what is there."""
    for folder in FOLDERS:
        if (root / folder).exists():
            shutil.rmtree(root / folder)
    drawn = [draw(look) for look in LOOKS]
    named = {p.name: p for p in (*drawn, *map(draw, OTHER_LOOKS))}
    portraits(root, drawn)
    photos(root)
    roboflow_export(root / "roboflow_export", named)
    broken_export(root / "broken_export")


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
