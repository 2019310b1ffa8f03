"""Decoding a stored trimap: background 0, unknown 128, foreground 255."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from datakit.core.matting.alpha_coding import require_one_picture, take_plane
from datakit.errors import InputError

_UNKNOWN: Final = (127, 128, 129)
"""Half of 255 by three ways of rounding."""

_NEAR: Final = 24
_NEAREST: Final = np.select(
    [np.arange(256) < 64, np.arange(256) > 191], [np.uint8(0), np.uint8(255)], np.uint8(128)
).astype(np.uint8)
_LOSSY_SHARE: Final = 0.1
"""Of a trimap that went through JPEG at most this share may lie between the three levels."""


def trimap_of(stored: npt.NDArray[Any], name: str, *, lossy: bool = False) -> npt.NDArray[np.uint8]:
    """Turn stored pixels into a trimap: (H, W) uint8 in {0, 128, 255}.

    Parameters
    ----------
    stored : (H, W) or (H, W, C) uint8, uint16 or float
        Of a palette picture the colours. A float's 1 is foreground.
    name : str
        Subject of the error messages.
    lossy : bool
        The file went through JPEG: each pixel is taken to the nearest of the three levels.

    Raises
    ------
    InputError
        If the channels hold different pictures, or there are other levels than the three.

    Examples
    --------
    >>> trimap_of(np.uint8([[0, 127, 255]]), "t.png").tolist()
    [[0, 128, 255]]
    """
    plane, channel = take_plane(stored)
    require_one_picture(stored, channel, name)
    levels = _eight_bits(plane)
    if lossy:
        nearest = _NEAREST[levels]
        distance = np.abs(levels.astype(np.int16) - nearest)
        if (distance > _NEAR).mean() <= _LOSSY_SHARE:
            return nearest
    known = np.isin(levels, (0, *_UNKNOWN, 255))
    if not known.all():
        raise InputError(
            f"{name}: expected only 0, 128 and 255 (a trimap), found {np.count_nonzero(~known)} "
            "other pixels; is this an alpha? `datakit trimap` makes trimaps"
        )
    return np.where(np.isin(levels, _UNKNOWN), np.uint8(128), levels)


def _eight_bits(plane: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    if plane.dtype == np.uint8:
        return plane
    if plane.dtype == np.uint16 and plane.max(initial=0) > 255:
        return (plane >> 8).astype(np.uint8)
    if plane.dtype.kind == "f":
        finite = np.nan_to_num(plane, nan=0.25, posinf=0.25, neginf=0.25)
        scale = 255 if finite.max(initial=0) <= 1 else 1
        levels: npt.NDArray[Any] = np.rint(np.clip(finite, 0, 255) * scale)
        return np.clip(levels, 0, 255).astype(np.uint8)
    return np.clip(plane, 0, 255).astype(np.uint8)
