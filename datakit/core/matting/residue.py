"""Separate a matte's soft edge from compression residue on both sides of it."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

Alpha = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

# 1 .. 9 and 246 .. 254 of 255 are what JPEG makes of 0 and 255.
CLEAR_BELOW: Final = 9.5 / 255
OPAQUE_ABOVE: Final = 245.5 / 255


def clean_residue(alpha: Alpha) -> Alpha:
    """Make opaque or clear whatever is fractional and belongs to no edge.

    An edge is a region of alpha up to 245/255 that holds background (up to 9/255), and its
    neighbours. All other fractional pixels are residue: they become 1, or 0 below 10/255.

    Parameters
    ----------
    alpha : (H, W) float32 in [0, 1]
        The whole matte: a window may not show the background that an edge belongs to.

    Returns
    -------
    (H, W) float32
        A copy.

    Examples
    --------
    >>> row = np.float32([[0, 2, 128, 250, 255, 250, 255, 200, 255]]) / 255
    >>> np.rint(clean_residue(row) * 255).astype(int).tolist()
    [[0, 2, 128, 250, 255, 255, 255, 255, 255]]
    """
    cleaned = alpha.copy()
    low = alpha < OPAQUE_ABOVE
    edge = low & _regions_that_meet(low, alpha < CLEAR_BELOW)
    soft = edge & (alpha >= CLEAR_BELOW)
    beside = cv2.dilate(soft.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    cleaned[~edge & ~(beside & ~low)] = 1
    cleaned[edge & ~soft & ~beside] = 0
    return cleaned


def close_islands(alpha: Alpha, face: Mask) -> Alpha:
    """Make opaque each region of alpha below 1 that lies wholly in a face.

    No background shows through a face: such a region is an error of the matte.

    Parameters
    ----------
    alpha : (H, W) float32 in [0, 1]
        As of `clean_residue`; a window around the face will do.
    face : (H, W) bool

    Returns
    -------
    (H, W) float32
        A copy.

    Raises
    ------
    InputError
        If the shapes differ.
    """
    if face.shape != alpha.shape:
        raise InputError(f"face: expected the shape of alpha {alpha.shape}, found {face.shape}")
    low = alpha < 1
    closed = alpha.copy()
    closed[low & ~_regions_that_meet(low, ~face)] = 1
    return closed


def enclosed(mask: Mask, hidden: Mask) -> Mask:
    """Return the pixels of a mask that are not hidden and that hidden ones close in.

    Parameters
    ----------
    mask, hidden : (H, W) bool
        What lies outside of the arrays is not hidden.

    Returns
    -------
    (H, W) bool
        Pixels that no path of pixels that are not hidden joins to the outside of the mask.

    Examples
    --------
    >>> hidden = np.ones((5, 5), bool); hidden[2, 2] = hidden[0, 1] = False
    >>> np.argwhere(enclosed(np.ones((5, 5), bool), hidden)).tolist()
    [[2, 2]]
    """
    open_px = np.pad(~hidden, 1, constant_values=True)
    joined = open_px & _regions_that_meet(open_px, np.pad(~mask, 1, constant_values=True))
    return np.asarray(mask & ~hidden & ~joined[1:-1, 1:-1], bool)


def _regions_that_meet(area: Mask, where: Mask) -> Mask:
    """Return the 8-connected regions of an area that have a pixel somewhere."""
    count, labels = cv2.connectedComponents(area.astype(np.uint8), connectivity=8)
    met = np.bincount(labels[where], minlength=count) > 0
    met[0] = False
    return np.asarray(met[labels], bool)
