"""Whether one picture is a window cut out of another, scaled and mirrored as it may be."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

SIDE_PX: Final = 192
"""Longer side of the pictures that are compared."""

SAME_WINDOW: Final = 0.96
"""Correlations from here on are one picture; see docs/forget.md for what this finds."""

_SCALES: Final = tuple(0.93**step for step in range(20))
_FINER: Final = tuple(1 + 0.0125 * step for step in range(-4, 5))
_LEAST_PX: Final = 24
_LEAST_CONTRAST: Final = 6.0

Gray = npt.NDArray[np.uint8]


def window_correlation(one: Gray, other: Gray) -> float:
    """Return how well the better of the two fits as a window of the other, 0 to 1.

    Normalised cross-correlation over scales from 1 to 1/4 and both mirror images, refined around
    the best scale (Lewis, "Fast normalized cross-correlation", 1995).

    Parameters
    ----------
    one, other : (H, W) uint8
        Of any sizes; shrunk to `SIDE_PX`.

    Examples
    --------
    >>> noise = np.random.default_rng(1).integers(0, 256, (24, 24), np.uint8)
    >>> photo = cv2.resize(noise, (192, 192), interpolation=cv2.INTER_CUBIC)
    >>> window_correlation(photo, photo[40:160, 30:150][:, ::-1]) > SAME_WINDOW
    True
    >>> window_correlation(photo, np.rot90(photo)) < 0.9
    True
    """
    first, second = _limited(one), _limited(other)
    return max(_fit(first, second), _fit(second, first))


def _limited(image: Gray) -> Gray:
    scale = SIDE_PX / max(image.shape)
    if scale >= 1:
        return np.ascontiguousarray(image)
    size_wh = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _fit(whole: Gray, part: Gray) -> float:
    best, scale = max((_at(whole, part, scale), scale) for scale in _SCALES)
    if best < SAME_WINDOW - 0.2:
        return best
    return max(best, *(_at(whole, part, min(1.0, scale * finer)) for finer in _FINER))


def _at(whole: Gray, part: Gray, scale: float) -> float:
    """Return the best correlation of a window whose size is ``scale`` of the largest that fits."""
    height, width = whole.shape
    factor = scale * min(width / part.shape[1], height / part.shape[0])
    size_wh = (round(part.shape[1] * factor), round(part.shape[0] * factor))
    if min(size_wh) < _LEAST_PX or size_wh[0] > width or size_wh[1] > height:
        return 0.0
    shrinks = factor < 1
    kind = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    window = np.asarray(cv2.resize(part, size_wh, interpolation=kind), dtype=np.uint8)
    if window.std() < _LEAST_CONTRAST:
        return 0.0
    mirrored = np.ascontiguousarray(window[:, ::-1])
    return max(
        float(cv2.matchTemplate(whole, view, cv2.TM_CCOEFF_NORMED).max())
        for view in (window, mirrored)
    )
