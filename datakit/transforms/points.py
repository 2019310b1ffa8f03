"""Boxes, polygons and visibility probes as the points that a warp moves."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]

EDGE_STEP_PX = 12.0
"""Outlines get a point at least this often, so that a warp can bend their edges."""
FLATNESS_PX = 0.1
"""After the warp, points closer than this to the line through their neighbours are dropped."""
MAX_PROBES = 128


def box_outline(box_xyxy: npt.NDArray[np.float64]) -> Points:
    """Return a box's outline as a ring with a point every `EDGE_STEP_PX`.

    Examples
    --------
    >>> box_outline(np.array([0.0, 0.0, 8.0, 4.0])).tolist()
    [[0.0, 0.0], [8.0, 0.0], [8.0, 4.0], [0.0, 4.0]]
    """
    x0, y0, x1, y1 = box_xyxy
    return dense_ring(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]))


def bounds(points: Points, width: int, height: int) -> npt.NDArray[np.float64]:
    """Return the xyxy box of points, cut to the frame; without points or outside it has no area.

    Examples
    --------
    >>> bounds(np.array([[-3.0, 2.0], [4.0, 9.0]]), 10, 8).tolist()
    [0.0, 2.0, 4.0, 8.0]
    """
    if len(points) == 0:
        return np.zeros(4)
    corners = np.r_[points.min(axis=0), points.max(axis=0)]
    box: npt.NDArray[np.float64] = np.clip(corners, 0.0, [width, height, width, height])
    return box


def dense_ring(ring: Points, step_px: float = EDGE_STEP_PX) -> Points:
    """Return a closed ring with points added so that no edge is longer than `step_px`.

    Examples
    --------
    >>> dense_ring(np.array([[0.0, 0.0], [4.0, 0.0]]), 2.0).tolist()
    [[0.0, 0.0], [2.0, 0.0], [4.0, 0.0], [2.0, 0.0]]
    """
    if len(ring) == 0:
        return ring
    edge = np.roll(ring, -1, axis=0) - ring
    pieces = np.maximum(np.ceil(np.hypot(*edge.T) / step_px), 1).astype(np.int64)
    start = np.repeat(np.arange(len(ring)), pieces)
    share = (np.arange(pieces.sum()) - (np.cumsum(pieces) - pieces)[start]) / pieces[start]
    dense: Points = ring[start] + edge[start] * share[:, None]
    return dense


def simple_ring(ring: Points) -> Points:
    """Return a ring without the points that lie on the line between their neighbours.

    Douglas and Peucker 1973, within `FLATNESS_PX`.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]])
    >>> len(simple_ring(dense_ring(square, 1.0)))
    4
    """
    if len(ring) < 4:
        return ring
    kept = cv2.approxPolyDP(ring.astype(np.float32)[:, None], FLATNESS_PX, closed=True)
    return kept[:, 0].astype(np.float64)  # type: ignore[no-any-return]


def foreground_probes(label: npt.NDArray[np.generic]) -> Points:
    """Return the centres of up to `MAX_PROBES` foreground pixels, evenly spread, as x, y indices.

    Parameters
    ----------
    label : (H, W)
        An alpha in [0, 1] (foreground from 0.5), or a mask (foreground where not 0).

    Examples
    --------
    >>> foreground_probes(np.array([[0, 1], [0, 1]], bool)).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    stride = max(1, int(np.sqrt(label.size / 1024)))
    found = _foreground(label[::stride, ::stride]) * stride
    if len(found) == 0:
        found = _foreground(label)
    chosen = np.linspace(0, len(found) - 1, min(MAX_PROBES, len(found))).astype(np.int64)
    return found[chosen].astype(np.float64)


def _foreground(label: npt.NDArray[np.generic]) -> npt.NDArray[np.int64]:
    inside = label >= 0.5 if label.dtype.kind == "f" else label != 0  # type: ignore[operator]
    return np.argwhere(inside)[:, ::-1]


class PointSet:
    """Point lists joined into one array for a warp, and taken apart again.

    `array` has the columns that Albumentations' transforms move (x, y, z, angle, scale), and each
    point's number, since some transforms drop points.
    """

    def __init__(self, groups: Sequence[Points]) -> None:
        self._ends = np.cumsum([len(group) for group in groups])
        self.array = np.zeros((int(self._ends[-1]), 6))
        self.array[:, :2] = np.concatenate(groups)
        self.array[:, 4] = 1.0
        self.array[:, 5] = np.arange(len(self.array))

    def split(self, moved: npt.NDArray[np.float64]) -> list[Points]:
        """Return the moved points of each list; the lost ones are missing."""
        if len(self._ends) == 1:
            return [moved[:, :2]]
        if len(moved) == 0:
            return [np.zeros((0, 2)) for _ in self._ends]
        number = np.rint(moved[:, 5])
        order = np.argsort(number, kind="stable")
        cuts = np.searchsorted(number[order], self._ends[:-1])
        return list(np.split(moved[order, :2], cuts))
