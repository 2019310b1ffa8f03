"""Safe repairs of a matte: nothing here guesses what the subject is."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from datakit.core.quality.jpeg_traces import residue
from datakit.core.quality.matte_edges import require_alpha

SPECK_SHARE = 1e-5


class Repaired(NamedTuple):
    """A repaired alpha (H, W) float32 and how many pixels each repair changed."""

    alpha: NDArray[np.float32]
    residue_px: int
    speck_px: int


def repair(alpha: NDArray[np.float32], *, speck_share: float = SPECK_SHARE) -> Repaired:
    """Snap residue to 0 and 1 and remove specks; the result repairs to itself.

    Residue (levels 1..9 and 246..254 of 255) is snapped only where no middle tone is within 4
    pixels: the faint end of a hair is no residue. A speck is a part with less than
    ``speck_share`` of the image's area that is cut off from everything above 0, and holes likewise
    from everything below 1.

    Raises
    ------
    InputError
        If alpha is not (H, W) float32, or not finite.

    Examples
    --------
    >>> alpha = np.zeros((400, 400), np.float32)
    >>> alpha[100:300, 100:300] = 1
    >>> alpha[5, 5], alpha[20:30, 20:30] = 1, 3 / 255
    >>> repair(alpha)[1:]
    (100, 1)
    """
    require_alpha(alpha)
    limit_px = speck_share * alpha.size
    residue_px = speck_px = 0
    while True:
        snap = _residue_away_from_edges(alpha)
        alpha = np.where(snap, np.rint(alpha), alpha).astype(np.float32)
        specks, pits = _specks(alpha > 0, limit_px), _specks(alpha < 1, limit_px)
        alpha[specks] = 0
        alpha[pits & ~specks] = 1
        residue_px += int(np.count_nonzero(snap))
        speck_px += int(np.count_nonzero(specks | pits))
        # Without a speck's middle tones, residue around it can be distinguished from its edge.
        if not (specks.any() or pits.any()):
            return Repaired(alpha, residue_px, speck_px)


def _residue_away_from_edges(alpha: NDArray[np.float32]) -> NDArray[np.bool_]:
    levels = np.rint(alpha * 255).astype(np.uint8)
    near = cv2.dilate(cv2.inRange(levels, 10, 245), np.ones((9, 9), np.uint8)) > 0
    # 16-bit and float mattes have values that round to 0 or 255 without being it.
    almost = ((levels == 0) | (levels == 255)) & (alpha > 0) & (alpha < 1)
    found: NDArray[np.bool_] = (residue(levels) | almost) & ~near
    return found


def _specks(inside: NDArray[np.bool_], limit_px: float) -> NDArray[np.bool_]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8))
    small = stats[:, cv2.CC_STAT_AREA] < limit_px
    small[0] = False
    if count < 2 or not small.any():
        return np.zeros(inside.shape, bool)
    found: NDArray[np.bool_] = small[labels]
    return found
