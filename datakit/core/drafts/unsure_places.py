"""Where a drafted alpha is unsure: places that a person should look at, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.drafts.uncertainty import WORDS

Box = tuple[int, int, int, int]

MOST_PLACES = 3
_UNSURE = (26, 229)
"""Between a tenth and nine tenths of 255."""
_EDGE_SHARE = 0.006
"""An ordinary soft edge is thinner than this share of the longer side."""
_PART_SHARE = 0.01
_THIRD = 1 / 3


@dataclass(frozen=True)
class UnsurePlace:
    """One place of a draft.

    Attributes
    ----------
    box : tuple of int
        x1, y1, x2, y2 in pixels, the last ones behind the place.
    words : str
    """

    box: Box
    words: str


def unsure_places(
    alpha: npt.NDArray[np.uint8], missing_hand: Box | None = None
) -> list[UnsurePlace]:
    """Return the largest places of a draft that are neither subject nor background, or apart.

    Parameters
    ----------
    alpha : (H, W) uint8
        The draft, 255 where the subject covers all.
    missing_hand : box, optional
        Of a hand that was seen on the photo, and that the draft lacks.

    Returns
    -------
    list of UnsurePlace
        At most `MOST_PLACES`: the hand, then the largest first.

    Examples
    --------
    >>> alpha = np.zeros((100, 100), np.uint8)
    >>> alpha[20:, 30:70] = 255
    >>> unsure_places(alpha)
    []
    >>> alpha[50:70, 55:85] = 120
    >>> unsure_places(alpha)
    [UnsurePlace(box=(55, 50, 85, 70), words='the right side is unsure')]
    """
    radius = max(2, round(_EDGE_SHARE * max(alpha.shape)))
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * radius + 1, 2 * radius + 1))
    soft = cv2.inRange(alpha, *map(float, _UNSURE))
    thick = cv2.morphologyEx(soft, cv2.MORPH_OPEN, kernel)
    subject = (alpha > _UNSURE[0]).astype(np.uint8)
    bounds = cv2.boundingRect(subject)
    found = [
        (area, UnsurePlace(box, f"{_side(box, bounds)} is unsure")) for area, box in _parts(thick)
    ]
    sure = (alpha >= 128).astype(np.uint8)
    parts = sorted(_parts(sure), reverse=True)
    least = _PART_SHARE * cv2.countNonZero(sure)
    found += [
        (area, UnsurePlace(box, f"a part of its own at {_side(box, bounds)}"))
        for area, box in parts[1:]
        if area >= least
    ]
    found.sort(key=lambda one: (-one[0], one[1].box))
    places = [place for _, place in found]
    if missing_hand is not None:
        places.insert(0, UnsurePlace(missing_hand, WORDS["hand"]))
    return places[:MOST_PLACES]


def _parts(mask: npt.NDArray[np.uint8]) -> list[tuple[int, Box]]:
    """Return area and box of each connected part of a mask."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    return [
        (int(area), (int(x), int(y), int(x + width), int(y + height)))
        for x, y, width, height, area in stats[1:]
    ]


def _side(box: Box, bounds: Sequence[int]) -> str:
    """Name where in the subject's bounds (x, y, width, height) a box lies."""
    left, top, width, height = bounds
    across = ((box[0] + box[2]) / 2 - left) / max(width, 1)
    down = ((box[1] + box[3]) / 2 - top) / max(height, 1)
    if across < _THIRD:
        return "the left side"
    if across > 1 - _THIRD:
        return "the right side"
    if down < _THIRD:
        return "the top"
    return "the bottom" if down > 1 - _THIRD else "the middle"
