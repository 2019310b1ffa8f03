"""Soft masks of polygons: the exact area of the polygon within each pixel.

Signed-area accumulation (see `outline_cells`) gives the pixels on the outlines; between them the
value is constant, so that the cost follows the outline and not the area.

Coordinates are pixel edges: x in [0, width], y in [0, height]; what lies outside is cut off.

What is exact (to rounding, 1e-6): every pixel that one strand of one ring's outline runs through,
and every pixel that none does. Where strands meet (two rings, or a ring that crosses or nears
itself) the pixel is computed from `SCANLINES` lines through it, each of which is exact in x.
Within a ring that crosses itself the even-odd rule holds, as it does for `polygons`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.masks.outline_cells import Cells, Crops, outline_cells, outline_edges, ring_crops
from datakit.core.masks.polygons import Rule
from datakit.core.masks.rings import Ring
from datakit.core.masks.runs import check_size
from datakit.core.masks.scanlines import scanline_area
from datakit.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Coverage = npt.NDArray[np.float32]
SCANLINES = 32
"""Lines through a pixel in which outlines meet."""
_ROUNDING = 1e-7
_PIXELS_AT_ONCE = 1 << 15


def polygon_coverage(
    rings: Sequence[Ring],
    height: int,
    width: int,
    rule: Rule = "union",
    owners: Sequence[int] | None = None,
    out: Coverage | None = None,
) -> Coverage:
    """Return the share of each pixel that the rings cover.

    Parameters
    ----------
    rings : sequence of (N, 2) float64
        x, y in pixel edges, closed by themselves.
    height, width : int
        Of the image, in pixels.
    rule : {"union", "evenodd"}
        Between rings, as in `polygons.polygon_counts`.
    owners : sequence of int, optional
        For each ring the annotation it belongs to; only "evenodd" asks.
    out : (height, width) float32, optional
        Written and returned instead of a new array: a loop then touches no new memory.

    Returns
    -------
    (height, width) float32 in [0, 1]

    Raises
    ------
    InputError
        As `polygons.polygon_counts` does; `MAX_CROSSINGS` bounds the pieces of the outlines.

    Examples
    --------
    >>> square = np.array([[0.5, 0.0], [2.0, 0.0], [2.0, 1.5], [0.5, 1.5]])
    >>> polygon_coverage([square], 2, 3).tolist()
    [[0.5, 1.0, 0.0], [0.25, 0.5, 0.0]]
    """
    check_size(height, width)
    edges = outline_edges(rings, height)
    crops = ring_crops(rings, height, width)
    cells = outline_cells(edges, crops, width)
    owner = _owner_of_rings(len(rings), rule, owners)
    coverage = _blank(height, width, out)
    _compose(cells, crops, owner, rule, coverage)
    rows, columns = _meetings(cells, crops, width)
    if len(rows):
        group = owner if rule == "evenodd" else np.arange(len(rings))
        coverage[rows, columns] = scanline_area(edges, group, rows, columns, width, SCANLINES)
    return coverage


def _owner_of_rings(n_rings: int, rule: Rule, owners: Sequence[int] | None) -> Ints:
    """Return an owner for each ring; the union asks for none, so that all rings are of one."""
    if rule == "union" or owners is None:
        return np.zeros(n_rings, dtype=np.int64)
    return np.asarray(owners, dtype=np.int64)


def _compose(cells: Cells, crops: Crops, owner: Ints, rule: Rule, coverage: Coverage) -> None:
    """Lay the rings over one another onto a coverage of zeros.

    Pixels in which at most one of two values is neither 0 nor 1 come out exact: there the larger
    of them is their union, and the difference is what only one of them covers.
    """
    values = _fold(np.stack((cells.area, cells.beyond), axis=1)).astype(np.float32)
    distinct = sorted(set(owner.tolist()))
    for number in distinct:
        layer = coverage if len(distinct) == 1 else np.zeros_like(coverage)
        for ring in np.flatnonzero(owner == number).tolist():
            for area, view in _ring_areas(cells.place, values, crops, ring, layer):
                if rule == "evenodd":
                    np.abs(np.subtract(view, area, out=view), out=view)
                else:
                    np.maximum(view, area, out=view)
        if layer is not coverage:
            np.maximum(coverage, layer, out=coverage)


def _ring_areas(
    place: Ints, values: Coverage, crops: Crops, ring: int, layer: Coverage
) -> Iterator[tuple[Coverage, Coverage]]:
    """Give one ring's area in each pixel of its crop, and the same part of the layer.

    A few rows at a time, so that it stays in the processor's cache. `values` holds the area of
    each cell, and that of the pixels which follow it.
    """
    top, bottom = int(crops.top[ring]), int(crops.bottom[ring])
    left, stride = int(crops.left[ring]), int(crops.stride[ring])
    rows = [*range(top, bottom, max(1, _PIXELS_AT_ONCE // stride)), bottom]
    begins = [int(crops.first[ring]) + (row - top) * stride for row in rows]
    cuts = np.searchsorted(place, begins).tolist()
    for i in range(len(rows) - 1):
        at = place[cuts[i] : cuts[i + 1]]
        # A row begins outside of the ring: 0 up to the first cell.
        runs = np.zeros(2 * len(at) + 1, dtype=np.float32)
        runs[1:] = values[cuts[i] : cuts[i + 1]].reshape(-1)
        borders = np.concatenate(([begins[i] - 1], at, [begins[i + 1]]))
        repeats = np.ones(len(runs), dtype=np.int64)
        repeats[0::2] = borders[1:] - borders[:-1] - 1
        area = runs.repeat(repeats).reshape(-1, stride)[:, :-1]
        yield area, layer[rows[i] : rows[i + 1], left : left + stride - 1]


def _fold(winding: Floats) -> Floats:
    """Return the even-odd area of an area by winding number: 0 at even numbers, 1 at odd ones."""
    area: Floats = np.abs(winding - 2 * np.rint(winding / 2))
    return area


def _meetings(cells: Cells, crops: Crops, width: int) -> tuple[Ints, Ints]:
    """Return rows and columns of the pixels whose areas cannot be recovered from their sums.

    That is where the outlines of two rings run, or one outline in several strands.
    """
    partial = np.abs(cells.area - np.rint(cells.area)) > _ROUNDING
    (cell,) = np.nonzero(partial | ~cells.single)
    place, single = cells.place[cell], cells.single[cell]
    ring = np.searchsorted(crops.first + _sizes(crops), place, side="right")
    row, column = np.divmod(place - crops.first[ring], crops.stride[ring])
    within = column < crops.stride[ring] - 1
    pixel = ((row + crops.top[ring]) * width + column + crops.left[ring])[within]
    shared = np.sort(pixel)
    shared = shared[1:][shared[1:] == shared[:-1]]
    meeting = np.unique(np.concatenate((shared, pixel[~single[within]])))
    rows, columns = np.divmod(meeting, width)
    return rows, columns


def _sizes(crops: Crops) -> Ints:
    return (crops.bottom - crops.top) * crops.stride


def coverage_to_uint8(
    coverage: Coverage, out: npt.NDArray[np.uint8] | None = None
) -> npt.NDArray[np.uint8]:
    """Round a coverage in [0, 1] to 0 … 255, to the nearest (ties to even).

    Parameters
    ----------
    coverage : (H, W) float32
    out : (H, W) uint8, optional
        Written and returned instead of a new array; its rows may be apart.

    Examples
    --------
    >>> coverage_to_uint8(np.array([[0, 0.5, 1]], dtype=np.float32)).tolist()
    [[0, 128, 255]]
    """
    gray = np.empty(coverage.shape, dtype=np.uint8) if out is None else out
    if gray.shape != coverage.shape or gray.dtype != np.uint8 or gray.strides[1] != 1:
        raise InputError(
            f"out: expected a {coverage.shape} uint8 array with whole rows, "
            f"found {gray.shape} {gray.dtype}"
        )
    cv2.convertScaleAbs(coverage, alpha=255, dst=gray)
    return gray


def _blank(height: int, width: int, out: Coverage | None) -> Coverage:
    if out is None:
        return np.zeros((height, width), dtype=np.float32)
    if out.shape != (height, width) or out.dtype != np.float32:
        raise InputError(
            f"out: expected a ({height}, {width}) float32 array, found {out.shape} {out.dtype}"
        )
    out.fill(0)
    return out
