"""Draws the first picture of the README: a real photo, its drafted matte, and the cut-out.

    python docs/pictures/make_lead.py

The photo is the U.S. Navy's portrait of Grace Hopper (1984, public domain), as shipped by
matplotlib; it is drafted and refined by ``datakit prelabel``, nothing is drawn by hand.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from matplotlib import cbook
from PIL import Image

import datakit

HERE = Path(__file__).resolve().parent
HEIGHT_PX = 300
GAP_PX = 8
BACKDROP = np.array([0, 150, 110], np.float32)


def main() -> None:
    """Write ``lead.jpg``."""
    with tempfile.TemporaryDirectory() as folder:
        photos = Path(folder, "photos")
        photos.mkdir()
        with cbook.get_sample_data("grace_hopper.jpg") as photo:
            Path(photos, "grace_hopper.jpg").write_bytes(photo.read())
        datakit.prelabel(photos, Path(folder, "drafts"), refine=True, largest=1, workers=0)
        [sample] = datakit.open(Path(folder, "drafts"))
        image, alpha = sample.image, sample.alpha
    assert alpha is not None
    matte = np.repeat((alpha * 255).astype(np.uint8)[..., None], 3, axis=2)
    share = alpha[..., None]
    cut = (share * image + (1 - share) * BACKDROP).astype(np.uint8)
    tiles = [_scaled(tile) for tile in (image, matte, cut)]
    width = sum(tile.width for tile in tiles) + GAP_PX * (len(tiles) - 1)
    strip = Image.new("RGB", (width, HEIGHT_PX), "white")
    left = 0
    for tile in tiles:
        strip.paste(tile, (left, 0))
        left += tile.width + GAP_PX
    strip.save(HERE / "lead.jpg", quality=90)


def _scaled(pixels: np.ndarray) -> Image.Image:
    picture = Image.fromarray(pixels)
    return picture.resize((round(picture.width * HEIGHT_PX / picture.height), HEIGHT_PX))


if __name__ == "__main__":
    main()
