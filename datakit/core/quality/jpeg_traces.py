"""Traces that JPEG leaves in an alpha: residue next to 0 and 255, and the 8-pixel block grid."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

LOW, HIGH = 10, 245
GRID_PX = 8


def band(levels: NDArray[np.uint8], *, grow_px: int = 0) -> NDArray[np.bool_]:
    """Return (H, W) bool: levels 10..245, grown by ``grow_px`` in each direction."""
    middle = cv2.inRange(levels, LOW, HIGH)
    if grow_px:
        # A step without middle tones is an edge too.
        inside = (levels > 127).astype(np.uint8)
        edge = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) * 255
        size = 2 * grow_px + 1
        middle = cv2.dilate(middle | edge, np.ones((size, size), np.uint8))
    return np.asarray(middle, dtype=bool)


def residue(levels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return (H, W) bool: levels 1..9 and 246..254, nearly but not quite clear or opaque.

    Examples
    --------
    >>> residue(np.uint8([[0, 3, 128, 250, 255]])).tolist()
    [[False, True, False, True, False]]
    """
    return ((levels > 0) & (levels < LOW)) | ((levels > HIGH) & (levels < 255))


def residue_share(levels: NDArray[np.uint8], *, away_px: int = 4) -> float:
    """Return the share of all pixels that are residue at least ``away_px`` away from the edge."""
    return float((residue(levels) & ~band(levels, grow_px=away_px)).mean())


def block_grid_ratio(levels: NDArray[np.uint8]) -> float:
    """Return how much more often a ripple starts or ends on an 8-px grid than off it.

    JPEG decides block by block between flat (0 or 255) and rippled, so ripples end on the grid.
    The geometric mean over rows and columns; 1 without a grid, NaN when fewer than 500 ripples
    end in a direction. The grid's phase is searched, so that a cropped JPEG is seen too. After
    Fan and de Queiroz, Identification of Bitmap Compression History, TIP 2003, with ripple ends
    in place of step sizes: a matte has flat areas that photos do not have.

    Examples
    --------
    >>> blocks = np.kron([[0, 3], [3, 0]], np.ones((8, 8))).astype(np.uint8)
    >>> round(block_grid_ratio(np.tile(blocks, (8, 8)))), block_grid_ratio(blocks)
    (1000, nan)
    """
    if min(levels.shape) < 2 * GRID_PX:
        return float("nan")
    ratios = [_ripple_end_ratio(levels), _ripple_end_ratio(levels.T)]
    return float(np.sqrt(ratios[0] * ratios[1]))


def _ripple_end_ratio(levels: NDArray[np.uint8]) -> float:
    flat = (levels == 0) | (levels == 255)
    small = cv2.absdiff(np.ascontiguousarray(levels[:, 1:]), np.ascontiguousarray(levels[:, :-1]))
    ends = (flat[:, 1:] != flat[:, :-1]) & (small < LOW)
    if np.count_nonzero(ends) < 500:
        return float("nan")
    by_column = ends.sum(axis=0, dtype=np.float64)
    phases = np.array([by_column[phase::GRID_PX].mean() for phase in range(GRID_PX)])
    peak = int(phases.argmax())
    off_grid = np.delete(phases, peak).mean()
    return float(min(phases[peak] / max(off_grid, 1e-3 * phases[peak]), 1000.0))
