"""One-key repairs of a mask: each returns a whole new mask."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.masks.parts import large_parts

Bools = npt.NDArray[np.bool_]

SPECK_SHARE = 0.005
"""Parts and holes smaller than this share of the largest part are specks."""

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def fill_holes(mask: Bools) -> Bools:
    """Return a mask without holes: background that does not reach the picture's border is filled.

    Examples
    --------
    >>> ring = np.ones((3, 3), bool)
    >>> ring[1, 1] = False
    >>> bool(fill_holes(ring).all())
    True
    """
    outside = np.pad(~mask, 1, constant_values=True).astype(np.uint8)
    cv2.floodFill(outside, None, (0, 0), 2)
    return np.asarray(outside[1:-1, 1:-1] != 2)


def keep_largest(mask: Bools) -> Bools:
    """Return the mask's largest connected part (8 neighbours) alone."""
    count, parts, facts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count < 2:
        return mask.copy()
    return np.asarray(parts == 1 + int(facts[1:, cv2.CC_STAT_AREA].argmax()))


def grow(mask: Bools) -> Bools:
    """Return the mask with one pixel more along its outline (4 neighbours)."""
    return np.asarray(cv2.dilate(mask.astype(np.uint8), _CROSS) > 0)


def shrink(mask: Bools) -> Bools:
    """Return the mask with one pixel less along its outline; the picture's border is no outline."""
    return np.asarray(cv2.erode(mask.astype(np.uint8), _CROSS) > 0)


def smooth(mask: Bools) -> Bools:
    """Return the mask with its outline smoothed: each pixel becomes what most around it are.

    Examples
    --------
    >>> lone = np.zeros((5, 5), bool)
    >>> lone[2, 2] = True
    >>> bool(smooth(lone).any())
    False
    """
    return np.asarray(cv2.medianBlur(mask.astype(np.uint8), 5) > 0)


def remove_specks(mask: Bools) -> Bools:
    """Return the mask without parts and holes below `SPECK_SHARE` of the largest part."""
    kept, largest = large_parts(mask, SPECK_SHARE)
    background, _ = large_parts(~kept, SPECK_SHARE, largest)
    return ~background


TOOLS: Mapping[str, Callable[[Bools], Bools]] = {
    "fill holes": fill_holes,
    "keep largest": keep_largest,
    "grow": grow,
    "shrink": shrink,
    "smooth": smooth,
    "remove specks": remove_specks,
}
"""Name -> repair, as the review's page offers them."""
