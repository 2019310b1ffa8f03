"""Outlines cut at the pixels' borders: the signed area that each piece leaves to its pixel.

An edge from upper to lower end counts +1, from lower to upper -1. The piece of it within one pixel
has a height, its `cover`, and a mean distance from the pixel's left side: it adds
`cover * (1 - distance)` to its pixel and `cover` to every pixel right of it. Summed from the left,
that is the area by winding number in each pixel (signed-area accumulation as in FreeType's smooth
rasterizer, Levien's font-rs and Barrett's stb_truetype 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datakit.core.masks.polygons import MAX_COORDINATE_PX, MAX_CROSSINGS
from datakit.core.masks.rings import Ring
from datakit.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Edges:
    """Edges that leave something to a pixel of the image, upper end first; each field is (E,).

    x at a row y is `x0 + (y - y0) / dy * dx`, in that order, which cannot overflow; `dy` is 1 of a
    level edge. `top` and `bottom` are its ends in y cut to the image, `left` and `right` its ends
    in x. `sign` is 1 where the outline runs down the edge, -1 where it runs up. `number` counts
    the edges along the outlines without those that have no length, so that neighbours differ by 1;
    `n_in_ring` is how many the ring has.
    """

    x0: Floats
    y0: Floats
    dx: Floats
    dy: Floats
    top: Floats
    bottom: Floats
    left: Floats
    right: Floats
    sign: Floats
    ring: Ints
    number: Ints
    n_in_ring: Ints


@dataclass(frozen=True)
class Crops:
    """For each ring the pixels that it can touch, with one more column for what lies right of it.

    Each is (R,) int64. `first` is where the ring's crop begins when all crops lie one after the
    other, row by row; `stride` is a row's length, the additional column included.
    """

    top: Ints
    bottom: Ints
    left: Ints
    stride: Ints
    first: Ints


@dataclass(frozen=True)
class Cells:
    """The pixels that outlines run through, in order of their place in the crops.

    `area` is the signed area in the pixel by winding number, `beyond` the winding number of the
    pixels that follow up to the next cell. `single` tells that one strand of the outline runs
    through the pixel and surely does not cross itself there: then only two winding numbers occur
    in it, next to each other, and the area is exact under any rule.
    """

    place: Ints
    area: Floats
    beyond: Floats
    single: Bools


def outline_edges(rings: Sequence[Ring], height: int) -> Edges:
    """Return the edges of all rings within the image's rows.

    Raises
    ------
    InputError
        When a ring is not (N, 2), or a coordinate is not finite or beyond `MAX_COORDINATE_PX`.
    """
    for ring in rings:
        if ring.ndim != 2 or ring.shape[1] != 2:
            raise InputError(f"ring: expected shape (N, 2), found {ring.shape}")
    points = np.concatenate((*rings, np.empty((0, 2))))
    if not np.abs(points).max(initial=0) <= MAX_COORDINATE_PX:
        raise InputError(
            f"ring: expected finite coordinates within {MAX_COORDINATE_PX:.0f} pixels, "
            f"found {points.min()} to {points.max()}; the polygon is corrupt"
        )
    after = np.concatenate((*(np.roll(ring, -1, axis=0) for ring in rings), np.empty((0, 2))))
    of_ring = np.arange(len(rings)).repeat([len(ring) for ring in rings])
    down = points[:, 1] < after[:, 1]
    upper = np.where(down[:, None], points, after)
    lower = np.where(down[:, None], after, points)
    top, bottom = np.maximum(upper[:, 1], 0), np.minimum(lower[:, 1], height)
    # A level edge has no cover, but the pixels that it runs through are cells all the same.
    level = (top == bottom) & (top != np.floor(top))
    has_length = (points != after).any(axis=1)
    (used,) = np.nonzero((top < bottom) | (level & has_length))
    (x0, y0), (x1, y1) = upper[used].T, lower[used].T
    return Edges(
        x0=x0,
        y0=y0,
        dx=x1 - x0,
        dy=np.where(level[used], 1, y1 - y0),
        top=top[used],
        bottom=bottom[used],
        left=np.minimum(x0, x1),
        right=np.maximum(x0, x1),
        sign=np.where(down[used], 1.0, -1.0),
        ring=of_ring[used],
        number=has_length.cumsum()[used],
        n_in_ring=np.bincount(of_ring[has_length], minlength=len(rings))[of_ring[used]],
    )


def ring_crops(rings: Sequence[Ring], height: int, width: int) -> Crops:
    """Return each ring's pixels; a ring of no points, or outside, has none."""
    bounds = np.zeros((len(rings), 4))
    for i, ring in enumerate(rings):
        if len(ring):
            bounds[i, :2], bounds[i, 2:] = ring.min(axis=0), ring.max(axis=0)
    left, right = np.floor(bounds[:, 0]).clip(0, width), np.ceil(bounds[:, 2]).clip(0, width)
    top, bottom = np.floor(bounds[:, 1]).clip(0, height), np.ceil(bounds[:, 3]).clip(0, height)
    stride = right - left + 1
    end = np.cumsum((bottom - top) * stride)
    ints = (
        array.astype(np.int64)
        for array in (top, bottom, left, stride, end - (bottom - top) * stride)
    )
    return Crops(*ints)


