"""How much likelier each pixel's colour is inside a region than outside it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

FloatArray = npt.NDArray[np.float32]

_BINS = 12
_SMOOTHING_BINS = 0.7
_FLOOR = 0.3
_LOWEST = np.array([0.0, -0.6, -0.6], np.float32)
_RANGE = np.array([1.0, 1.2, 1.2], np.float32)


def lab_colours(image: npt.NDArray[np.uint8]) -> FloatArray:
    """Return the CIE Lab colours of an (H, W, 3) uint8 RGB picture, divided by 100."""
    lab = cv2.cvtColor(image.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)
    return np.asarray(lab / np.float32(100))


def colour_evidence(lab: FloatArray, inside: FloatArray, outside: FloatArray) -> FloatArray:
    """Return the logarithm of the likelihood ratio of each pixel's colour, inside over outside.

    Parameters
    ----------
    lab : (H, W, 3) float32
        See `lab_colours`.
    inside, outside : (H, W) float32
        How much each pixel counts for the histogram of the one and of the other, 0 or more.

    Returns
    -------
    (H, W) float32
        0 where both are as likely; colours that neither has seen are as likely in both.

    Examples
    --------
    >>> image = np.zeros((2, 2, 3), np.uint8)
    >>> image[:, 1] = 250
    >>> left = np.float32([[1, 0], [1, 0]])
    >>> (colour_evidence(lab_colours(image), left, 1 - left) > 0).tolist()
    [[True, False], [True, False]]
    """
    places = np.clip((lab - _LOWEST) / _RANGE * _BINS, 0, _BINS - 1).astype(np.int64)
    cell = ((places[..., 0] * _BINS + places[..., 1]) * _BINS + places[..., 2]).ravel()
    found, missed = (_shares(cell, weight) for weight in (inside, outside))
    floor = _FLOOR / _BINS**3
    ratio = np.log((found + floor) / (missed + floor))
    return np.asarray(ratio[cell].reshape(lab.shape[:2]), np.float32)


def _shares(cell: npt.NDArray[np.int64], weight: FloatArray) -> npt.NDArray[np.float64]:
    counts = np.bincount(cell, weight.ravel(), _BINS**3).reshape((_BINS,) * 3)
    smooth = gaussian_filter(counts, _SMOOTHING_BINS).ravel()
    shares: npt.NDArray[np.float64] = smooth / max(float(smooth.sum()), 1e-6)
    return shares
