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

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.outline_cells import Cells, Crops, outline_cells, outline_edges, ring_crops
from datakit.core.polygons import Rule
from datakit.core.rings import Ring
from datakit.core.runs import check_size
from datakit.core.scanlines import scanline_area
from datakit.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Coverage = npt.NDArray[np.float32]
SCANLINES = 32
"""Lines through a pixel in which outlines meet."""
_ROUNDING = 1e-7


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

    Pixels in which at most one of two values is neither 0 nor 1 come out exact: for these
    a + b - ab is the union, and a + b - 2ab what is in one of both.
    """
    distinct = sorted(set(owner.tolist()))
    for number in distinct:
        alone = len(distinct) == 1
        layer = coverage if alone else np.zeros_like(coverage)
        for ring in np.flatnonzero(owner == number):
            area, view = _ring_area(cells, crops, int(ring), layer)
            view += area * (1 - view * (2 if rule == "evenodd" else 1))
        if not alone:
            coverage += layer * (1 - coverage)
    if rule == "evenodd":
        coverage.clip(0, 1, out=coverage)


def _ring_area(cells: Cells, crops: Crops, ring: int, layer: Coverage) -> tuple[Coverage, Coverage]:
    """Return one ring's area in each pixel of its crop, and the same part of the layer."""
    top, bottom = int(crops.top[ring]), int(crops.bottom[ring])
    left, stride = int(crops.left[ring]), int(crops.stride[ring])
    begin, n_pixels = int(crops.first[ring]), (bottom - top) * stride
    mine = slice(*np.searchsorted(cells.place, [begin, begin + n_pixels]))
    place = cells.place[mine] - begin
    values = np.zeros(2 * len(place) + 1, dtype=np.float32)
    values[1::2] = _fold(cells.area[mine])
    values[2::2] = _fold(cells.beyond[mine])
    repeats = np.ones(len(values), dtype=np.int64)
    repeats[0::2] = np.diff(place, prepend=-1, append=n_pixels) - 1
    area = values.repeat(repeats).reshape(bottom - top, stride)[:, :-1]
    return area, layer[top:bottom, left : left + stride - 1]


def _fold(winding: Floats) -> Floats:
    """Return the even-odd area of an area by winding number: 0 at even numbers, 1 at odd ones."""
    area: Floats = np.abs(winding - 2 * np.rint(winding / 2))
    return area


def _meetings(cells: Cells, crops: Crops, width: int) -> tuple[Ints, Ints]:
    """Return rows and columns of the pixels in which areas cannot be told from their sums.

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
