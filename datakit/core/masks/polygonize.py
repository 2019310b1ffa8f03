"""Masks to the coarsest polygons that are still true: the largest tolerance that keeps the mask.

What counts is not how far a vertex moves but what the polygons paint: every candidate is painted
by the rule of the COCO API (`polygons.polygon_mask`) and compared with the mask, so that the
scores given are those that a reader of the file will find.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

import numpy as np
import numpy.typing as npt

from datakit.core.masks.contours import (
    Mask,
    Part,
    count_points,
    cut_corners,
    flat_rings,
    shift_part,
    simplify_part,
    trace_parts,
)
from datakit.core.masks.polygons import polygon_mask
from datakit.core.metrics.mask_metrics import boundary_reach_px, inner_band, overlap
from datakit.errors import InputError

LEAST_IOU = 0.99
LEAST_BOUNDARY_IOU = 0.95
START_PX = 1.0
"""The tolerance that is tried first; the search doubles it or halves it from there."""
SMALLEST_PX = 0.125
"""Below this nothing is left out of an outline of whole pixels: the outline itself is taken."""
HALVINGS = 5
"""Steps of the bisection: the tolerance found is within 1/32 of the bracket of the best one."""


@dataclass(frozen=True)
class Outline:
    """A mask as polygons, and what the simplification lost.

    Attributes
    ----------
    parts : tuple of Part
        In pixel edges of the image.
    tolerance_px : float
        The Douglas-Peucker tolerance; 0: the outline is exact.
    iou, boundary_iou : float
        Of the mask and of what the parts paint, in [0, 1].
    """

    parts: tuple[Part, ...]
    tolerance_px: float
    iou: float
    boundary_iou: float

    @property
    def n_points(self) -> int:
        """The number of vertices of all rings."""
        return count_points(self.parts)

    @property
    def has_holes(self) -> bool:
        """Whether a part has a hole."""
        return any(part.holes for part in self.parts)


def fit_outline(
    mask: Mask,
    *,
    origin_xy: tuple[int, int] = (0, 0),
    image_hw: tuple[int, ...] | None = None,
    least_iou: float = LEAST_IOU,
    least_boundary_iou: float = LEAST_BOUNDARY_IOU,
    start_px: float = START_PX,
) -> Outline:
    """Find the largest tolerance whose polygons keep IoU and boundary IoU.

    Parameters
    ----------
    mask : (H, W) bool or uint8
        Nonzero is inside; the whole image, or the part of it that holds the object.
    origin_xy : tuple of int
        Where the mask lies in the image.
    image_hw : tuple of int, optional
        Size of the image; the mask's own when absent. The boundary's width follows it.
    least_iou, least_boundary_iou : float
        What the painted polygons must reach, in [0, 1]; 1 and 1 ask for the exact outline.
    start_px : float
        The tolerance that is tried first, in pixels; 0 asks for the exact outline.

    Returns
    -------
    Outline
        Without parts for an empty mask. No part and no hole is ever left out.

    Raises
    ------
    InputError
        If a bound is not in [0, 1], the start is negative, or `trace_parts` refuses the mask.

    References
    ----------
    Douglas, Peucker: Algorithms for the reduction of the number of points required to represent a
    digitized line or its caricature. Cartographica 10(2), 1973. Cheng et al.: Boundary IoU. 2021.

    Examples
    --------
    >>> disc = np.hypot(*np.ogrid[-40:41, -40:41]) < 30
    >>> found = fit_outline(disc)
    >>> found.iou >= 0.99, found.boundary_iou >= 0.95, found.n_points < 60
    (True, True, True)
    """
    for bound in (least_iou, least_boundary_iou):
        if not 0 <= bound <= 1:
            raise InputError(f"outline: expected a bound from 0 to 1, found {bound}")
    if not start_px >= 0:
        raise InputError(f"outline: expected a tolerance of 0 or more pixels, found {start_px}")
    height, width = mask.shape if image_hw is None else image_hw
    exact = trace_parts(mask)
    judge = _Judge(mask, boundary_reach_px((height, width)), least_iou, least_boundary_iou)
    smooth = [cut_corners(part) for part in exact]
    tolerance = _largest(smooth, judge, start_px, hypot(*mask.shape) / 2)
    x, y = origin_xy
    while tolerance:
        simple = [shift_part(simplify_part(part, tolerance), x, y) for part in smooth]
        painted = _painted(simple, height, width)[y : y + mask.shape[0], x : x + mask.shape[1]]
        scores = judge.scores(painted)
        if judge.passes(*scores) and count_points(simple) < count_points(exact):
            return Outline(tuple(simple), tolerance, *scores)
        # In double precision a line far from the origin may round a tie the other way.
        tolerance = tolerance / 2 if tolerance > SMALLEST_PX else 0.0
    return Outline(tuple(shift_part(part, x, y) for part in exact), 0.0, 1.0, 1.0)


class _Judge:
    """Compares painted polygons with one mask, whose boundary is computed once."""

    def __init__(self, mask: Mask, reach_px: int, iou: float, boundary_iou: float) -> None:
        self._mask = (mask != 0).view(np.uint8)
        self._reach_px = reach_px
        self._least = iou, boundary_iou
        self._band = inner_band(self._mask, reach_px)

    def accepts(self, parts: list[Part]) -> bool:
        """Tell whether the parts, in pixel edges of the mask, paint what they must."""
        height, width = self._mask.shape
        painted = _painted(parts, height, width)
        # The boundary takes longer, and nothing can save an overlap that is too small.
        if overlap(painted, self._mask) < self._least[0]:
            return False
        return self._boundary(painted) >= self._least[1]

    def scores(self, painted: npt.NDArray[np.uint8]) -> tuple[float, float]:
        """Return IoU and boundary IoU."""
        return overlap(painted, self._mask), self._boundary(painted)

    def passes(self, iou: float, boundary_iou: float) -> bool:
        """Tell whether the scores are what they must be."""
        return iou >= self._least[0] and boundary_iou >= self._least[1]

    def _boundary(self, painted: npt.NDArray[np.uint8]) -> float:
        return overlap(inner_band(painted, self._reach_px), self._band)


def _largest(parts: list[Part], judge: _Judge, start_px: float, most_px: float) -> float:
    """Bracket the largest tolerance that passes by doubling or halving, then bisect."""

    def passes(tolerance: float) -> bool:
        return judge.accepts([simplify_part(part, tolerance) for part in parts])

    if not parts or not start_px:
        return 0.0
    good, bad = 0.0, min(start_px, most_px)
    while bad <= most_px and passes(bad):
        good, bad = bad, bad * 2
    if bad > most_px:
        return good
    while not good and bad > SMALLEST_PX:
        good, bad = (bad / 2, bad) if passes(bad / 2) else (0.0, bad / 2)
    if not good:
        return 0.0
    for _ in range(HALVINGS):
        middle = (good + bad) / 2
        good, bad = (middle, bad) if passes(middle) else (good, middle)
    return good


def _painted(parts: list[Part], height: int, width: int) -> npt.NDArray[np.uint8]:
    rings, owners = flat_rings(parts)
    return polygon_mask(rings, height, width, "evenodd", owners)
