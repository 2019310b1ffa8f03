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
    clear |= _followers(~before & ~changed & (alpha > 0), before, clear)
    opaque = changed & after
    opaque |= _followers(before & ~changed & (alpha < top), ~before, opaque)
    edited = alpha.copy()
    edited[clear] = 0
    edited[opaque] = top
    return edited


def _followers(soft: Bools, region: Bools, marked: Bools) -> Bools:
    """Return the soft pixels whose nearest pixel of a region is marked: (H, W) bool."""
    found = np.zeros_like(soft)
    marked = region & marked
    if not (soft.any() and marked.any()):
        return found
    outside = np.where(region, np.uint8(0), np.uint8(1))
    # A follower is no farther from a marked pixel than the farthest soft pixel from the region.
    far = 1 + int(np.ceil(cv2.distanceTransform(outside, cv2.DIST_L2, 5)[soft].max()))
    near, around = _window(marked, far), _window(marked, 2 * far)
    in_reach = np.zeros_like(soft)
    in_reach[near] = soft[near]
    found[around] = in_reach[around] & _nearest(outside[around], marked[around])
    return found


def _window(marked: Bools, margin_px: int) -> tuple[slice, slice]:
    x, y, width, height = cv2.boundingRect(marked.view(np.uint8))
    rows = slice(max(0, y - margin_px), y + height + margin_px)
    return rows, slice(max(0, x - margin_px), x + width + margin_px)


def _nearest(outside: npt.NDArray[np.uint8], marked: Bools) -> Bools:
    """Tell of each pixel whether the nearest pixel that is not outside is marked."""
    _, numbers = cv2.distanceTransformWithLabels(
        outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    numbers_of: npt.NDArray[Any] = numbers
    is_marked = np.zeros(int(numbers_of.max()) + 1, bool)
    is_marked[numbers_of[marked]] = True
    found: Bools = is_marked[numbers_of]
    return found
