"""One image's regions of VIA as objects."""

from __future__ import annotations

from typing import Any

import msgspec

from datakit.errors import DatakitError, InputError
from datakit.io.layouts.lines import is_closed
from datakit.io.layouts.outlines import ellipse_ring, points_ring
from datakit.io.layouts.via_classes import CLASS_NAMES, class_of
from datakit.records.labels import Box, LabelObject, Ring

_NO_AREA = frozenset({"point", "polyline"})


def read_regions(text: bytes) -> list[LabelObject]:
    """Return the objects of a JSON array of regions.

    Examples
    --------
    >>> text = b'''[{"shape_attributes": {"name": "rect", "x": 1, "y": 2, "width": 3, "height": 4},
    ... "region_attributes": {"class": "cat"}}]'''
    >>> read_regions(text)[0].bounds_xyxy
    (1.0, 2.0, 4.0, 6.0)
    """
    return [_object(number, found) for number, found in enumerate(msgspec.json.decode(text), 1)]


def _object(number: int, region: Any) -> LabelObject:
    shape = region.get("shape_attributes") if isinstance(region, dict) else None
    shape = shape if isinstance(shape, dict) else {}
    kind = str(shape.get("name", ""))
    label = class_of(region)
    rings: tuple[Ring, ...] = ()
    bounds: Box | None = None
    extent = kind not in _NO_AREA
    problem = None
    try:
        rings, bounds = _outline(kind, shape)
        extent = extent or bool(rings)
        if not extent:
            raise InputError("it encloses no area and is no part of a mask")
        if not label:
            raise InputError(
                f"expected its class in one attribute, or in one called {CLASS_NAMES[0]!r}"
            )
    except (DatakitError, KeyError, TypeError, ValueError) as error:
        problem = f"{kind} of {label!r}: {error}"
    return LabelObject(
        id=f"region {number}",
        category=label,
        rings=rings,
        bounds_xyxy=bounds,
        problem=problem,
        extent=extent,
    )


def _outline(kind: str, shape: dict[str, Any]) -> tuple[tuple[Ring, ...], Box | None]:
    if kind in ("polygon", "polyline"):
        points = list(zip(shape["all_points_x"], shape["all_points_y"], strict=True))
        if kind == "polyline" and not is_closed(points):
            return (), None
        return (points_ring(points),), None
    if kind == "rect":
        x, y = float(shape["x"]), float(shape["y"])
        return (), (x, y, x + float(shape["width"]), y + float(shape["height"]))
    if kind in ("circle", "ellipse"):
        centre = float(shape["cx"]), float(shape["cy"])
        radii = float(shape.get("rx", shape.get("r", 0))), float(shape.get("ry", shape.get("r", 0)))
        # VIA keeps the angle in radians.
        degrees = float(shape.get("theta") or 0) * 57.29577951308232
        return (ellipse_ring(centre, radii, degrees),), None
    if kind in _NO_AREA:
        return (), None
    raise InputError("expected a polygon, a rectangle, a circle or an ellipse")
