"""The eight EXIF orientations, applied to arrays and to sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

TURNED = frozenset({5, 6, 7, 8})
"""Orientations that exchange width and height."""


def orient(array: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Turn an array as stored into the array as shown.

    Parameters
    ----------
    array : ndarray of shape (H, W) or (H, W, C)
        Pixels in the order of the file.
    orientation : int
        EXIF tag 274, in 1..8.

    Returns
    -------
    ndarray
        C-contiguous, same dtype; (W, H, …) for the orientations 5 to 8.

    Raises
    ------
    InputError
        If the orientation is not in 1..8.

    References
    ----------
    JEITA CP-3451, Exif 2.3, tag 274.

    Examples
    --------
    >>> orient(np.array([[1, 2]]), 6).tolist()
    [[1], [2]]
    """
    if orientation not in range(1, 9):
        raise InputError(f"EXIF orientation: expected 1..8, found {orientation}")
    if orientation in TURNED:
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)


def oriented_wh(size_wh: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Return the (width, height) as shown of a picture stored with ``size_wh``.

    Examples
    --------
    >>> oriented_wh((640, 480), 6)
    (480, 640)
    """
    return (size_wh[1], size_wh[0]) if orientation in TURNED else size_wh
