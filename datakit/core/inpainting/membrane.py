"""Membrane interpolation: the smoothest surface over a hole, also used to close seams."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float32]

RING_PX = 2
"""Width of the ring around a hole in which a fill is compared with what is there."""

_SMALLEST_PX = 8
_SWEEPS = 16
_NEIGHBOURS = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4


def membrane(values: Float, hole: Bool) -> Float:
    """Continue known values over a hole so that each is the mean of its four neighbours.

    Laplace's equation with the known pixels as its border and nothing flowing over the edge of the
    picture, solved coarse to fine with a few Jacobi sweeps on each level.

    Parameters
    ----------
    values : (H, W, 3) float32
    hole : (H, W) bool
        Not all of the picture.

    Returns
    -------
    (H, W, 3) float32
        The known values as they are.

    Examples
    --------
    >>> ramp = np.linspace(0, 70, 8, dtype=np.float32)[None, :, None].repeat(8, 0).repeat(3, 2)
    >>> hole = np.zeros((8, 8), bool); hole[2:6, 2:6] = True
    >>> bool(np.abs(membrane(np.where(hole[..., None], 0, ramp), hole) - ramp).max() < 1)
    True
    """
    height, width = hole.shape
    if min(height, width) <= _SMALLEST_PX:
        start = values[~hole].mean(axis=0)
    else:
        small, small_hole = halved(values, hole)
        coarse = membrane(small, small_hole)
        start = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)[hole]
    found = values.copy()
    found[hole] = start
    for _ in range(_SWEEPS):
        relaxed = cv2.filter2D(found, -1, _NEIGHBOURS, borderType=cv2.BORDER_REFLECT)
        found[hole] = relaxed[hole]
    return found


def halved(values: Float, hole: Bool) -> tuple[Float, Bool]:
    """Return a picture and its hole at half the size; a pixel is the mean of what is known of it.

    Parameters
    ----------
    values : (H, W, 3) float32
    hole : (H, W) bool

    Returns
    -------
    (ceil(H / 2), ceil(W / 2), 3) float32, and bool
        A pixel is in the hole when less than half of it is known, unless that leaves nothing.
    """
    height, width = hole.shape
    size_wh = ((width + 1) // 2, (height + 1) // 2)
    weight = (~hole).astype(np.float32)
    known = cv2.resize(weight, size_wh, interpolation=cv2.INTER_AREA)
    total = cv2.resize(values * weight[..., None], size_wh, interpolation=cv2.INTER_AREA)
    small_hole = known < 0.5
    if small_hole.all():
        small_hole = known <= 0
    return total / np.maximum(known, 1e-6)[..., None], small_hole


def close_seam(fill: Float, photo: Float, hole: Bool) -> Float:
    """Put a fill into a photo so that no edge shows where they meet.

    The differences between fill and photo in a ring around the hole are continued over the hole as
    a membrane and added: the fill keeps its gradients and takes the photo's values at the border
    (Perez et al. 2003, Farbman et al. 2009).

    Parameters
    ----------
    fill : (H, W, 3) float32
        What was found for the hole, and for the `RING_PX` around it.
    photo : (H, W, 3) float32
    hole : (H, W) bool

    Returns
    -------
    (H, W, 3) float32 in [0, 255]
    """
    ring = around(hole)
    difference = np.where(ring[..., None], photo - fill, np.float32(0))
    # One pixel of a texture says little of the seam; the ring's own mean around it does.
    weight = cv2.GaussianBlur(ring.astype(np.float32), (0, 0), RING_PX)
    smooth = cv2.GaussianBlur(difference, (0, 0), RING_PX) / np.maximum(weight, 1e-6)[..., None]
    correction = membrane(np.where(ring[..., None], smooth, 0).astype(np.float32), ~ring)
    closed = photo.copy()
    closed[hole] = np.clip(fill[hole] + correction[hole], 0, 255)
    return closed


def around(hole: Bool) -> Bool:
    """Return the pixels within `RING_PX` of a hole that are not in it."""
    side = 2 * RING_PX + 1
    grown = cv2.dilate(hole.astype(np.uint8), np.ones((side, side), np.uint8))
    return np.asarray(grown.astype(bool) & ~hole)
