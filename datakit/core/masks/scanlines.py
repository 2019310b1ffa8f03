"""Areas from lines through the pixels: for pixels where several outlines meet.

A line is exact along x; across, the lines are evenly spaced (midpoint rule, exact for an edge that
passes a pixel from its upper to its lower side).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from datakit.core.masks.outline_cells import Edges
from datakit.core.masks.runs import unite_spans

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_MAX_ROWS_TIMES_EDGES = 1 << 20


def scanline_area(
    edges: Edges, group: Ints, rows: Ints, columns: Ints, width: int, lines: int
) -> Floats:
    """Return the covered share of the pixels (rows[i], columns[i]).

    Parameters
    ----------
    edges : Edges
    group : (R,) int64
        For each ring its group: outlines of one group cancel where they overlap (even-odd),
        groups are united.
    rows, columns : (K,) int64
        The pixels, sorted by row.
    width : int
        Of the image, in pixels.
    lines : int
        Through each pixel.

    Returns
    -------
    (K,) float64 in [0, 1]
    """
    area = np.empty(len(rows))
    distinct = np.unique(rows)
    n_at_once = max(1, _MAX_ROWS_TIMES_EDGES // (lines * max(1, len(edges.x0))))
    for begin in range(0, len(distinct), n_at_once):
        some = distinct[begin : begin + n_at_once]
        pixels = slice(*np.searchsorted(rows, [some[0], some[-1] + 1]))
        breaks, length = _covered_length(edges, group, some, width, lines)
        line = np.searchsorted(some, rows[pixels])[:, None] * lines + np.arange(lines)
        position = line * (width + 1.0) + columns[pixels, None]
        covered = np.interp(position + 1, breaks, length) - np.interp(position, breaks, length)
        area[pixels] = covered.mean(axis=1)
    return area.clip(0, 1, out=area)


def _covered_length(
    edges: Edges, group: Ints, rows: Ints, width: int, lines: int
) -> tuple[Floats, Floats]:
    """Lay all lines one after the other, `width + 1` apart: covered length up to each break."""
    y = (rows[:, None] + (np.arange(lines) + 0.5) / lines).ravel()
    first = np.searchsorted(y, edges.top)
    count = np.searchsorted(y, edges.bottom) - first
    edge = np.arange(len(first)).repeat(count)
    line = np.arange(len(edge)) + (first - count.cumsum() + count)[edge]
    x = edges.x0[edge] + (y[line] - edges.y0[edge]) / edges.dy[edge] * edges.dx[edge]
    position = line * (width + 1.0) + x.clip(0, width)
    position = position[np.lexsort((position, group[edges.ring[edge]]))]
    starts, ends = unite_spans(position[0::2], position[1::2])
    breaks = np.zeros(2 * len(starts) + 1)
    breaks[1::2], breaks[2::2] = starts, ends
    lengths = np.zeros_like(breaks)
    lengths[2::2] = ends - starts
    return breaks, lengths.cumsum()
