"""Evidence per pixel that it belongs to a prompt's answer, on a small copy of the picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.interactive.colour_evidence import colour_evidence
from datakit.core.interactive.extent import best_extent
from datakit.core.interactive.geodesic import geodesic_distance
from datakit.core.interactive.view import View
from datakit.core.masks.parts import parts_at

Bools = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]

_ROUNDS = 4
_LEAST_AREA = 60.0
_LEAST_COST = 0.03
_LARGEST_SHARE = 0.4


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How much each piece of evidence counts.

    Found by random search over the simulated clicks of benchmarks/interactive.py on every second
    photo; the figures in benchmarks/RESULTS.md keep the others apart.

    Attributes
    ----------
    step_cost, edge_cost, likely_discount : float
        Price of a step, of a colour's change, and what certainty takes off both.
    extent_edges, extent_jumps, extent_floor, extent_exponent, extent_radii, extent_factor : float
        Of the border that limits the answer: how edges and jumps of the probability cheapen it, its
        least price, the exponent of the area, the largest area in squared radii of the room at the
        prompt, and how far beyond the best front to look.
    seed_share : float
        Radius of what the prompt surely means, as a share of the room.
    colour, probability, distance, bias : float
        Weights of the evidence.
    probability_limit, probability_reference : float
        Largest log odds of the probability; how much of the prompt's own is taken off.
    tie, tie_edges : float
        Price of the answer's border, and how edges cheapen it.
    """

    step_cost: float = 0.0249
    edge_cost: float = 0.297
    likely_discount: float = 0.853
    extent_edges: float = 42.5
    extent_jumps: float = 32.7
    extent_floor: float = 0.0063
    extent_exponent: float = 0.445
    extent_radii: float = 17.6
    extent_factor: float = 6.96
    seed_share: float = 0.811
    colour: float = 0.213
    probability: float = 0.4
    distance: float = 0.403
    bias: float = -0.344
    probability_limit: float = 2.64
    probability_reference: float = 0.76
    tie: float = 3.36
    tie_edges: float = 748.0

    def cut_ties(self, step: FloatArray) -> FloatArray:
        """Return what it costs to separate neighbours whose colours differ by a step."""
        return np.asarray(self.tie * (0.05 + np.exp(-self.tie_edges * step**2)), np.float32)

    def log_odds(self, likely: FloatArray) -> FloatArray:
        """Return the limited log odds of a probability."""
        inner = np.clip(likely, 0.01, 0.99)
        limit = self.probability_limit
        return np.asarray(np.clip(np.log(inner / (1 - inner)), -limit, limit), np.float32)


def spread_evidence(view: View, seeds: Bools, room_px: float, weights: Weights) -> FloatArray:
    """Evidence around a click or a stroke.

    Parameters
    ----------
    view : View
    seeds : (h, w) bool
        The prompt's pixels.
    room_px : float
        Radius of the disc that fits there.
    weights : Weights

    Returns
    -------
    (h, w) float32
        Positive where a pixel belongs to the answer.
    """
    free = view.open | seeds
    sure = seeds | (_within(seeds, weights.seed_share * room_px) & view.open)
    cost = weights.step_cost + weights.edge_cost * np.maximum(*_onto(view.steps))
    if view.likely is not None:
        cost = cost * np.maximum(_LEAST_COST, 1 - weights.likely_discount * view.likely)
    cost = np.where(free, cost, 1).astype(np.float32)
    distance = geodesic_distance(sure, cost, _ROUNDS)
    sizes = (2 * room_px**2, _largest_area(view, seeds, room_px, weights))
    reach = weights.extent_factor * max(
        best_extent(
            np.where(free, distance, np.float32(np.inf)),
            _extent_ties(view, weights),
            sizes,
            weights.extent_exponent,
        ),
        1e-3,
    )
    near = np.exp(-distance / np.float32(reach))
    outside = view.open * (1 - near)
    if view.likely is not None:
        outside = outside * (1 - view.likely)
    found = weights.colour * np.clip(colour_evidence(view.lab, near * free, outside), -4, 4)
    found += weights.distance * (1 - distance / np.float32(reach)) + weights.bias
    if view.likely is not None:
        odds = weights.log_odds(view.likely)
        own = min(0.0, float(odds[seeds].mean()))
        found += weights.probability * (odds - weights.probability_reference * own)
    found[sure] = 1e3
    return np.asarray(found, np.float32)


def region_evidence(view: View, inside: Bools, answer: FloatArray, weights: Weights) -> FloatArray:
    """Evidence for an object inside a region, by the colours of an earlier answer.

    Parameters
    ----------
    view : View
    inside : (h, w) bool
        The region.
    answer : (h, w) float32 in [0, 1]
        What was found so far, or `expected_in`.
    weights : Weights

    Returns
    -------
    (h, w) float32
        Positive where a pixel belongs to the object.

    References
    ----------
    Rother, Kolmogorov, Blake 2004 (GrabCut), doi:10.1145/1015706.1015720: colours and cut in turn.
    """
    found = np.clip(colour_evidence(view.lab, answer * inside, 1 - answer * inside), -4, 4)
    if view.likely is not None:
        found = found + weights.log_odds(view.likely)
    return np.asarray(found, np.float32)


def expected_in(view: View, inside: Bools) -> FloatArray:
    """Return what to start with in a region: the probability, or else the region's middle."""
    if view.likely is not None:
        return view.likely
    depth = cv2.distanceTransform(np.pad(inside, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    return np.asarray(np.sqrt(depth / max(float(depth.max()), 1e-6)), np.float32)


def _within(seeds: Bools, radius_px: float) -> Bools:
    away = cv2.distanceTransform((~seeds).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away <= radius_px)


def _largest_area(view: View, seeds: Bools, room_px: float, weights: Weights) -> float:
    """Return how many pixels an answer may have."""
    if view.likely is None and view.open.all():
        # Nothing is known: an object is seldom larger.
        return _LARGEST_SHARE * view.open.size
    largest = max(weights.extent_radii * room_px**2, _LEAST_AREA)
    if view.likely is not None and float(view.likely[seeds].mean()) > 0.5:
        likely = parts_at(view.open & (view.likely > 0.5), seeds, 4)
        return max(largest, 1.3 * np.count_nonzero(likely))
    return largest


def _onto(steps: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Return the change onto each pixel from the left and from above."""
    right, down = steps
    return np.pad(right[:, :-1], ((0, 0), (1, 0))), np.pad(down[:-1], ((1, 0), (0, 0)))


def _extent_ties(view: View, weights: Weights) -> tuple[FloatArray, FloatArray]:
    found = []
    for axis, step in ((1, view.steps[0]), (0, view.steps[1])):
        tie = np.exp(-weights.extent_edges * step**2)
        if view.likely is not None:
            width = [(0, 0), (0, 0)]
            width[axis] = (0, 1)
            jump = np.pad(np.diff(view.likely, axis=axis), width)
            tie = tie * np.exp(-weights.extent_jumps * jump**2)
        found.append(np.asarray(tie + weights.extent_floor, np.float32))
    return found[0], found[1]
