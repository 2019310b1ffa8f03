"""Lines that people drew with a tool for lines, and that are outlines all the same."""

from __future__ import annotations

from collections.abc import Sequence

_CLOSED_POINTS = 4
_SAME_PX = 1.0


def is_closed(points: Sequence[Sequence[float]]) -> bool:
    """Tell whether a line of (x, y) points ends where it began and so encloses an area.

    Examples
    --------
    >>> is_closed([[0, 0], [4, 0], [4, 3], [0, 0]]), is_closed([[0, 0], [4, 0], [4, 3]])
    (True, False)
    """
    if len(points) < _CLOSED_POINTS:
        return False
    return all(abs(a - b) <= _SAME_PX for a, b in zip(points[0], points[-1], strict=True))
