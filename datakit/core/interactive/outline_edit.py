"""A label's outline as rings of vertices, and what reshaping one of them does to the label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datakit.core.interactive.prompts import MOST_POINTS, Point
from datakit.core.masks.polygonize import fit_outline
from datakit.core.masks.polygons import polygon_mask
from datakit.errors import InputError

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class OutlineEdit:
    """One ring of an outline, before and after a person moved its vertices.

    Attributes
    ----------
    before, after : tuple of (x, y)
        Pixel edges, at least three vertices each.
    hole : bool
        The ring is the edge of a hole: what it encloses is not the subject.
    """

    before: tuple[Point, ...]
    after: tuple[Point, ...]
    hole: bool = False

    def __post_init__(self) -> None:
        for ring in (self.before, self.after):
            if not 3 <= len(ring) <= MOST_POINTS:
                raise InputError(
                    f"outline: expected 3 to {MOST_POINTS} vertices, found {len(ring)}"
                )
            if not np.isfinite(np.array(ring)).all():
                raise InputError("outline: expected numbers, found a vertex without a place")


@dataclass(frozen=True, slots=True)
class OutlineRing:
    """One ring of a label's outline.

    Attributes
    ----------
    points : list of (x, y)
        Pixel edges.
    hole : bool
    """

    points: list[Point]
    hole: bool


def outline_rings(mask: Bools) -> list[OutlineRing]:
    """Return the outline of an (H, W) mask in as few vertices as keep IoU 0.99.

    Examples
    --------
    >>> mask = np.zeros((6, 8), bool)
    >>> mask[1:5, 2:7] = True
    >>> [(len(ring.points), ring.hole) for ring in outline_rings(mask)]
    [(4, False)]
    >>> outline_rings(np.zeros((6, 8), bool))
    []
    """
    if not mask.any():
        return []
    rings: list[OutlineRing] = []
    for part in fit_outline(mask).parts:
        rings.append(OutlineRing(part.outer.tolist(), hole=False))
        rings += [OutlineRing(hole.tolist(), hole=True) for hole in part.holes]
    return rings


def reshaped(mask: Bools, edit: OutlineEdit) -> Bools:
    """Return a mask whose outline follows a reshaped ring: (H, W) bool.

    Only pixels between the two rings change, so that what the vertices left out of the outline
    (they are fewer than its pixels) stays everywhere else.

    Examples
    --------
    >>> mask = np.zeros((6, 8), bool)
    >>> mask[1:5, 2:5] = True
    >>> square = ((2, 1), (5, 1), (5, 5), (2, 5))
    >>> wider = ((2, 1), (7, 1), (7, 5), (2, 5))
    >>> int(reshaped(mask, OutlineEdit(square, wider)).sum() - mask.sum())
    8
    """
    size_hw = (mask.shape[0], mask.shape[1])
    before, after = (_inside(ring, size_hw) for ring in (edit.before, edit.after))
    gained, lost = after & ~before, before & ~after
    if edit.hole:
        gained, lost = lost, gained
    return np.asarray((mask | gained) & ~lost)


def _inside(ring: tuple[Point, ...], size_hw: tuple[int, int]) -> Bools:
    return polygon_mask([np.array(ring, np.float64)], *size_hw).astype(bool)
