"""How uncertain a drafted mask is: measures of one draft, and their order within a set.

Every measure is larger for a more uncertain draft. Their scales differ, so that they meet as
percentiles: a draft is as uncertain as its most unusual measure says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
Column = npt.NDArray[np.float64]

SOFT = (0.02, 0.98)
"""A probability between these is neither sure background nor sure subject."""
THRESHOLD = 0.5
EMPTY = "empty"
"""The reason of a draft without any subject; such drafts come first."""
AREA = "area"

WEIGHTS: Mapping[str, float] = {
    "entropy": 1.0,
    "band": 1.0,
    "sides": 1.0,
    "flip": 1.0,
    "second": 1.0,
    "hand": 1.0,
    # What the subject looks like says less than what the model is unsure of: at half weight these
    # order the sure half, and cannot push a sure draft above an uncertain one.
    "faint": 0.5,
    "components": 0.5,
    "border": 0.5,
    AREA: 0.5,
}
"""Measure -> weight of its percentile, where nothing was calibrated."""

WORDS: Mapping[str, str] = {
    EMPTY: "nothing was found",
    "entropy": "its edge is unsure",
    "band": "much of it is half transparent",
    "sides": "the network's own layers disagree",
    "flip": "the mirrored photo gives another label",
    "second": "two models disagree",
    "hand": "a hand may be missing",
    "faint": "the model hardly saw a subject",
    "components": "it is in several parts",
    "border": "it is cut off by the photo's border",
    AREA: "its size is unusual in this set",
}
"""Measure -> what it says of a draft, for people."""


def measure_uncertainty(
    probability: FloatArray,
    *,
    raw_max: float,
    sides: Sequence[FloatArray] = (),
    flipped: FloatArray | None = None,
    second: FloatArray | None = None,
) -> dict[str, float]:
    """Measure what makes one draft uncertain.

    Parameters
    ----------
    probability : (H, W) float32 in [0, 1]
        The model's map, at the model's size.
    raw_max : float
        The largest probability before any normalisation.
    sides : sequence of (H, W) float32
        The maps of a network's side outputs.
    flipped : (H, W) float32, optional
        The map of the mirrored photo, mirrored back.
    second : (H, W) float32, optional
        Another model's map, at the same size.

    Returns
    -------
    dict of str to float
        ``entropy``: mean binary entropy in the soft band, grown by two pixels, in bits.
        ``band``: soft pixels as a share of the subject and them. ``sides``: mean 1 - IoU of each
        side output with the map. ``flip``, ``second``: 1 - IoU with these maps. ``faint``:
        1 - raw_max. ``components``: share of the subject outside its largest part. ``border``:
        share of the photo's border, the bottom left out, that the subject touches: portraits end
        at the bottom. Measures without their input are left out.

    Raises
    ------
    InputError
        If a map has another shape.

    Examples
    --------
    >>> sure = np.zeros((8, 8), np.float32)
    >>> sure[2:, 2:6] = 1
    >>> measure_uncertainty(sure, raw_max=1.0)["entropy"]
    0.0
    >>> measure_uncertainty(sure * 0.6, raw_max=0.6)["faint"]
    0.4
    """
    for other in (*sides, *(extra for extra in (flipped, second) if extra is not None)):
        if other.shape != probability.shape:
            raise InputError(
                f"uncertainty: expected maps of {probability.shape}, found {other.shape}"
            )
    inside = probability > THRESHOLD
    soft = ((probability > SOFT[0]) & (probability < SOFT[1])).astype(np.uint8)
    parts = {
        "entropy": _entropy(probability, soft),
        "band": _share(cv2.countNonZero(soft), cv2.countNonZero(soft | inside)),
        "faint": 1 - raw_max,
        "components": _outside_largest(inside),
        "border": _border_contact(inside),
    }
    if sides:
        parts["sides"] = float(np.mean([_unlike(side, inside) for side in sides]))
    if flipped is not None:
        parts["flip"] = _unlike(flipped, inside)
    if second is not None:
        parts["second"] = _unlike(second, inside)
    return {name: round(float(value), 6) for name, value in parts.items()}


class Order(NamedTuple):
    """The uncertainty of each draft of a set.

    ``uncertainty`` is (N,) in [0, 1]; ``reason`` names the measure that decided each;
    ``percentiles`` is measure -> (N,) in [0, 1], unweighted.
    """

    uncertainty: Column
    reason: list[str]
    percentiles: dict[str, Column]


def order_by_uncertainty(
    parts: Mapping[str, Column], area: Column, weights: Mapping[str, float] = WEIGHTS
) -> Order:
    """Combine the measures into one uncertainty per draft: the largest weighted percentile.

    Parameters
    ----------
    parts : mapping of str to (N,) float64
        As `measure_uncertainty` names them; NaN where a draft lacks a measure.
    area : (N,) float64
        Foreground share of each mask; how far it is from the set's usual is a measure too.
    weights : mapping
        Measure -> weight in [0, 1]; measures that are not named count nothing.

    Returns
    -------
    Order
        A draft without any subject has uncertainty 1 and the reason "empty": the person may have
        been missed.

    Examples
    --------
    >>> parts = {"entropy": np.array([0.1, 0.4, 0.2]), "flip": np.array([0.0, 0.0, 0.0])}
    >>> found = order_by_uncertainty(parts, np.array([0.3, 0.3, 0.0]))
    >>> found.uncertainty.round(2).tolist(), found.reason
    ([0.0, 0.67, 1.0], ['entropy', 'entropy', 'empty'])
    """
    measures = {**parts, AREA: _area_outlier(area)}
    found = {name: percentile(measures[name]) for name in WEIGHTS if name in measures}
    uncertainty = np.zeros(len(area))
    reason = np.full(len(area), next(iter(found)), dtype=object)
    for name, column in found.items():
        weighted = weights.get(name, 0.0) * column
        reason[weighted > uncertainty] = name
        uncertainty = np.maximum(uncertainty, weighted)
    empty = area == 0
    uncertainty[empty] = 1.0
    reason[empty] = EMPTY
    return Order(uncertainty, reason.tolist(), found)


def percentile(values: Column) -> Column:
    """Return for each value the share of the set that is smaller; 0 for NaN.

    A measure that is the same for all says nothing: everyone's share is 0.

    Examples
    --------
    >>> percentile(np.array([3.0, 1.0, 1.0, 2.0])).tolist()
    [0.75, 0.0, 0.0, 0.5]
    """
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return np.zeros(len(values))
    share = np.searchsorted(known, values, side="left") / len(known)
    return np.where(np.isnan(values), 0.0, share)


def _entropy(probability: FloatArray, soft: npt.NDArray[np.uint8]) -> float:
    band = cv2.dilate(soft, np.ones((5, 5), np.uint8)).view(np.bool_)
    values = np.clip(probability[band].astype(np.float64), 1e-6, 1 - 1e-6)
    if not len(values):
        return 0.0
    bits = -(values * np.log2(values) + (1 - values) * np.log2(1 - values))
    return float(bits.mean())


def _outside_largest(inside: BoolArray) -> float:
    _, _, stats, _ = cv2.connectedComponentsWithStats(inside.view(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    return 1 - int(areas.max()) / int(areas.sum()) if len(areas) else 0.0


def _border_contact(inside: BoolArray) -> float:
    return float(np.concatenate([inside[0], inside[:, 0], inside[:, -1]]).mean())


def _unlike(other: FloatArray, inside: BoolArray) -> float:
    """Return 1 - IoU of a map and a mask; 0 when both are empty."""
    theirs, mine = (other > THRESHOLD).view(np.uint8), inside.view(np.uint8)
    union = cv2.countNonZero(theirs | mine)
    return 1 - _share(cv2.countNonZero(theirs & mine), union) if union else 0.0


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _area_outlier(area: Column) -> Column:
    """Return how many median deviations the log odds of each area are from the median."""
    kept = np.clip(area, 1e-4, 1 - 1e-4)
    odds = np.log(kept / (1 - kept))
    distance = np.abs(odds - np.median(odds)) if len(odds) else odds
    # Rounded: areas that are equal but for the last bit must tie.
    return np.asarray(np.round(distance, 9))
