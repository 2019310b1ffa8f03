"""Confidence intervals of a mean by the bootstrap (Efron 1979), also of paired differences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datakit.errors import InputError

DoubleArray = NDArray[np.float64]

_BLOCK_VALUES = 2_000_000


@dataclass(frozen=True)
class Interval:
    """A mean and the interval that holds it with the given confidence."""

    mean: float
    low: float
    high: float


def bootstrap_mean(
    values: DoubleArray,
    rng: np.random.Generator,
    *,
    confidence: float = 0.95,
    resamples: int = 2000,
) -> Interval:
    """Mean of values with its percentile bootstrap interval.

    Parameters
    ----------
    values : (N,) float64
        One value a sample, N at least 1, finite. For a paired comparison: the differences.
    rng : numpy.random.Generator
        Source of the resampling.
    confidence : float in (0, 1)
        Share of the resampled means inside the interval.
    resamples : int
        Number of resampled means, at least 1.

    Returns
    -------
    Interval
        Mean, low and high; all equal when N is 1.

    Raises
    ------
    InputError
        If values are empty or not finite, or an option leaves its range.

    Examples
    --------
    >>> found = bootstrap_mean(np.array([1.0, 2, 3, 4]), np.random.default_rng(0))
    >>> found.mean, found.low < 2.5 < found.high
    (2.5, True)
    """
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        raise InputError(f"bootstrap: expected finite values of shape (N,), found {values.shape}")
    if not 0 < confidence < 1 or resamples < 1:
        raise InputError(
            f"bootstrap: expected confidence in (0, 1) and resamples >= 1, "
            f"found {confidence} and {resamples}"
        )
    means = np.empty(resamples)
    # In blocks, so that 2000 resamples of a million samples fit into memory.
    block = max(1, _BLOCK_VALUES // values.size)
    for start in range(0, resamples, block):
        stop = min(start + block, resamples)
        drawn = rng.integers(0, values.size, (stop - start, values.size))
        means[start:stop] = values[drawn].mean(axis=1)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(values.mean()), float(low), float(high))
