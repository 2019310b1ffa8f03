"""Sums of differences that are the same to the last bit, whatever the memory layout.

OpenCV's norms add in another order when an array starts at another alignment, so that two runs of
one program differ in the last digits; NumPy's order depends on the shape alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
Region = NDArray[np.uint8] | None


def absolute_sum(first: FloatArray, second: FloatArray, region: Region = None) -> float:
    """Sum of absolute differences over the region's nonzero pixels, or over all.

    Examples
    --------
    >>> absolute_sum(np.float32([1, 0.5]), np.float32([0, 1]))
    1.5
    """
    difference = np.abs(first - second)
    return _total(difference, region)


def square_sum(first: FloatArray, second: FloatArray, region: Region = None) -> float:
    """Sum of squared differences over the region's nonzero pixels, or over all.

    Examples
    --------
    >>> square_sum(np.float32([1, 0.5]), np.float32([0, 1]))
    1.25
    """
    difference = first - second
    difference *= difference
    return _total(difference, region)


def _total(values: FloatArray, region: Region) -> float:
    if region is not None:
        # Zeros keep the shape, and with it the order of adding.
        values[region == 0] = 0
    return float(np.ascontiguousarray(values).sum(dtype=np.float64))
