"""One image's shapes of labelme, X-AnyLabeling or ISAT as objects."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec
import numpy as np

from datakit.core.masks.rle import encode_counts
from datakit.core.masks.runs import placed_counts
from datakit.errors import DatakitError, InputError
from datakit.io.layouts.json_files import UNREADABLE, reason
from datakit.io.layouts.lines import is_closed
from datakit.io.layouts.outlines import (
    corners_box,
    ellipse_ring,
    is_upright,
    points_ring,
)
from datakit.io.pixels.decoders import decode_stored
from datakit.records.labels import Box, LabelObject, Ring, Rle

_NO_AREA = frozenset({"point", "points", "line", "linestrip"})
_OUTLINES = frozenset({"polygon", "rotation", "quadrilateral", ""})
_HALF = 128


class _Shape(msgspec.Struct):
    """Of labelme (label …), or of ISAT (category …)."""

    label: Any = ""
    points: list[tuple[float, float]] = []
    shape_type: str | None = "polygon"
    group_id: Any = None
    mask: str | None = None
    category: Any = None
    segmentation: list[tuple[float, float]] = []
    group: Any = None
    layer: float | None = None
    iscrowd: Any = None


def read_shapes(text: bytes, size_wh: tuple[int, int]) -> list[LabelObject]:
    """Return the objects of a JSON array of shapes; those of one group and label are parts of one.

    Examples
    --------
    >>> text = b'[{"label": "cat", "points": [[0, 0], [4, 0], [4, 3]], "group_id": 7}]'
    >>> [cat] = read_shapes(text, (8, 8))
    >>> cat.category, cat.instance, len(cat.rings)
    ('cat', '7', 1)
    """
    raws = msgspec.json.decode(text, type=list[msgspec.Raw])
    return [_object(number, raw, size_wh) for number, raw in enumerate(raws, 1)]


def _object(number: int, raw: msgspec.Raw, size_wh: tuple[int, int]) -> LabelObject:
    try:
        shape = msgspec.json.decode(raw, type=_Shape, strict=False)
    except UNREADABLE as error:
        return LabelObject(id=f"shape {number}", problem=f"shape {number}: {reason(error)}")
    if shape.category is not None:
        shape = _as_labelme(shape)
    kind = shape.shape_type or "polygon"
    label = str(shape.label or "").strip()
    rings: tuple[Ring, ...] = ()
    rle: Rle | None = None
    bounds: Box | None = None
    problem = None
    extent = kind not in _NO_AREA
    try:
        if kind == "mask":
            rle = _mask(shape, size_wh)
        else:
            rings, bounds = _outline(kind, shape.points)
        extent = extent or bool(rings)
        if not extent:
            raise InputError("it encloses no area and is no part of a mask")
        if not label:
            raise InputError("expected a label")
    except (DatakitError, ValueError) as error:
        problem = f"{kind} of {label!r}: {error}"
        rings = rings or _where(shape.points)
    return LabelObject(
        id=f"shape {number}",
        category=label,
        rings=rings,
        rle=rle,
        bounds_xyxy=bounds,
        instance=None if shape.group_id is None else str(shape.group_id),
        z_order=int(shape.layer or 0),
        crowd=bool(shape.iscrowd),
        problem=problem,
        extent=extent,
    )


def _as_labelme(shape: _Shape) -> _Shape:
    """Return ISAT's polygon under labelme's names; its group 0 is none."""
    return msgspec.structs.replace(
        shape,
        label=shape.category,
        points=shape.segmentation,
        group_id=shape.group or None,
        shape_type="polygon",
    )


def _outline(kind: str, points: list[tuple[float, float]]) -> tuple[tuple[Ring, ...], Box | None]:
    """Return the rings of a shape, or its box when it is a rectangle along the picture's sides."""
    ring = points_ring(points) if points else np.zeros((0, 2))
    if kind in _OUTLINES:
        if kind == "rotation" and is_upright(ring):
            return (), corners_box(points)
        return (ring,), None
    if kind == "rectangle":
        if len(ring) == 2 or is_upright(ring):
            return (), corners_box(points)
        return (ring,), None
    if kind == "circle":
        if len(ring) != 2:
            raise InputError(f"expected a centre and a point of the circle, found {len(ring)}")
        centre, edge = ring
        radius = float(np.hypot(*(edge - centre)))
        return (ellipse_ring((float(centre[0]), float(centre[1])), (radius, radius)),), None
    if kind == "linestrip" and is_closed(points):
        return (ring,), None
    if kind in _NO_AREA:
        return (), None
    raise InputError("expected a polygon, a mask, a rectangle or a circle")


def _where(points: list[tuple[float, float]]) -> tuple[Ring, ...]:
    """Return the points of a shape that cannot be drawn: they tell at least where it is."""
    return (points_ring(points),) if points else ()


def _mask(shape: _Shape, size_wh: tuple[int, int]) -> Rle:
    width, height = size_wh
    pixels = decode_stored(_decoded(shape.mask or ""), "mask")
    # labelme writes 1-bit pictures, which are read as 0 and 255 or as 0 and 1.
    inside = pixels >= (_HALF if int(pixels.max(initial=0)) > 1 else 1)
    if not shape.points:
        raise InputError("expected the corner of the mask, found no points")
    x, y = shape.points[0]
    origin = int(np.floor(x)), int(np.floor(y))
    counts = placed_counts(inside, origin, height, width)
    return Rle(counts=encode_counts(counts), size=(height, width))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InputError("expected base64, found something else") from None
