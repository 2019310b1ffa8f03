"""Shapes of annotation tools as rings: boxes, circles, ellipses, turned rectangles."""

from __future__ import annotations

from collections.abc import Sequence
from math import acos, ceil, cos, pi, radians, sin

import numpy as np

from datakit.errors import InputError
from datakit.records.labels import Box, Ring

_SAG_PX = 0.1
"""How far a chord may run inside its arc."""
_CORNERS = 4
_PARALLEL_PX = 0.01


def points_ring(points: Sequence[Sequence[float | str]]) -> Ring:
    """Return (N, 2) float64 of a list of points; InputError when they are none.

    Examples
    --------
    >>> points_ring([[0, 0], [4, 0], ["4", 3]]).shape
    (3, 2)
    """
    try:
        ring = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError("points: expected pairs of numbers, found other values") from None
    if ring.ndim != 2 or ring.shape[1] != 2:
        raise InputError(f"points: expected pairs of numbers, found shape {ring.shape}")
    return ring


def corners_box(points: Sequence[Sequence[float | str]]) -> Box:
    """Return the box around two opposite corners, or four.

    Examples
    --------
    >>> corners_box([(8, 2), (1, 5)])
    (1.0, 2.0, 8.0, 5.0)
    """
    ring = points_ring(points)
    if len(ring) not in (2, _CORNERS):
        raise InputError(f"rectangle: expected two corners or four, found {len(ring)} points")
    (x0, y0), (x1, y1) = ring.min(axis=0).tolist(), ring.max(axis=0).tolist()
    return x0, y0, x1, y1


def is_upright(ring: Ring) -> bool:
    """Tell whether four corners are those of a rectangle along the picture's sides."""
    if len(ring) != _CORNERS:
        return False
    x0, y0 = ring.min(axis=0)
    x1, y1 = ring.max(axis=0)
    on_x = np.minimum(abs(ring[:, 0] - x0), abs(ring[:, 0] - x1)) < _PARALLEL_PX
    on_y = np.minimum(abs(ring[:, 1] - y0), abs(ring[:, 1] - y1)) < _PARALLEL_PX
    return bool((on_x & on_y).all())


def turned_box(box: Box, degrees: float, about_xy: tuple[float, float] | None = None) -> Ring:
    """Return the corners of a box that was turned clockwise, about its centre by default.

    Examples
    --------
    >>> turned_box((0, 0, 4, 2), 90).round(6).tolist()
    [[3.0, -1.0], [3.0, 3.0], [1.0, 3.0], [1.0, -1.0]]
    """
    x0, y0, x1, y1 = box
    corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)
    return turned(corners, degrees, about_xy or ((x0 + x1) / 2, (y0 + y1) / 2))


def turned(ring: Ring, degrees: float, about_xy: tuple[float, float]) -> Ring:
    """Return points turned clockwise as seen (y runs down)."""
    angle = radians(degrees)
    turn = np.array([[cos(angle), sin(angle)], [-sin(angle), cos(angle)]])
    about = np.asarray(about_xy, np.float64)
    return np.asarray((ring - about) @ turn + about, np.float64)


def ellipse_ring(
    centre_xy: tuple[float, float], radii_xy: tuple[float, float], degrees: float = 0.0
) -> Ring:
    """Return an ellipse as a polygon whose chords run at most 0.1 px inside the arc.

    Raises
    ------
    InputError
        If a radius is no positive number.

    Examples
    --------
    >>> ellipse_ring((5, 5), (4, 2)).max(axis=0).round(1).tolist()
    [9.0, 7.0]
    """
    longest = max(radii_xy)
    if not min(radii_xy) > 0 or not longest < float("inf"):
        raise InputError(f"radius: expected more than 0, found {radii_xy}")
    step = acos(max(1 - _SAG_PX / longest, 0.0))
    count = max(16, 4 * ceil(pi / max(step, 1e-3) / 4))
    angles = np.arange(count) * (2 * pi / count)
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii_xy + centre_xy
    return turned(ring, degrees, centre_xy) if degrees else ring
