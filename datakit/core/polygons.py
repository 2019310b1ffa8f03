"""Polygons to masks, by the rule of the COCO API, bit for bit, without tracing the outline.

The rule (`rleFrPoly` in cocoapi's maskApi.c, Dollar and Lin 2015): the vertices are rounded to a
grid five times finer than the pixels, each edge is traced there as a digital line of unit steps,
and wherever that trace steps over the middle of a pixel column (from u = 5c + 2 to u = 5c + 3, or
back) the column's pixels below that point toggle between outside and inside. The API walks every
point of the trace; here the step over each column's middle is computed directly, for all edges of
all rings at once, with the same double-precision expressions, so that the result is identical.

A ring is an (N, 2) float64 array of x, y in pixel edges (0, 0 is the upper left corner of the
image), closed by itself whether or not the first point is repeated. Within one ring overlaps
cancel (even-odd), as they do in the API; `rule` says what happens between rings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from datakit.core.rings import Ring
from datakit.core.runs import (
    Counts,
    check_size,
    counts_to_mask,
    spans_to_counts,
)
from datakit.errors import InputError

Rule = Literal["union", "evenodd"]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MAX_COORDINATE_PX = float(1 << 24)
"""Coordinates beyond this raise: the API's 32-bit integers would overflow not far from here."""
MAX_CROSSINGS = 1 << 23
"""Bound on (edges x columns they cross), so that a hostile zigzag cannot take all memory."""


def polygon_mask(
    rings: Sequence[Ring],
    height: int,
    width: int,
    rule: Rule = "union",
    owners: Sequence[int] | None = None,
    value: int = 1,
) -> npt.NDArray[np.uint8]:
    """Paint rings into one (height, width) uint8 mask: `value` inside, 0 outside.

    Equal to pycocotools' `decode(merge(frPyObjects(polygons, height, width)))` for the union.
    See `polygon_counts` for the parameters and the errors.

    Examples
    --------
    >>> square = np.array([[1.0, 1.0], [3.0, 1.0], [3.0, 3.0], [1.0, 3.0]])
    >>> polygon_mask([square], 4, 4).tolist()
    [[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    """
    counts = polygon_counts(rings, height, width, rule, owners)
    return counts_to_mask(counts, height, width, value)


def polygon_counts(
    rings: Sequence[Ring],
    height: int,
    width: int,
    rule: Rule = "union",
    owners: Sequence[int] | None = None,
) -> Counts:
    """Return the canonical column-major counts of all rings together.

    Parameters
    ----------
    rings : sequence of (N, 2) float64
        x, y in pixel edges. No ring, or a ring of no points, paints nothing.
    height, width : int
        Of the image, in pixels. What lies outside is cut off.
    rule : {"union", "evenodd"}
        "union": inside any ring is inside (the COCO rule). "evenodd": the rings of one owner
        cancel where they overlap, so that a ring within a ring is a hole; owners are united.
    owners : sequence of int, optional
        For each ring the annotation it belongs to; by default all rings belong to one. Only
        "evenodd" asks.

    Raises
    ------
    InputError
        When a ring is not (N, 2), a coordinate is not finite or beyond `MAX_COORDINATE_PX`, the
        size is impossible, or the outlines cross columns more than `MAX_CROSSINGS` times.

    Examples
    --------
    >>> outer = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    >>> polygon_counts([outer, outer / 2 + 1], 4, 4, "evenodd").tolist()
    [0, 5, 2, 2, 2, 5]
    """
    position, ring = _crossings(rings, height, width)
    group = ring if rule == "union" else _owner_of(ring, owners)
    starts, ends = _spans(position, group, height * width, len(rings))
    return spans_to_counts(starts, ends, height * width)


