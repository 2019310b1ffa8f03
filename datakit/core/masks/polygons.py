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
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from datakit.core.masks.rings import Ring
from datakit.core.masks.runs import (
    Counts,
    check_size,
    counts_to_mask,
    spans_to_counts,
    spans_to_runs,
    unite_spans,
)
from datakit.errors import InputError

Rule = Literal["union", "evenodd"]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MAX_COORDINATE_PX = float(1 << 24)
"""Coordinates beyond this raise: the API's 32-bit integers would overflow not far from here."""
MAX_CROSSINGS = 1 << 23
"""Bound on (edges x columns they cross), so that a hostile zigzag cannot take all memory."""
_NOW_AND_NEXT = np.array([[0.0], [1.0]])


def polygon_mask(
    rings: Sequence[Ring],
    height: int,
    width: int,
    rule: Rule = "union",
    owners: Sequence[int] | None = None,
    value: int = 1,
    out: npt.NDArray[np.uint8] | None = None,
) -> npt.NDArray[np.uint8]:
    """Paint rings into one (height, width) uint8 mask: `value` inside, 0 outside.

    Equal to pycocotools' `decode(merge(frPyObjects(polygons, height, width)))` for the union.
    See `polygon_counts` for the rings and the errors, `runs.counts_to_mask` for `out`.

    Examples
    --------
    >>> square = np.array([[1.0, 1.0], [3.0, 1.0], [3.0, 3.0], [1.0, 3.0]])
    >>> polygon_mask([square], 4, 4).tolist()
    [[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    """
    starts, ends = _by_rule(rings, height, width, rule, owners)
    runs = spans_to_runs(starts, ends, height * width)
    return counts_to_mask(runs, height, width, value, out)


