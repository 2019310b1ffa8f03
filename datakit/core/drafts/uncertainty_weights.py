"""Weights of the uncertainty measures, fitted to what people changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from datakit.core.drafts.uncertainty import WEIGHTS
from datakit.errors import InputError

Column = npt.NDArray[np.float64]

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
LEAST_REVIEWED = 10
_SWEEPS = 8
_GAIN = 0.02


class Fitted(NamedTuple):
    """Weights, and the rank correlation of uncertainty and change that they reach."""

    weights: dict[str, float]
    spearman: float


def fit_weights(
    percentiles: Mapping[str, Column], change: Column, start: Mapping[str, float] = WEIGHTS
) -> Fitted:
    """Find the weights whose uncertainty follows best what a review changed.

    One weight at a time is tried at every level, as long as the rank correlation grows; from the
    weights to begin with, and from each measure alone. The best is taken, the first of equals: no
    randomness.

    Parameters
    ----------
    percentiles : mapping of str to (N,) float64 in [0, 1]
        Measure -> its percentile (`datakit.core.drafts.uncertainty.percentile`) for each
        reviewed draft.
    change : (N,) float64
        What was changed of each: 1 - IoU of draft and reviewed mask.
    start : mapping
        Measure -> weight to begin with.

    Raises
    ------
    InputError
        If fewer than `LEAST_REVIEWED` drafts were reviewed, or all were changed by the same amount.

    Examples
    --------
    >>> steps = np.linspace(0, 1, 12)
    >>> noise = np.tile([0.9, 0.1, 0.5], 4)
    >>> fitted = fit_weights({"entropy": steps, "flip": noise}, steps**2)
    >>> fitted.weights["entropy"] > fitted.weights["flip"], round(fitted.spearman, 3)
    (True, 1.0)
    """
    if len(change) < LEAST_REVIEWED:
        raise InputError(
            f"calibration: expected at least {LEAST_REVIEWED} reviewed drafts, "
            f"found {len(change)}; review more, from both ends of the queue"
        )
    if np.ptp(change) == 0:
        raise InputError(
            "calibration: expected drafts that were changed by different amounts, found all "
            "equal; merge the reviewed labels first"
        )
    ranks = _ranks(change)
    alone = ({name: float(name == one) for name in percentiles} for one in percentiles)
    starts = [{name: float(start.get(name, 0.0)) for name in percentiles}, *alone]
    climbed = [_climbed(percentiles, weights, ranks) for weights in starts]
    best = climbed[0]
    for other in climbed[1:]:
        if other.spearman > best.spearman + _GAIN:
            best = other
    return best


def _climbed(percentiles: Mapping[str, Column], weights: dict[str, float], ranks: Column) -> Fitted:
    """Change one weight at a time for the better until no change helps."""
    best = _correlation(percentiles, weights, ranks)
    for _ in range(_SWEEPS):
        before = best
        for name in weights:
            for level in LEVELS:
                tried = {**weights, name: level}
                found = _correlation(percentiles, tried, ranks)
                if found > best + _GAIN:
                    best, weights = found, tried
        if best == before:
            break
    return Fitted(weights, best)


def _correlation(
    percentiles: Mapping[str, Column], weights: Mapping[str, float], ranks: Column
) -> float:
    """Return Spearman's correlation of the combined uncertainty with the ranks; -1 if flat."""
    uncertainty = np.max([weights[name] * column for name, column in percentiles.items()], axis=0)
    mine = _ranks(uncertainty)
    if np.ptp(mine) == 0:
        return -1.0
    return float(np.corrcoef(mine, ranks)[0, 1])


def _ranks(values: Column) -> Column:
    """Return the ranks of values from 1 on; equal ones share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: Column = (last - (counts - 1) / 2)[place]
    return ranks
