"""One image's objects of Supervisely: polygons with interiors, bitmaps, rectangles."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Container
from typing import Any

import msgspec

from datakit.core.masks.rle import encode_counts
from datakit.core.masks.runs import placed_counts
from datakit.errors import DatakitError, InputError
from datakit.io.layouts.json_files import UNREADABLE, reason, utf8
from datakit.io.layouts.outlines import corners_box, points_ring
from datakit.io.pixels.decoders import decode_stored
from datakit.records.labels import Box, LabelObject, Ring, Rle

_NO_AREA = frozenset({"point", "line", "graph", "polyline"})
_GRAY = 2
_MAX_INFLATED = 1 << 28


class _Points(msgspec.Struct):
    exterior: list[tuple[float, float]] = []
    interior: list[list[tuple[float, float]]] = []


class _Bitmap(msgspec.Struct):
    data: str
    origin: tuple[float, float] = (0, 0)


class _Object(msgspec.Struct):
    classTitle: str = ""  # noqa: N815
    geometryType: str = ""  # noqa: N815
    points: _Points | None = None
    bitmap: _Bitmap | None = None
    id: Any = None
    instance: Any = None


class _Size(msgspec.Struct):
    width: float
    height: float


class _Document(msgspec.Struct):
    objects: list[msgspec.Raw] = []
    size: _Size | None = None


def read_objects(
    text: bytes, size_wh: tuple[int, int], classes: Container[str]
) -> list[LabelObject]:
    """Return the objects of an annotation file; ``classes`` are those of ``meta.json``.

    Raises
    ------
    InputError
        If it is none, or speaks of a picture of another size.

    Examples
    --------
    >>> text = b'''{"objects": [{"classTitle": "cat", "geometryType": "polygon", "points":
    ... {"exterior": [[0, 0], [4, 0], [4, 3]], "interior": []}}]}'''
    >>> read_objects(text, (8, 8), ["cat"])[0].category
    'cat'
    """
    try:
        text = utf8(text, "its annotations")
        document = msgspec.json.decode(text, type=_Document, strict=False)
    except UNREADABLE as error:
        raise InputError(f"expected an annotation of Supervisely's; {reason(error)}") from None
    size = document.size
    if size is not None and (size.width, size.height) not in (size_wh, size_wh[::-1]):
        raise InputError(
            f"expected annotations for {size_wh[0]}x{size_wh[1]} pixels, found them for "
            f"{size.width:g}x{size.height:g}"
        )
    found = enumerate(document.objects, 1)
    return [_object(number, raw, size_wh, classes) for number, raw in found]


def _object(
    number: int, raw: msgspec.Raw, size_wh: tuple[int, int], classes: Container[str]
) -> LabelObject:
    try:
        found = msgspec.json.decode(raw, type=_Object, strict=False)
    except UNREADABLE as error:
        return LabelObject(id=f"object {number}", problem=reason(error))
    kind, category = found.geometryType, found.classTitle.strip()
    points = found.points or _Points()
    rings: tuple[Ring, ...] = ()
    holes: tuple[Ring, ...] = ()
    rle: Rle | None = None
    bounds: Box | None = None
    problem = None
    try:
        if kind == "polygon":
            rings, holes = (points_ring(points.exterior),), tuple(map(points_ring, points.interior))
        elif kind == "rectangle":
            bounds = corners_box(points.exterior)
        elif kind == "bitmap" and found.bitmap is not None:
            rle = _runs(found.bitmap, size_wh)
        elif kind in _NO_AREA:
            raise InputError("it encloses no area and is no part of a mask")
        else:
            raise InputError("expected a polygon, a bitmap or a rectangle")
        if category not in classes:
            raise InputError("this class is not in meta.json; add it there")
    except (DatakitError, ValueError) as error:
        problem = f"{kind} of {found.classTitle!r}: {error}"
    return LabelObject(
        id=str(found.id if found.id is not None else f"object {number}"),
        category=category if category in classes else "",
        rings=rings,
        holes=holes,
        rle=rle,
        bounds_xyxy=bounds,
        instance=None if found.instance is None else str(found.instance),
        problem=problem,
        extent=kind not in _NO_AREA,
    )


def _runs(bitmap: _Bitmap, size_wh: tuple[int, int]) -> Rle:
    width, height = size_wh
    try:
        packed = base64.b64decode(bitmap.data, validate=True)
        inflate = zlib.decompressobj()
        png = inflate.decompress(packed, _MAX_INFLATED)
    except (binascii.Error, zlib.error) as error:
        raise InputError(f"bitmap: expected a compressed PNG in base64; {error}") from None
    stored = decode_stored(png, "bitmap")
    # The opacity is the mask where there is one, as Supervisely's own SDK reads it.
    pixels = stored if stored.ndim == _GRAY else stored[..., -1]
    origin = int(bitmap.origin[0]), int(bitmap.origin[1])
    counts = placed_counts(pixels > 0, origin, height, width)
    return Rle(counts=encode_counts(counts), size=(height, width))
