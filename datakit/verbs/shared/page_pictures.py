"""Tiles as pictures of a page."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from datakit.io.pixels import images
from datakit.pages.report import Picture

JPEG_QUALITY = 82


def picture(
    tile: npt.NDArray[np.uint8], caption: str, note: str = "", tone: str = "", *, alt: str
) -> Picture:
    """Return a tile, (H, W, 3) uint8 RGB, as a picture; the rest as `Picture` has it."""
    jpeg = images.encode_jpeg(tile, JPEG_QUALITY)
    return Picture(jpeg, tile.shape[1], tile.shape[0], alt, caption, note, tone)
