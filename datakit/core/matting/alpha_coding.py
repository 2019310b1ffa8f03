"""Decoding a stored alpha: which channel, which scale."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datakit.errors import InputError

_ROUNDING: Final = 8 / 255
_UNSCALED: Final = (1023, 4095)
"""The largest values of 10 and 12 bits."""


class Decoded(NamedTuple):
    """An alpha and how it was stored.

    ``channel`` is "gray", "equal" (colour channels that agree), "alpha" (the opacity beside a
    picture or an even colour) or "red" (channels that differ: the first is taken for lack of a
    better one). ``scale`` is the stored value that means opaque; ``full_scale`` is what the type
    holds (255, 65535 or 1). ``bad_share`` is the share of values that are NaN, infinite or out of
    range; they are clipped, NaN becomes 0. ``channel_spread`` is the mean difference between the
    colour channels, in [0, 1]. ``deep`` says that more than 8 bits were used.
    """

    alpha: NDArray[np.float32]
    channel: str
    scale: float
    full_scale: float
    bad_share: float
    channel_spread: float
    deep: bool = False

    @property
    def levels(self) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """The alpha in 8 bits, or in 16 when it was stored in more than 8."""
        top, dtype = (65535, np.uint16) if self.deep else (255, np.uint8)
        levels: NDArray[Any] = np.rint(self.alpha * np.float32(top)).astype(dtype)
        return levels


def decode_stored(stored: NDArray[Any]) -> Decoded:
    """Turn stored pixels into an alpha, whatever was done to them.

    Parameters
    ----------
    stored : (H, W) or (H, W, C) bool, uint8, uint16 or float
        C is 1 to 4; float means 1 is opaque.

    Raises
    ------
    InputError
        For another shape or type, or no pixels.

    Examples
    --------
    >>> decode_stored(np.array([[0, 1]], np.uint8))[1:4]
    ('gray', 1.0, 255.0)
    >>> decode_stored(np.array([[0, 1]], np.uint8)).alpha.tolist()
    [[0.0, 1.0]]
    """
    if stored.ndim not in (2, 3) or not stored.size or (stored.ndim == 3 and stored.shape[2] > 4):
        raise InputError(f"alpha: expected (H, W) or (H, W, 1..4) pixels, found {stored.shape}")
    plane, channel = take_plane(stored)
    spread = _spread(stored)
    if plane.dtype.kind == "f":
        finite = np.isfinite(plane)
        good = finite & (plane >= 0) & (plane <= 1)
        alpha = np.where(finite, np.clip(plane, 0, 1), 0).astype(np.float32)
        return Decoded(alpha, channel, 1.0, 1.0, 1.0 - float(good.mean()), spread, True)
    if plane.dtype == bool:
        return Decoded(plane.astype(np.float32), channel, 1.0, 1.0, 0.0, spread)
    if plane.dtype not in (np.uint8, np.uint16):
        raise InputError(f"alpha: expected 8 or 16 bits or float, found {plane.dtype}")
    full = float(np.iinfo(plane.dtype).max)
    scale = float(_code_scale(plane) or full)
    # `scale` is what the type holds or the plane's maximum, or nothing is above it: in [0, 1].
    alpha = np.multiply(plane, np.float32(1 / scale), dtype=np.float32)
    return Decoded(alpha, channel, scale, full, 0.0, spread, scale > 255)


def alpha_of(stored: NDArray[Any], name: str) -> Decoded:
    """Turn stored pixels into the alpha that they can only mean.

    Parameters
    ----------
    stored : ndarray
        As `decode_stored`.
    name : str
        Subject of the error messages.

    Raises
    ------
    InputError
        If the channels hold different pictures and none of them is opacity, or a float matte
        leaves [0, 1].

    Examples
    --------
    >>> white = np.full((2, 2), 255, np.uint8)
    >>> found = alpha_of(np.dstack([white, np.uint8([[0, 51], [102, 255]])]), "a.png")
    >>> found.alpha.round(6).tolist() == np.float32([[0, 0.2], [0.4, 1]]).tolist()
    True
    """
    decoded = decode_stored(stored)
    require_one_picture(stored, decoded.channel, name)
    if decoded.bad_share > 0:
        low, high = float(stored.min()), float(stored.max())
        raise InputError(
            f"{name}: expected values in [0, 1], found {low:g} to {high:g}; divide by what stands "
            "for opaque, and replace NaN"
        )
    return decoded


def take_plane(stored: NDArray[Any]) -> tuple[NDArray[Any], str]:
    """Return the one channel that a label is in, and which it is (see `Decoded`).

    Opacity is the label where it varies, and where it is even but not full beside an even colour.
    Else it says nothing, and the colour channels are looked at.
    """
    if stored.ndim == 2:
        return stored, "gray"
    if stored.shape[2] == 1:
        return np.ascontiguousarray(stored[..., 0]), "gray"
    colours = stored[..., : 3 if stored.shape[2] >= 3 else 1]
    if stored.shape[2] in (2, 4):
        opacity = stored[..., -1]
        varies = bool((opacity != opacity[0, 0]).any())
        full = 1 if stored.dtype.kind == "f" else np.iinfo(stored.dtype).max
        if varies or (opacity[0, 0] != full and bool((colours == colours[0, 0]).all())):
            return np.ascontiguousarray(opacity), "alpha"
    if colours.shape[2] == 1:
        return np.ascontiguousarray(colours[..., 0]), "equal"
    # JPEG's colour conversion is off by a level or two where the channels were equal.
    name = "equal" if _spread(stored) < 2 / 255 else "red"
    return np.ascontiguousarray(colours[..., 0]), name


def require_one_picture(stored: NDArray[Any], channel: str, name: str) -> None:
    """Raise InputError when a label was taken from colour channels that hold different pictures.

    What the rounding of a conversion leaves between them is no difference.

    Parameters
    ----------
    stored : ndarray
        As `decode_stored`.
    channel : str
        What `take_plane` took.
    name : str
        Subject of the message.
    """
    if channel in ("gray", "alpha") or stored.shape[2] < 3:
        return
    full = 1.0 if stored.dtype.kind == "f" else float(np.iinfo(stored.dtype).max)
    spread = stored[..., :3].max(axis=2).astype(np.float64) - stored[..., :3].min(axis=2)
    if not spread.max() <= _ROUNDING * full:
        raise InputError(
            f"{name}: expected one channel (a label), found {stored.shape[2]} different ones; "
            "is this the photo?"
        )


def _spread(stored: NDArray[Any]) -> float:
    """Return the mean difference between the colour channels, in [0, 1], by a sample of rows."""
    if stored.ndim == 2 or stored.shape[2] == 1:
        return 0.0
    full = 1.0 if stored.dtype.kind == "f" else float(np.iinfo(stored.dtype).max)
    colours = stored[..., : 3 if stored.shape[2] >= 3 else 1]
    sample = colours[:: max(1, len(colours) // 256)].astype(np.float64)
    return float(np.nan_to_num((sample.max(axis=2) - sample.min(axis=2)) / full).mean())


def _code_scale(plane: NDArray[Any]) -> int | None:
    """Return the stored value of opaque where it is not what the type holds, else None.

    The code of a mask (0/1 or 0/128), or fewer bits in 16 that were not scaled: 8 where nothing is
    above 255, 10 or 12 where their maximum is the largest value.
    """
    top = int(plane.max())
    if top in (1, 127, 128) and np.isin(plane, (0, top)).all():
        # A plane that is half opaque all over is no mask.
        return top if top == 1 or not plane.all() else None
    if plane.dtype == np.uint16 and 0 < top <= 255:
        return 255
    return top if plane.dtype == np.uint16 and top in _UNSCALED else None
