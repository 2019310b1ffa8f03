"""Robust statistics: the middle of a data set and how far out one value is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NORMAL = 1.4826
"""MAD times this estimates the standard deviation of a normal distribution."""


def robust_z(values: NDArray[np.float64], *, floor: float = 0.0) -> NDArray[np.float64]:
    """Return (value - median) / (1.4826 MAD) for each value; NaN stays NaN and does not count.

    Parameters
    ----------
    values : (N,) float64
        NaN where there is no value.
    floor : float
        The least spread, in the unit of the values: where most values are equal, the MAD is 0 and
        any other value would be infinitely far out.

    References
    ----------
    Iglewicz, Hoaglin: How to Detect and Handle Outliers, 1993.

    Examples
    --------
    >>> robust_z(np.array([1.0, 2, 3, 4, 100])).round(2).tolist()
    [-1.35, -0.67, 0.0, 0.67, 65.43]
    """
    if not np.isfinite(values).any():
        return np.full(len(values), np.nan)
    median = np.nanmedian(values)
    spread = max(NORMAL * float(np.nanmedian(np.abs(values - median))), floor, 1e-12)
    z: NDArray[np.float64] = (values - median) / spread
    return z
