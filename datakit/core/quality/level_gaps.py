"""Quantised mattes: levels that are missing although their neighbours are in use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SMOOTHING_LEVELS = 33
MIN_EXPECTED = 5.0


def level_gap_share(histogram: NDArray[np.int64]) -> float:
    """Return the share of missing levels among those that should occur.

    Parameters
    ----------
    histogram : (256,) int
        Pixels for each 8-bit level.

    Returns
    -------
    float
        A level should occur when the mean of the 33 levels around it is at least 5 pixels (a
        Poisson count of 5 is 0 once in 150); it is missing when it has fewer than a tenth of that
        mean. Levels 10..245 are looked at. NaN when fewer than 32 levels should occur: the matte
        has too few middle tones to tell.

    Examples
    --------
    >>> full = np.full(256, 100)
    >>> comb = np.where(np.arange(256) % 8 == 0, 800, 0)
    >>> level_gap_share(full), round(level_gap_share(comb), 2)
    (0.0, 0.88)
    """
    counts = histogram.astype(np.float64).copy()
    counts[[0, 255]] = 0
    kernel = np.ones(SMOOTHING_LEVELS)
    weight = np.convolve((np.arange(256) % 255 > 0).astype(np.float64), kernel, mode="same")
    around = np.convolve(counts, kernel, mode="same") / weight
    expected = around[10:246] >= MIN_EXPECTED
    if np.count_nonzero(expected) < 32:
        return float("nan")
    missing = counts[10:246] < 0.1 * around[10:246]
    return float(np.mean(missing[expected]))
