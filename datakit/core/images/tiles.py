"""Tiles of an image, so that the temporaries of a filter stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


class Window(NamedTuple):
    """A rectangle of pixels, its lower right corner exclusive."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """The window as an array index."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def grown(self, reach_px: int, height: int, width: int) -> Window:
        """Return the window grown to all sides, cut at the image's border."""
        return Window(
            max(0, self.top - reach_px),
            max(0, self.left - reach_px),
            min(height, self.bottom + reach_px),
            min(width, self.right + reach_px),
        )


def tiles(height: int, width: int, rows: int, columns: int) -> Iterator[Window]:
    """Windows of at most rows x columns that cover the image once, in reading order.

    Examples
    --------
    >>> [tuple(tile) for tile in tiles(3, 5, 2, 4)]
    [(0, 0, 2, 4), (0, 4, 2, 5), (2, 0, 3, 4), (2, 4, 3, 5)]
    """
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            yield Window(top, left, min(top + rows, height), min(left + columns, width))


def window_that_differs(
    first: FloatArray, second: FloatArray, tile: Window, reach_px: int
) -> Window | None:
    """Bound the part of a tile that has a differing pixel within reach_px.

    Parameters
    ----------
    first, second : (H, W) float32
        The images compared.
    tile : Window
        The part of them to look for.
    reach_px : int
        How far a filter sees.

    Returns
    -------
    Window or None
        None when nothing within reach of the tile differs.
    """
    height, width = first.shape
    around = tile.grown(reach_px, height, width)
    differs = (first[around.slices] != second[around.slices]).view(np.uint8)
    left, top, columns, rows = cv2.boundingRect(differs)
    if columns == 0:
        return None
    found = Window(
        around.top + top, around.left + left, around.top + top + rows, around.left + left + columns
    ).grown(reach_px, height, width)
    return Window(
        max(found.top, tile.top),
        max(found.left, tile.left),
        min(found.bottom, tile.bottom),
        min(found.right, tile.right),
    )
