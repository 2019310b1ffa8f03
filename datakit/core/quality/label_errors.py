"""Likely label errors: pixels where confident predictions disagree with the label.

Confident learning (Northcutt et al. 2021, doi:10.1613/jair.1.12125) for soft two-class labels: a
prediction counts against a label where it is as sure of the other class as it is, on average,
of the pixels that have that class. The averages are the set's own, so that a model that is never
sure is not taken for one that agrees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

Map = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Histogram = npt.NDArray[np.float64]

BINS: Final = 64
_CENTRES = (np.arange(BINS) + 0.5) / BINS


@dataclass(frozen=True)
class Confidence:
    """How sure predictions are on average of each class, where labels agree; in [0, 1]."""

    background: float
    foreground: float


@dataclass(frozen=True)
class Suspicion:
    """How likely a label is wrong.

    Attributes
    ----------
    score : float
        Area of the confident disagreement of the worse kind, in areas of label and prediction
        together; 0: none.
    kind : {"missing", "extra"}
        Whether the label lacks what the prediction sees, or has what it does not see.
    """

    score: float
    kind: Literal["missing", "extra"]


def label_histogram(alpha: Map, probability: Map, known: Mask | None = None) -> Histogram:
    """Count pixels by what the label says and what the prediction says.

    Parameters
    ----------
    alpha, probability : (H, W) float32 in [0, 1]
    known : (H, W) bool, optional
        Pixels that count; all by default.

    Returns
    -------
    (2, BINS) float64
        Weight of background and of foreground at each level of the prediction.

    Examples
    --------
    >>> label_histogram(np.ones((2, 2), np.float32), np.zeros((2, 2), np.float32))[:, 0].tolist()
    [0.0, 4.0]
    """
    weight = np.ones(alpha.shape) if known is None else known.astype(np.float64)
    level = np.minimum((probability * BINS).astype(np.int64), BINS - 1).ravel()
    opacity = alpha.astype(np.float64)
    return np.stack(
        [
            np.bincount(level, weights=(part * weight).ravel(), minlength=BINS)
            for part in (1 - opacity, opacity)
        ]
    )


def confidence_of(total: Histogram) -> Confidence:
    """Return how sure predictions are of each class, of the sum of all histograms of a set."""
    background, foreground = total / np.maximum(total.sum(axis=1, keepdims=True), 1e-9)
    return Confidence(float(background @ (1 - _CENTRES)), float(foreground @ _CENTRES))


def suspicion(histogram: Histogram, sure: Confidence) -> Suspicion:
    """Return how likely a label is wrong.

    An error is one-sided (grown, shrunken, a part too many or too few), a model's own noise lies
    on both sides of an edge: the larger side counts, not the sum.

    Examples
    --------
    >>> alpha, seen = np.zeros((4, 4), np.float32), np.ones((4, 4), np.float32)
    >>> suspicion(label_histogram(alpha, seen), Confidence(0.9, 0.9))
    Suspicion(score=1.0, kind='missing')
    """
    background, foreground = histogram
    missing = float(background[sure.foreground <= _CENTRES].sum())
    extra = float(foreground[sure.background <= 1 - _CENTRES].sum())
    seen = float(background[_CENTRES >= 0.5].sum())
    area = max(seen + float(foreground.sum()), 1.0)
    return Suspicion(max(missing, extra) / area, "missing" if missing >= extra else "extra")


def suspect_box(
    alpha: Map, probability: Map, sure: Confidence, kind: Literal["missing", "extra"]
) -> tuple[int, int, int, int] | None:
    """Return x1, y1, x2, y2 of the largest connected part of a confident disagreement."""
    if kind == "missing":
        where = (alpha < 0.5) & (probability >= sure.foreground)
    else:
        where = (alpha >= 0.5) & (1 - probability >= sure.background)
    _, _, stats, _ = cv2.connectedComponentsWithStats(where.astype(np.uint8), connectivity=8)
    if len(stats) == 1:
        return None
    x, y, wide, high = stats[1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))][:4].tolist()
    return x, y, x + wide, y + high
