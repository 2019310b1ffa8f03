"""Checks of the whole matte: empty, inverted, binary, outliers of the set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datakit.checks.base import (
    NOT_MEASURED,
    Check,
    Measured,
    Population,
    Subject,
    Values,
    number,
    value_of,
)
from datakit.core.quality.level_gaps import level_gap_share
from datakit.core.quality.matte_edges import hard_edge_share
from datakit.core.quality.matte_regions import inversion_score

LOGIT_FLOOR = 0.1
"""Spread of the log odds below which a set counts as uniform: 10 % of the share itself."""


def foreground_share(subject: Subject) -> float:
    """Return the share of pixels with alpha above one half."""
    return float("nan") if subject.alpha is None else float((subject.alpha > 0.5).mean())


def _measure_empty(subject: Subject) -> Measured:
    if subject.alpha is None:
        return NOT_MEASURED
    share = foreground_share(subject)
    return Measured({"share": share, "missing": 1 - share, "peak": float(subject.alpha.max())})


def _measure_full(subject: Subject) -> Measured:
    if subject.alpha is None:
        return NOT_MEASURED
    return Measured({"share": foreground_share(subject), "low": float(subject.alpha.min())})


def _measure_inverted(subject: Subject) -> Measured:
    if subject.alpha is None:
        return NOT_MEASURED
    rim = inversion_score(subject.alpha)
    agreement = disagreement = float("nan")
    if subject.confidence is not None and subject.confidence.shape == subject.alpha.shape:
        agreement = _correlation(subject.alpha, subject.confidence)
        disagreement = -agreement
    score = float(np.nanmax([rim, disagreement]))
    return Measured({"rim": rim, "agreement": agreement, "worse": score})


def _correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    one, two = first.ravel() - first.mean(), second.ravel() - second.mean()
    length = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float(one @ two) / length if length > 1e-6 else float("nan")


def _measure_binary(subject: Subject) -> Measured:
    if subject.alpha is None:
        return NOT_MEASURED
    return Measured({"hard_share": hard_edge_share(subject.alpha)})


def _measure_quantised(subject: Subject) -> Measured:
    if subject.levels is None:
        return NOT_MEASURED
    histogram = np.bincount(subject.levels.ravel(), minlength=256)
    middle = histogram[10:246]
    few = int(np.count_nonzero(middle > max(8, 1e-3 * middle.sum())))
    gaps = level_gap_share(histogram)
    # With a handful of levels the histogram is too sparse for its gaps to be expected levels.
    if middle.sum() >= 500 and few <= 16:
        gaps = float(np.nanmax([gaps, 1 - few / 236]))
    return Measured({"gap_share": gaps, "levels": float(np.count_nonzero(middle))})


def _measure_foreground(subject: Subject) -> Measured:
    if subject.alpha is None:
        return NOT_MEASURED
    return Measured({"share": foreground_share(subject)})


def _log_odds(share: NDArray[np.float64]) -> NDArray[np.float64]:
    inside = np.clip(share, 1e-4, 1 - 1e-4)
    odds: NDArray[np.float64] = np.log(inside / (1 - inside))
    return odds


def _score_outlier(sample: str, values: Values, population: Population) -> float:
    if "share" not in values:
        return float("nan")
    far = population.robust_z(
        sample, "foreground_outlier", "share", transform=_log_odds, floor=LOGIT_FLOOR
    )
    return abs(far)


def _score_target(sample: str, values: Values, population: Population) -> float:
    del sample
    if "fg_ratio" not in population.targets:
        return float("nan")
    wanted, tolerance = population.targets["fg_ratio"]
    return abs(number(values, "share") - wanted) / tolerance


CHECKS = (
    Check(
        "empty", "nothing is opaque (highest alpha {peak:.2f})", _measure_empty, value_of("missing")
    ),
    Check(
        "full", "everything is opaque (lowest alpha {low:.2f})", _measure_full, value_of("share")
    ),
    Check(
        "inverted",
        "the rim is opaque and the inside clear ({rim:.2f}): the alpha looks inverted",
        _measure_inverted,
        value_of("worse"),
    ),
    Check(
        "binary",
        "{hard_share:.0%} of the edge jumps from 0 to 1: a binary mask, not a matte",
        _measure_binary,
        value_of("hard_share"),
    ),
    Check(
        "quantised",
        "{gap_share:.0%} of the levels that should occur are missing ({levels:.0f} are in use)",
        _measure_quantised,
        value_of("gap_share"),
    ),
    Check(
        "foreground_outlier",
        "foreground is {share:.1%}: {score:.1f} robust deviations from the set's median",
        _measure_foreground,
        _score_outlier,
    ),
    Check(
        "foreground_target",
        "foreground is {share:.1%}: outside the target",
        _measure_foreground,
        _score_target,
    ),
)
