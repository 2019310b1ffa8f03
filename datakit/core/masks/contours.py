"""Masks to polygons without loss: the outlines of a mask's parts and holes, along pixel borders.

The outline of a part runs between its pixels and their neighbours, so that its vertices are whole
numbers in pixel edges and `polygons.polygon_mask` (the rule of the COCO API) paints exactly the
same pixels again. Pixels that touch at a corner are one part (8-connected), as background pixels
that touch at a corner are two holes (4-connected).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.masks.rings import MIN_POINTS, Ring
from datakit.errors import InputError

Mask = npt.NDArray[np.bool_] | npt.NDArray[np.uint8]

MAX_TRACED_PIXELS = 1 << 26
"""Largest box around a mask's pixels that is traced: beyond it, the outline takes gigabytes."""

_NO_TOLERANCE_PX = 0.1


@dataclass(frozen=True)
class Part:
    """One connected part of a mask: its outer ring, and a ring for each hole in it.

    Rings are (N, 2) float64 in x, y pixel edges, not closed by a repeated point.
    """

    outer: Ring
    holes: tuple[Ring, ...] = ()

    @property
    def rings(self) -> tuple[Ring, ...]:
        """The outer ring and the holes."""
        return (self.outer, *self.holes)


def trace_parts(mask: Mask) -> list[Part]:
    """Return the outlines of a mask's parts, exactly along the borders of its pixels.

    Parameters
    ----------
    mask : (H, W) bool or uint8
        Nonzero is inside.

    Returns
    -------
    list of Part
        From the top, by the first pixel in reading order of each part; none of an empty mask.
        Painted with the rule "evenodd", one owner per part, they give the mask again.

    Raises
    ------
    InputError
        If the mask has another shape or dtype, or its pixels span more than `MAX_TRACED_PIXELS`.

    Examples
    --------
    >>> ring = np.ones((3, 3), bool)
    >>> ring[1, 1] = False
    >>> [part] = trace_parts(ring)
    >>> part.outer.tolist()
    [[0.0, 0.0], [0.0, 3.0], [3.0, 3.0], [3.0, 0.0]]
    >>> sorted(part.holes[0].tolist())
    [[1.0, 1.0], [1.0, 2.0], [2.0, 1.0], [2.0, 2.0]]
    """
    if mask.ndim != 2 or mask.dtype not in (np.bool_, np.uint8):
        raise InputError(f"mask: expected (H, W) bool or uint8, found {mask.shape} of {mask.dtype}")
    pixels = np.ascontiguousarray(mask).view(np.uint8)
    left, top, width, height = cv2.boundingRect(pixels)
    if width * height > MAX_TRACED_PIXELS:
        raise InputError(
            f"mask: expected pixels within a box of {MAX_TRACED_PIXELS} pixels to trace, "
            f"found {width} x {height}; write it as RLE"
        )
    if not width:
        return []
    # Each pixel as two by two: OpenCV's outlines run through the middle of the border pixels, and
    # on this grid rounding up takes every one of them to the pixels' border, inside and out.
    double = cv2.resize(
        pixels[top : top + height, left : left + width],
        None,
        fx=2,
        fy=2,
        interpolation=cv2.INTER_NEAREST,
    )
    found, hierarchy = cv2.findContours(double, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    parents = hierarchy[0, :, 3]
    rings = [_on_borders(outline, left, top) for outline in found]
    holes: dict[int, list[Ring]] = {}
    for ring, parent in zip(rings, parents, strict=True):
        if parent >= 0:
            holes.setdefault(int(parent), []).append(ring)
    parts = [
        Part(ring, tuple(holes.get(number, ())))
        for number, (ring, parent) in enumerate(zip(rings, parents, strict=True))
        if parent < 0
    ]
    return sorted(parts, key=lambda part: (part.outer[0, 1], part.outer[0, 0]))


def _on_borders(outline: npt.NDArray[np.int32], left: int, top: int) -> Ring:
    """Take an outline on the doubled grid to the borders of the pixels, each corner once."""
    points = (outline[:, 0] + 1) >> 1
    moved = (points != np.roll(points, 1, axis=0)).any(axis=1)
    points = points[moved]
    before, after = points - np.roll(points, 1, axis=0), np.roll(points, -1, axis=0) - points
    corner = before[:, 0] * after[:, 1] != before[:, 1] * after[:, 0]
    # Where two pixels touch at a corner the outline may come back the way it went.
    corner |= (before * after).sum(axis=1) < 0
    placed: Ring = points[corner] + np.array([left, top], np.float64)
    return placed


def bridge_holes(part: Part) -> Ring:
    """Join the holes of a part to its outer ring, for formats that know no holes.

    Each hole hangs on the nearest vertex of the outer ring by a bridge that is walked there and
    back. Both ways cross the same pixels, so that they cancel: what is painted (even-odd within
    the ring, as the COCO API does) stays the same to the pixel.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [0.0, 9.0], [9.0, 9.0], [9.0, 0.0]])
    >>> bridge_holes(Part(square, (square / 9 + 1,)))[:7].tolist()
    [[0.0, 0.0], [1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 1.0], [1.0, 1.0], [0.0, 0.0]]
    """
    if not part.holes:
        return part.outer
    from scipy.spatial import cKDTree

    vertices = np.concatenate(part.holes)
    distance, nearest = cKDTree(part.outer).query(vertices)
    hung: dict[int, list[Ring]] = {}
    first = 0
    for hole in part.holes:
        at = first + int(distance[first : first + len(hole)].argmin())
        turned = np.roll(hole, first - at, axis=0)
        hung.setdefault(int(nearest[at]), []).append(np.vstack((turned, turned[:1])))
        first += len(hole)
    pieces: list[Ring] = []
    done = 0
    for number in sorted(hung):
        pieces.append(part.outer[done : number + 1])
        for hole in hung[number]:
            pieces += [hole, part.outer[number : number + 1]]
        done = number + 1
    return np.concatenate((*pieces, part.outer[done:]))


def cut_corners(part: Part) -> Part:
    """Replace each corner of an outline along pixel borders by the middles of its two pixel sides.

    A slanted line, of which the outline makes steps, becomes straight where its steps are regular,
    and its vertices lie on it rather than on either side: simplified, that takes fewer points.
    Every pixel's middle stays on its side.

    Examples
    --------
    >>> steps = np.array([[0.0, 0], [0, 2], [1, 2], [1, 1], [2, 1], [2, 0]])
    >>> cut_corners(Part(steps)).outer[2:6].tolist()
    [[0.5, 2.0], [1.0, 1.5], [1.5, 1.0], [2.0, 0.5]]
    """
    outer, *holes = (_cut(ring) for ring in part.rings)
    return Part(outer, tuple(holes))


def _cut(ring: Ring) -> Ring:
    after = np.roll(ring, -1, axis=0)
    half = np.sign(after - ring) / 2
    points = np.stack((ring + half, after - half), axis=1).reshape(-1, 2)
    # A side of one pixel has one middle.
    cut: Ring = points[(points != np.roll(points, 1, axis=0)).any(axis=1)]
    return cut


def simplify_part(part: Part, tolerance_px: float) -> Part:
    """Leave out the vertices that lie within a tolerance of the line without them.

    Douglas and Peucker (1973), as OpenCV's `approxPolyDP` does it for closed curves. A ring that
    would be left with fewer than three points gets half the tolerance until it has them, so that
    no part or hole is lost.

    Parameters
    ----------
    part : Part
    tolerance_px : float
        In pixels; 0 gives the part itself.

    Examples
    --------
    >>> steps = np.array([[0.0, 0], [0, 1], [1, 1], [1, 2], [9, 2], [9, 0]])
    >>> simplify_part(Part(steps), 1.0).outer.tolist()
    [[0.0, 0.0], [1.0, 2.0], [9.0, 2.0], [9.0, 0.0]]
    """
    if tolerance_px <= 0:
        return part
    outer, *holes = (_simplify(ring, tolerance_px) for ring in part.rings)
    return Part(outer, tuple(holes))


def _simplify(ring: Ring, tolerance_px: float) -> Ring:
    points = ring.astype(np.float32)
    while tolerance_px > _NO_TOLERANCE_PX:
        kept = cv2.approxPolyDP(points, tolerance_px, closed=True)[:, 0]
        if len(kept) >= MIN_POINTS:
            return np.asarray(kept, np.float64)
        tolerance_px /= 2
    return ring


def shift_part(part: Part, x_px: float, y_px: float) -> Part:
    """Move a part."""
    if x_px == y_px == 0:
        return part
    outer, *holes = (ring + np.array([x_px, y_px]) for ring in part.rings)
    return Part(outer, tuple(holes))


def flat_rings(parts: Sequence[Part]) -> tuple[list[Ring], list[int]]:
    """Return all rings of some parts and, for each, the number of its part: to paint "evenodd".

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [0.0, 9.0], [9.0, 9.0], [9.0, 0.0]])
    >>> rings, owners = flat_rings([Part(square, (square / 9,)), Part(square)])
    >>> owners
    [0, 0, 1]
    """
    rings = [ring for part in parts for ring in part.rings]
    owners = [number for number, part in enumerate(parts) for _ in part.rings]
    return rings, owners


def count_points(parts: Iterable[Part]) -> int:
    """Return the number of vertices of some parts."""
    return sum(len(ring) for part in parts for ring in part.rings)