def polygon_spans(
    rings: Sequence[Ring],
    height: int,
    width: int,
    rule: Rule = "union",
    owners: Sequence[int] | None = None,
) -> tuple[Ints, Ints]:
    """Return where the column-major spans of all rings together begin, and end behind.

    Ascending and apart, as `datakit.core.masks.span_mask.SpanMask` takes them; see
    `polygon_counts` for the rings and the errors.

    Examples
    --------
    >>> square = np.array([[1.0, 1.0], [3.0, 1.0], [3.0, 3.0], [1.0, 3.0]])
    >>> [edges.tolist() for edges in polygon_spans([square], 4, 4)]
    [[5, 9], [7, 11]]
    """
    return unite_spans(*_by_rule(rings, height, width, rule, owners))


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
    starts, ends = _by_rule(rings, height, width, rule, owners)
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
    owner = owner_of_ring.repeat(len(position)) if ring is None else owner_of_ring[ring]
    starts, ends = _spans(position, ring if rule == "union" else owner, height * width)
    # Every group's crossings are even in number, so the spans lie together by owner, in order.
    cuts = (np.bincount(owner, minlength=n_owners) // 2).cumsum()
    return [
        spans_to_counts(starts[first:last], ends[first:last], height * width)
        for first, last in pairwise([0, *cuts])
    ]


def _by_rule(
    rings: Sequence[Ring], height: int, width: int, rule: Rule, owners: Sequence[int] | None
) -> tuple[Ints, Ints]:
    """Return the spans of all rings by `rule`; those of different groups may overlap."""
    position, ring = _crossings(rings, height, width)
    group = ring
    if rule == "evenodd" and ring is not None:
        group = None if owners is None else np.asarray(owners, dtype=np.int64)[ring]
    return _spans(position, group, height * width)


def _spans(position: Ints, group: Ints | None, n_pixels: int) -> tuple[Ints, Ints]:
    """Pair the crossings of each group into half-open spans, group by group.

    A closed outline steps over a column's middle as often forwards as backwards, so every group
    has an even number of crossings in every column and no pair spans two groups.
    """
    if group is None:
        position.sort()
    else:
        bits = n_pixels.bit_length()
        position += group << bits
        position.sort()
        position &= (1 << bits) - 1
    return position[0::2], position[1::2]


def _crossings(rings: Sequence[Ring], height: int, width: int) -> tuple[Ints, Ints | None]:
    """Return where outlines step over column middles: column-major position, and the ring.

    The ring is None when there is only one.
    """
    check_size(height, width)
    lengths = [len(ring) for ring in rings]
    start, end = _edges(rings, lengths, width)
    step = end - start
    n_columns = np.abs(step[2]).astype(np.int64)
    total = int(n_columns.sum())
    if total > MAX_CROSSINGS:
        raise InputError(
            f"polygons: expected outlines that cross columns at most {MAX_CROSSINGS} times, "
            f"found {total}; the polygon is corrupt, or paint fewer annotations at once"
        )
    shallow = np.abs(step[0]) >= np.abs(step[1])
    # Shallow edges first, so that each kind's crossings lie together.
    order = (~shallow).argsort(kind="stable")
    n_columns = n_columns[order]
    n_shallow = int(n_columns[: np.count_nonzero(shallow)].sum())
    line = _lines(start, end, step, shallow)[:, order]
    line[3] -= n_columns.cumsum() - n_columns
    xs, ys, slope, column = line.repeat(n_columns, axis=1)
    column += np.arange(total)
    left = column * 5 + 2
    v = ys
    _trace_shallow(left[:n_shallow], xs[:n_shallow], v[:n_shallow], slope[:n_shallow])
    _trace_steep(left[n_shallow:], xs[n_shallow:], v[n_shallow:], slope[n_shallow:])
    v -= 2
    v /= 5
    column *= height
    np.maximum(np.ceil(v, out=v), 0, out=v)
    column += np.minimum(v, height, out=v)
    position = column.astype(np.int64)
    if len(rings) == 1:
        return position, None
    return position, np.arange(len(rings)).repeat(lengths)[order].repeat(n_columns)


def _edges(rings: Sequence[Ring], lengths: list[int], width: int) -> tuple[Floats, Floats]:
    """Return the starts and the ends (3, E) of all edges.

    Rows are x and y on the fine grid, and the number of column middles (within the image) left of
    x: an edge steps over those columns in which its ends differ.
    """
    for ring in rings:
        if ring.ndim != 2 or ring.shape[1] != 2:
            raise InputError(f"ring: expected shape (N, 2), found {ring.shape}")
    points = np.concatenate((*rings, np.empty((0, 2)))).T
    start = np.empty((3, points.shape[1]))
    # C's (int) cuts towards zero; the numbers stay doubles, in which they are exact.
    grid = np.trunc(points * 5 + 0.5, out=start[:2])
    if not np.abs(grid).max(initial=0) <= 5 * MAX_COORDINATE_PX:
        raise InputError(
            f"ring: expected finite coordinates within {MAX_COORDINATE_PX:.0f} pixels, "
            f"found {points.min()} to {points.max()}; the polygon is corrupt"
        )
    columns = np.maximum(np.ceil((grid[0] - 2) / 5), 0)
    np.minimum(columns, width, out=start[2])
    end = np.empty_like(start)
    end[:, :-1] = start[:, 1:]
    first = 0
    for length in lengths:
        if length:
            end[:, first + length - 1] = start[:, first]
        first += length
    return start, end


def _lines(start: Floats, end: Floats, step: Floats, shallow: npt.NDArray[np.bool_]) -> Floats:
    """Return each edge as the API traces it: xs, ys, slope, and its first column (4, E).

    The longer axis is stepped through in the direction in which it grows; `slope` is the change of
    the other axis at each step.
    """
    along, across = np.where(shallow, step[:2], step[1::-1])
    line = np.empty((4, len(along)))
    line[:2] = np.where(along < 0, end[:2], start[:2])
    # (-a) / (-b) is the same double as a / b; an edge without length is never stepped over.
    along[along == 0] = 1
    np.divide(across, along, out=line[2])
    np.minimum(start[2], end[2], out=line[3])
    return line


def _trace_shallow(left: Floats, xs: Floats, v: Floats, slope: Floats) -> None:
    """Put the upper of the two fine rows at u = left and left + 1 into v, which holds ys."""
    v += slope * (left - xs + (slope < 0))
    v += 0.5
    np.trunc(v, out=v)


def _trace_steep(left: Floats, xs: Floats, v: Floats, slope: Floats) -> None:
    """Put the fine row just before u steps from left to left + 1 (or back) into v (ys on entry).

    That is where xs + slope * t + .5 passes left + 1. The estimate of t from the inverse is one
    too small where that is a tie that doubles round one way or the other: the API's own expression
    decides, at the estimate and after it.
    """
    t = np.floor((left + 0.5 - xs) / slope)
    tries = t + _NOW_AND_NEXT
    u = xs + slope * tries
    u += 0.5
    before = (u < left + 1) == (slope > 0)
    v += t
    v += before[0]
    v += before[1]
    v -= 1
