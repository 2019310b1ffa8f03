"""Decoding a stored mask: which channel, which integer values."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from datakit.core.matting.alpha_coding import require_one_picture, take_plane
from datakit.errors import InputError

Mask = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

_MIDDLE: Final = 128


def mask_of(stored: npt.NDArray[Any], name: str, *, lossy: bool = False) -> Mask:
    """Turn stored pixels into a mask: classes, object ids, or 0 and 255.

    Parameters
    ----------
    stored : (H, W) or (H, W, C) bool, integers or float
        Of a palette picture the indices.
    name : str
        Subject of the error messages.
    lossy : bool
        The file went through JPEG: what is left around 0 and 255 is snapped to them, as is a
        mask that is the opacity of a cut-out.

    Returns
    -------
    (H, W) uint8 or uint16
        Depth and values as stored, but: bool becomes 0/255, 16 bits of 0/65535 become 0/255, and
        whole numbers in a float or wider type become the smallest integers that hold them.

    Raises
    ------
    InputError
        If the channels hold different pictures, or the values are no classes.

    Examples
    --------
    >>> mask_of(np.array([[0.0, 2.0]]), "m.tif").tolist()
    [[0, 2]]
    >>> mask_of(np.array([[True, False]]), "m.npy").tolist()
    [[255, 0]]
    """
    plane, channel = take_plane(stored)
    require_one_picture(stored, channel, name)
    mask = _as_integers(plane, name)
    if mask.dtype == np.uint16 and np.isin(mask, (0, 65535)).all():
        return (mask >> 8).astype(np.uint8)
    soft = lossy or channel == "alpha"
    if soft and mask.dtype == np.uint8 and mask.max(initial=0) >= _MIDDLE:
        return np.where(mask >= _MIDDLE, np.uint8(255), np.uint8(0))
    return mask


def ignore_of(stored: npt.NDArray[Any], name: str) -> npt.NDArray[np.uint8]:
    """Turn stored pixels into an ignore mask: (H, W) uint8, 255 where the label is unknown, else 0.

    Stored as 0/255, 0/1 or bool.

    Raises
    ------
    InputError
        As `mask_of`.
    """
    mask = mask_of(stored, name)
    least = _MIDDLE if mask.max(initial=0) >= _MIDDLE else 1
    return np.where(mask >= least, np.uint8(255), np.uint8(0))


def _as_integers(plane: npt.NDArray[Any], name: str) -> Mask:
    if plane.dtype == np.bool_:
        return plane.astype(np.uint8) * np.uint8(255)
    if plane.dtype in (np.uint8, np.uint16):
        same: Mask = plane
        return same
    low, high = plane.min(initial=0), plane.max(initial=0)
    whole = plane.dtype.kind in "iu" or bool((plane == np.floor(plane)).all())
    if not (whole and low >= 0 and high <= 65535):
        raise InputError(
            f"{name}: expected whole numbers from 0 to 65535 (classes), found {plane.dtype} from "
            f"{low:g} to {high:g}; a soft label is an alpha"
        )
    return plane.astype(np.uint8) if high <= 255 else plane.astype(np.uint16)
