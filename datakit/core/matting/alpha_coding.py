"""From what a file stores to alpha: which channel, which scale."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datakit.errors import InputError


class Decoded(NamedTuple):
    """An alpha and how it was stored.

    ``channel`` is "gray", "equal" (colour channels that agree), "alpha" (the fourth channel
    beside another picture) or "red" (channels that differ: the first is taken for want of a better
    one). ``scale`` is the stored value that means opaque; ``full_scale`` is what the type
    holds (255, 65535 or 1). ``bad_share`` is the share of values that are NaN, infinite or out of
    range; they are clipped, NaN becomes 0. ``channel_spread`` is the mean difference between the
    colour channels, in [0, 1].
    """

    alpha: NDArray[np.float32]
    channel: str
    scale: float
    full_scale: float
    bad_share: float
    channel_spread: float


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
    plane, channel, spread = _take_channel(stored)
    if plane.dtype.kind == "f":
        finite = np.isfinite(plane)
        good = finite & (plane >= 0) & (plane <= 1)
        alpha = np.where(finite, np.clip(plane, 0, 1), 0).astype(np.float32)
        return Decoded(alpha, channel, 1.0, 1.0, 1.0 - float(good.mean()), spread)
    if plane.dtype == bool:
        return Decoded(plane.astype(np.float32), channel, 1.0, 1.0, 0.0, spread)
    if plane.dtype not in (np.uint8, np.uint16):
        raise InputError(f"alpha: expected 8 or 16 bits or float, found {plane.dtype}")
    full = float(np.iinfo(plane.dtype).max)
    scale = float(_code_scale(plane) or full)
    alpha = np.multiply(plane, np.float32(1 / scale), dtype=np.float32)
    return Decoded(np.minimum(alpha, 1, out=alpha), channel, scale, full, 0.0, spread)


def _take_channel(stored: NDArray[Any]) -> tuple[NDArray[Any], str, float]:
    if stored.ndim == 2:
        return stored, "gray", 0.0
    if stored.shape[2] == 1:
        return stored[..., 0], "gray", 0.0
    full = 1.0 if stored.dtype.kind == "f" else float(np.iinfo(stored.dtype).max)
    colours = stored[..., : 3 if stored.shape[2] >= 3 else 1]
    sample = colours[:: max(1, len(colours) // 256)].astype(np.float64)
    spread = float(np.nan_to_num((sample.max(axis=2) - sample.min(axis=2)) / full).mean())
    has_opacity = stored.shape[2] in (2, 4) and bool((stored[..., -1] != stored[0, 0, -1]).any())
    if has_opacity:
        return np.ascontiguousarray(stored[..., -1]), "alpha", spread
    # JPEG's colour conversion is off by a level or two where the channels were equal.
    name = "equal" if spread < 2 / 255 else "red"
    return np.ascontiguousarray(stored[..., 0]), name, spread


def _code_scale(plane: NDArray[Any]) -> int | None:
    """Return the stored maximum when it is the code of a mask (0/1, 0/1/2 or 0/128), else None."""
    top = int(plane.max())
    if top in (1, 127, 128) and np.isin(plane, (0, top)).all():
        return top
    return None
