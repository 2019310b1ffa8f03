"""A soft alpha after its mask was edited: hard where people drew, unchanged elsewhere."""

from __future__ import annotations

from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

Alpha = TypeVar("Alpha", np.uint8, np.uint16)
Bools = npt.NDArray[np.bool_]


def edit_alpha(
    alpha: npt.NDArray[Alpha], before: Bools, after: Bools, changed: Bools
) -> npt.NDArray[Alpha]:
    """Return the alpha that fits the edited mask.

    Parameters
    ----------
    alpha : (H, W) uint8 or uint16
        As stored; the largest value is opaque.
    before, after : (H, W) bool
        The mask that the alpha was made with, and the edited one.
    changed : (H, W) bool
        Where people changed something.

    Returns
    -------
    (H, W) array of the same type
        Changed pixels are opaque or clear. A soft pixel outside the mask follows the pixel inside
        that was nearest to it: it becomes clear when that one was erased, so that no halo stays. A
        soft pixel inside follows the nearest one outside: it becomes opaque when that was filled.
        All others stay as they were.

    Raises
    ------
    InputError
        If the shapes differ.

    Examples
    --------
    >>> alpha = np.array([[0, 90, 255, 255, 90, 0]], np.uint8)
    >>> before = alpha > 127
    >>> edit_alpha(alpha, before, before & False, before).tolist()
    [[0, 0, 0, 0, 0, 0]]
    """
    if not alpha.shape == before.shape == after.shape == changed.shape:
        shapes = [array.shape for array in (alpha, before, after, changed)]
        raise InputError(f"alpha and masks: expected one shape, found {shapes}")
    if not changed.any():
        return alpha
    top = np.iinfo(alpha.dtype).max
    clear = changed & ~after
    clear |= ~before & ~changed & (alpha > 0) & _nearest(before, clear)
    opaque = changed & after
    opaque |= before & ~changed & (alpha < top) & _nearest(~before, opaque)
    edited = alpha.copy()
    edited[clear] = 0
    edited[opaque] = top
    return edited


def _nearest(region: Bools, marked: Bools) -> Bools:
    """Tell of each pixel whether the pixel of a region nearest to it is marked."""
    if not (region & marked).any():
        return np.zeros_like(region)
    outside = np.where(region, np.uint8(0), np.uint8(1))
    _, numbers = cv2.distanceTransformWithLabels(
        outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    numbers_of: npt.NDArray[Any] = numbers
    is_marked = np.zeros(int(numbers_of.max()) + 1, bool)
    is_marked[numbers_of[region & marked]] = True
    found: Bools = is_marked[numbers_of]
    return found
