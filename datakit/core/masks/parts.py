"""Connected parts of a mask: those that hold given pixels, and those that are large."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]


def parts_at(mask: Bools, seeds: Bools, neighbours: Literal[4, 8]) -> Bools:
    """Return the connected parts of a mask that hold a seed.

    Parameters
    ----------
    mask, seeds : (H, W) bool
        Seeds outside the mask have no part.
    neighbours : {4, 8}
        How many neighbours a pixel is connected with.

    Examples
    --------
    >>> mask = np.array([[True, True, False, True]])
    >>> parts_at(mask, np.array([[True, False, True, False]]), 4).tolist()
    [[True, True, False, False]]
    """
    _, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=neighbours)
    wanted = np.zeros(int(parts.max()) + 1, bool)
    wanted[parts[seeds]] = True
    wanted[0] = False
    return np.asarray(wanted[parts])


def large_parts(mask: Bools, share: float, largest: int | None = None) -> tuple[Bools, int]:
    """Return the parts (8 neighbours) of at least a share of the largest one's area.

    Parameters
    ----------
    mask : (H, W) bool
    share : float
    largest : int, optional
        The area in pixels to compare with; None: that of the mask's largest part.

    Returns
    -------
    (H, W) bool, int
        The parts, and the area that they were compared with.

    Examples
    --------
    >>> large_parts(np.array([[True, True, True, False, True]]), 0.5)[0].tolist()
    [[True, True, True, False, False]]
    """
    _, parts, facts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    areas = facts[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    most = int(areas.max()) if largest is None else largest
    return np.asarray((areas >= max(1, share * most))[parts]), most
