"""Sources for `limits.py`: each made once, at the three sizes that a row needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from synthetic import make_export

PORTRAITS = Path(__file__).parent.parent / "sample_data" / "portraits"
PIPELINE = """\
steps:
  - verb: coco2mask
    src: {source}
  - verb: trimap
"""


class Sources:
    """Makes sources below a folder, and remembers them.

    Parameters
    ----------
    folder : Path
        Where they go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._makers: dict[str, Callable[[Path, int], None]] = {
            "export": make_export,
            "masks": self._masks,
            "again": self._again,
            "portraits": partial(make_portraits, blur_px=0.0),
            "predictions": partial(make_portraits, blur_px=1.5),
            "photos": self._photos,
            "pipeline": self._pipeline,
        }

    def path(self, kind: str, count: int) -> Path:
        """Return a source of so many samples, made now if it is not there."""
        path = self._folder / f"{kind}-{count}"
        if not path.exists():
            print(f"making {path.name}", file=sys.stderr)
            self._makers[kind](path, count)
        return path

    def _masks(self, path: Path, count: int) -> None:
        """Masks of the export's polygons, as a dataset of datakit's."""
        command = [sys.executable, "-m", "datakit", "coco2mask", str(self.path("export", count))]
        subprocess.run([*command, "-o", str(path), "-q"], check=True)

    def _again(self, path: Path, count: int) -> None:
        """Copy the dataset of masks, every tenth mask one pixel smaller."""
        shutil.copytree(self.path("masks", count), path, copy_function=os.link)
        for mask in sorted((path / "train/masks").iterdir())[::10]:
            pixels = cv2.erode(cv2.imread(str(mask), cv2.IMREAD_UNCHANGED), np.ones((3, 3)))
            mask.unlink()
            cv2.imwrite(str(mask), pixels)

    def _photos(self, path: Path, count: int) -> None:
        shutil.copytree(self.path("portraits", count) / "train/images", path, copy_function=os.link)

    def _pipeline(self, path: Path, count: int) -> None:
        text = PIPELINE.format(source=self.path("export", count).resolve())
        path.mkdir()
        (path / "pipeline.yaml").write_text(text, encoding="utf-8")


def make_portraits(path: Path, count: int, *, blur_px: float) -> None:
    """Write ``train/images`` and ``train/alphas``: sample portraits of 512x512, each with a grain.

    With ``blur_px`` the alphas are those of a prediction: blurred by that sigma.
    """
    rng = np.random.default_rng(0)
    photos = sorted((PORTRAITS / "images").iterdir())
    for kind in ("images", "alphas"):
        (path / "train" / kind).mkdir(parents=True)
    for number in range(count):
        photo = photos[number % len(photos)]
        image = cv2.resize(cv2.imread(str(photo)), (512, 512), interpolation=cv2.INTER_CUBIC)
        image = np.clip(image + rng.normal(0, 5, image.shape), 0, 255).astype(np.uint8)
        alpha = cv2.imread(str(PORTRAITS / "alphas" / f"{photo.stem}.png"), cv2.IMREAD_GRAYSCALE)
        alpha = cv2.resize(alpha, (512, 512), interpolation=cv2.INTER_LINEAR)
        if blur_px:
            alpha = cv2.GaussianBlur(alpha, (0, 0), blur_px)
        cv2.imwrite(str(path / f"train/images/{number:04d}.jpg"), image)
        cv2.imwrite(str(path / f"train/alphas/{number:04d}.png"), alpha)