def outline_cells(edges: Edges, crops: Crops, width: int) -> Cells:
    """Sum up the pieces of all edges in each pixel.

    Raises
    ------
    InputError
        When the outlines have more than `MAX_CROSSINGS` pieces.
    """
    place, cover, distance, edge = _pieces(edges, crops, width)
    # Outlines run from pixel to neighbouring pixel: long rising and falling runs, which the
    # stable sort merges. Within a pixel the edges stay in their order along the outline.
    order = place.argsort(kind="stable")
    place = place[order]
    cover = cover[order]
    is_last = np.ones(len(place), dtype=bool)
    np.not_equal(place[1:], place[:-1], out=is_last[:-1])
    last = np.flatnonzero(is_last)
    beyond = cover.cumsum()[last]
    missing = (cover * distance[order]).cumsum()[last]
    area = beyond - missing
    area[1:] += missing[:-1]
    return Cells(place[last], area, np.rint(beyond), _single(edges, edge[order], last))


def _single(edges: Edges, edge: Ints, last: Ints) -> Bools:
    """Tell the cells in which the edges are neighbours, and two at most or all of one direction.

    Neighbouring edges that all rise, or all fall, or all run left or right cannot cross. `edge` is
    that of each piece, cell by cell; `last` where each cell's pieces end.
    """
    n_edges = last - np.concatenate(([-1], last[:-1]))
    single: Bools = n_edges == 1
    (several,) = np.nonzero(~single)
    if not len(several):
        return single
    n_edges, end = n_edges[several], edge[last[several]]
    piece, _ = _expand(last[several] - n_edges + 1.0, n_edges)
    edge = edge[piece.astype(np.int64)]
    begins = n_edges.cumsum() - n_edges
    number = edges.number[edge]
    jump = np.concatenate(([0], number[1:] - number[:-1])) > 1
    jump[begins] = False
    down = edges.sign[edge] > 0
    rightwards = (edges.dx[edge] > 0) == down
    kinds = np.stack((jump, down, rightwards)).astype(np.int64)
    jumps, downs, rights = np.add.reduceat(kinds, begins, axis=1)
    # The first and the last edge of a ring are neighbours too.
    seam = edges.number[end] - number[begins] == edges.n_in_ring[end] - 1
    chain = (jumps == 0) | ((jumps == 1) & seam)
    one_way = (downs % n_edges == 0) | (rights % n_edges == 0)
    single[several] = chain & ((n_edges <= 2) | one_way)
    return single


def _pieces(edges: Edges, crops: Crops, width: int) -> tuple[Ints, Floats, Floats, Ints]:
    """Cut edges at rows, then at columns: place in the crops, cover, distance, and edge."""
    row, edge = _expand(np.floor(edges.top), np.ceil(edges.bottom) - np.floor(edges.top))
    ends = np.stack((np.maximum(row, edges.top[edge]), np.minimum(row + 1, edges.bottom[edge])))
    cover = (ends[1] - ends[0]) * edges.sign[edge]
    ends -= edges.y0[edge]
    ends /= edges.dy[edge]
    ends *= edges.dx[edge]
    ends += edges.x0[edge]
    # Rounding must not carry an end over the edge's own ends, and so out of the crop.
    left = np.maximum(ends.min(axis=0), edges.left[edge])
    right = np.minimum(ends.max(axis=0), edges.right[edge])
    level = edges.top[edge] == edges.bottom[edge]
    left = np.where(level, edges.left[edge], left)
    right = np.where(level, edges.right[edge], right)
    ring = edges.ring[edge]
    place = crops.first[ring] + (row.astype(np.int64) - crops.top[ring]) * crops.stride[ring]
    place -= crops.left[ring]
    # Column -1 stands for all that lies left of the image, column `width` for the right.
    first = np.minimum(np.maximum(np.floor(left), -1), width)
    n_columns = np.minimum(np.maximum(np.ceil(right) - 1, first), width) - first + 1
    column, piece = _expand(first, n_columns)
    start = np.maximum(left[piece], np.where(column < 0, -np.inf, column))
    stop = np.minimum(right[piece], np.where(column >= width, np.inf, column + 1))
    share = np.ones(len(column))
    np.divide(stop - start, (right - left)[piece], out=share, where=(n_columns > 1)[piece])
    column = np.maximum(column, 0)
    distance = np.minimum(np.maximum((start + stop) / 2 - column, 0), 1)
    return place[piece] + column.astype(np.int64), cover[piece] * share, distance, edge[piece]


def _expand(first: Floats, count: Floats | Ints) -> tuple[Floats, Ints]:
    """Return first, first + 1, … (count of them) for each entry, and the entry's index."""
    total = int(count.sum())
    if total > MAX_CROSSINGS:
        raise InputError(
            f"polygons: expected outlines that pass through at most {MAX_CROSSINGS} pixels, "
            f"found {total}; the polygon is corrupt, or paint fewer annotations at once"
        )
    entry = np.arange(len(first)).repeat(count.astype(np.int64))
    return np.arange(total) + (first - count.cumsum() + count)[entry], entry