def polygon_counts_each(
    rings: Sequence[Ring],
    owners: Sequence[int],
    height: int,
    width: int,
    rule: Rule = "union",
) -> list[Counts]:
    """Return the counts of each owner (annotation) on its own, computed in one pass.

    Parameters
    ----------
    rings, height, width, rule
        As in `polygon_counts`.
    owners : sequence of int
        For each ring the index of its annotation, not decreasing, from 0.

    Returns
    -------
    list of counts
        One for each owner 0 … max(owners).

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])
    >>> [c.tolist() for c in polygon_counts_each([square, square + 1], [0, 1], 3, 3)]
    [[0, 2, 1, 2, 4], [4, 2, 1, 2]]
    """
    position, ring = _crossings(rings, height, width)
    owner_of_ring = np.asarray(owners, dtype=np.int64)
    if len(owner_of_ring) != len(rings) or bool((np.diff(owner_of_ring, prepend=0) < 0).any()):
        raise InputError("owners: expected one non-decreasing index from 0 for each ring")
    n_owners = int(owner_of_ring[-1]) + 1 if len(rings) else 0
    group = ring if rule == "union" else owner_of_ring[ring]
    starts, ends = _spans(position, group, height * width, len(rings))
    # Each group's crossings are even in number, so spans stay grouped by owner, in order.
    crossings_of_owner = np.bincount(owner_of_ring[ring], minlength=n_owners)
    cuts = np.cumsum(crossings_of_owner // 2)[:-1]
    return [
        spans_to_counts(start, end, height * width)
        for start, end in zip(np.split(starts, cuts), np.split(ends, cuts), strict=True)
    ][:n_owners]


def _owner_of(ring: Ints, owners: Sequence[int] | None) -> Ints:
    if owners is None:
        return np.zeros_like(ring)
    return np.asarray(owners, dtype=np.int64)[ring]


def _spans(position: Ints, group: Ints, n_pixels: int, n_groups: int) -> tuple[Ints, Ints]:
    """Pair the crossings of each group into half-open spans.

    A closed outline steps over a column's middle as often forwards as backwards, so every group
    has an even number of crossings in every column and no pair spans two groups.
    """
    if n_groups == 1:
        toggles = np.sort(position)
    else:
        offset = group * (n_pixels + 1)
        toggles = np.sort(position + offset) - np.sort(offset)
    return toggles[0::2], toggles[1::2]


def _crossings(rings: Sequence[Ring], height: int, width: int) -> tuple[Ints, Ints]:
    """Return where outlines step over column middles: column-major position, and the ring."""
    check_size(height, width)
    edges, ring = _edges(rings)
    x0, y0, x1, y1 = edges
    # Columns whose middle lies between the ends: from u <= 5c + 2 to u >= 5c + 3.
    first = np.maximum(np.ceil((np.minimum(x0, x1) - 2) / 5), 0)
    last = np.minimum(np.floor((np.maximum(x0, x1) - 3) / 5), width - 1)
    n_columns = np.maximum(last - first + 1, 0).astype(np.int64)
    total = int(n_columns.sum())
    if total > MAX_CROSSINGS:
        raise InputError(
            f"polygons: expected outlines that cross columns at most {MAX_CROSSINGS} times, "
            f"found {total}; the polygon is corrupt, or paint fewer annotations at once"
        )
    shallow = np.abs(x1 - x0) >= np.abs(y1 - y0)
    order = np.concatenate((np.flatnonzero(shallow), np.flatnonzero(~shallow)))
    n_columns = n_columns[order]
    line = _lines(edges, shallow)[:, order]
    ends = np.cumsum(n_columns)
    edge = np.repeat(np.arange(len(order)), n_columns)
    column = np.arange(total) + (first[order] - ends + n_columns)[edge]
    xs, ys, slope = line[:, edge]
    n_shallow = int(ends[np.count_nonzero(shallow) - 1]) if shallow.any() else 0
    flat, steep = slice(n_shallow), slice(n_shallow, None)
    v = np.empty(total)
    v[flat] = _v_shallow(column[flat], xs[flat], ys[flat], slope[flat])
    v[steep] = _v_steep(column[steep], xs[steep], ys[steep], slope[steep])
    row = np.minimum(np.maximum(np.ceil((v - 2) / 5), 0), height)
    position = (column * height + row).astype(np.int64)
    return position, ring[order][edge]


def _edges(rings: Sequence[Ring]) -> tuple[Floats, Ints]:
    """Return x0, y0, x1, y1 (4, E) of all edges on the fine grid, and each edge's ring."""
    lengths = np.array([len(ring) for ring in rings], dtype=np.int64)
    for ring in rings:
        if ring.ndim != 2 or ring.shape[1] != 2:
            raise InputError(f"ring: expected shape (N, 2), found {ring.shape}")
    points = np.concatenate([np.zeros((0, 2)), *rings]).astype(np.float64, copy=False).T
    if not np.abs(points).max(initial=0) <= MAX_COORDINATE_PX:
        raise InputError(
            f"ring: expected finite coordinates within {MAX_COORDINATE_PX:.0f} pixels, "
            f"found {points.min()} to {points.max()}; the polygon is corrupt"
        )
    edges = np.empty((4, points.shape[1]))
    # C's (int) cuts towards zero; the numbers stay doubles, in which they are exact.
    np.trunc(points * 5 + 0.5, out=edges[:2])
    edges[2:, :-1] = edges[:2, 1:]
    filled = lengths[lengths > 0]
    ends = np.cumsum(filled)
    edges[2:, ends - 1] = edges[:2, ends - filled]
    return edges, np.repeat(np.arange(len(rings)), lengths)


def _lines(edges: Floats, shallow: npt.NDArray[np.bool_]) -> Floats:
    """Return the start and slope (xs, ys, slope) (3, E) of each edge as the API traces it.

    The longer axis is stepped through in the direction in which it grows; `slope` is the change of
    the other axis at each step.
    """
    x0, y0, x1, y1 = edges
    step_x, step_y = x1 - x0, y1 - y0
    along = np.where(shallow, step_x, step_y)
    across = np.where(shallow, step_y, step_x)
    flip = along < 0
    line = np.where(flip, edges[2:], edges[:2])
    # (-a) / (-b) is the same double as a / b; an edge without length is never crossed.
    slope = across / np.where(along == 0, 1, along)
    return np.concatenate((line, slope[None]))


def _v_shallow(column: Floats, xs: Floats, ys: Floats, slope: Floats) -> Floats:
    """Return the upper of the two fine rows at u = 5c + 2 and 5c + 3, for edges stepped in x."""
    t = column * 5 + 2 - xs + (slope < 0)
    v: Floats = np.trunc(ys + slope * t + 0.5)
    return v


def _v_steep(column: Floats, xs: Floats, ys: Floats, slope: Floats) -> Floats:
    """Return the fine row just before u steps over a column's middle, for edges stepped in y.

    The step is where xs + slope * t + .5 passes 5c + 3. The estimate from the inverse is off by
    one where that is a tie that doubles round one way or the other: the API's own expression
    decides at both places.
    """
    after = column * 5 + 3
    t = np.floor((after - 0.5 - xs) / slope)
    rising = slope > 0
    before_t = (xs + slope * t + 0.5 < after) == rising
    before_next = (xs + slope * (t + 1) + 0.5 < after) == rising
    v: Floats = ys + t + before_t + before_next - 1
    return v
