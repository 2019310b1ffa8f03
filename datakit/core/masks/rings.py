"""Rings (closed polygon outlines) as (N, 2) arrays: reading, measuring, and refusing wrong ones.

Coordinates are x, y in pixel edges: (0, 0) is the upper left corner of the image and (width,
height) its lower right one. The last point joins the first whether or not it repeats it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

Ring = npt.NDArray[np.float64]
MIN_POINTS = 3
_FEW_POINTS = 16


def ring_from_flat(values: Sequence[float]) -> Ring:
    """Turn COCO's flat [x0, y0, x1, y1, …] into an (N, 2) float64 ring.

    Raises
    ------
    InputError
        When the values are not numbers, or odd in number.

    Examples
    --------
    >>> ring_from_flat([0, 0, 4, 0, 4.5, 3]).tolist()
    [[0.0, 0.0], [4.0, 0.0], [4.5, 3.0]]
    """
    try:
        flat = np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError("polygon: expected a flat list of numbers, found other values") from None
    if flat.ndim != 1 or len(flat) % 2:
        raise InputError(
            f"polygon: expected x, y pairs in one flat list, found shape {flat.shape}; "
            "a coordinate is missing or the list is nested too deep"
        )
    # Not a view: a ring of a million is one array, not two.
    flat.shape = (len(flat) // 2, 2)
    return flat


def ring_bounds(ring: Ring) -> tuple[float, float, float, float]:
    """Return (x0, y0, x1, y1) of a ring of at least one point, in pixel edges."""
    if len(ring) <= _FEW_POINTS:
        # A call of NumPy takes longer than so few numbers.
        xs, ys = zip(*ring.tolist(), strict=True)
        if isfinite(sum(xs) + sum(ys)):
            return min(xs), min(ys), max(xs), max(ys)
    x, y = np.ascontiguousarray(ring.T)
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def ring_area(ring: Ring) -> float:
    """Return the area within a ring in square pixels, by the shoelace formula.

    Where the ring crosses itself, parts of opposite turn are subtracted.

    Examples
    --------
    >>> ring_area(np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 3.0]]))
    6.0
    """
    if len(ring) < MIN_POINTS:
        return 0.0
    x, y = (ring - ring[0]).T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def tolerance_px(width: int, height: int) -> float:
    """Return how far a polygon may leave the image, or its bbox, and still be believed.

    2 pixels or 1 % of the longer side, whichever is more. In real exports the bounds of sound
    polygons differ from bbox and image by at most 1 pixel (rounding), those of corrupt ones
    (numbers joined as text) by 160 pixels and more: anything between tells them apart.

    Examples
    --------
    >>> tolerance_px(640, 480), tolerance_px(100, 100)
    (6.4, 2.0)
    """
    return max(2.0, 0.01 * max(width, height))


def check_rings(
    rings: Sequence[Ring],
    width: int,
    height: int,
    bbox_xywh: Sequence[float] | None = None,
    tolerance: float | None = None,
) -> str | None:
    """Say why the rings of one annotation must not be painted; None when they may be.

    Parameters
    ----------
    rings : sequence of (N, 2) float64
        All rings of the annotation.
    width, height : int
        Of the image, in pixels.
    bbox_xywh : (4,) sequence of float, optional
        The annotation's bbox; without it, or when it has no area, only the image is compared with.
    tolerance : float, optional
        In pixels; `tolerance_px(width, height)` by default.

    Returns
    -------
    str or None
        The first of: no rings, a ring of fewer than 3 points, coordinates that are not finite,
        bounds that leave the image, bounds that disagree with the bbox.

    Examples
    --------
    >>> good = np.array([[1.0, 1.0], [9.0, 1.0], [9.0, 9.0]])
    >>> check_rings([good], 10, 10, [1, 1, 8, 8])
    >>> check_rings([good * 100], 10, 10)
    'polygon leaves the 10x10 image by 890.0 px (bounds 100.0, 100.0, 900.0, 900.0)'
    """
    if not rings:
        return "annotation has no polygon"
    fewest = min(len(ring) for ring in rings)
    if fewest < MIN_POINTS:
        return f"polygon has {fewest} points, a polygon has at least {MIN_POINTS}"
    points = rings[0] if len(rings) == 1 else np.concatenate(rings)
    bounds = ring_bounds(points)
    if not all(map(isfinite, bounds)):
        return "polygon has coordinates that are not finite"
    allowed = tolerance_px(width, height) if tolerance is None else tolerance
    return _outside(bounds, width, height, allowed) or _against_bbox(bounds, bbox_xywh, allowed)


def _outside(
    bounds: tuple[float, float, float, float], width: int, height: int, allowed: float
) -> str | None:
    x0, y0, x1, y1 = bounds
    excess = max(-x0, -y0, x1 - width, y1 - height)
    if excess <= allowed:
        return None
    return f"polygon leaves the {width}x{height} image by {excess:.1f} px (bounds {_text(bounds)})"


def _against_bbox(
    bounds: tuple[float, float, float, float],
    bbox_xywh: Sequence[float] | None,
    allowed: float,
) -> str | None:
    if bbox_xywh is None or len(bbox_xywh) != 4:
        return None
    x, y, width, height = (float(value) for value in bbox_xywh)
    if not (width > 0 and height > 0 and all(map(isfinite, (x, y, width, height)))):
        return None
    box = (x, y, x + width, y + height)
    excess = max(abs(a - b) for a, b in zip(bounds, box, strict=True))
    if excess <= allowed:
        return None
    return (
        f"polygon's bounds ({_text(bounds)}) disagree with its bbox ({_text(box)}) "
        f"by {excess:.1f} px"
    )


def _text(numbers: tuple[float, ...]) -> str:
    return ", ".join(f"{number:.1f}" for number in numbers)
