"""One image's regions of Label Studio as objects, and objects as regions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from datakit.core.masks.brush_rle import decode_brush, encode_brush
from datakit.core.masks.contours import bridge_holes
from datakit.core.masks.rle import mask_to_rle
from datakit.core.masks.runs import counts_to_mask, placed_counts
from datakit.errors import DatakitError, InputError
from datakit.io.layouts.drawn import Drawn
from datakit.io.layouts.json_files import UNREADABLE, reason
from datakit.io.layouts.outlines import ellipse_ring, points_ring, turned_box
from datakit.io.layouts.region_labels import NO_AREA, labels_of
from datakit.records.labels import Box, LabelObject, Ring, Rle

_OF_THE_IMAGE = frozenset(
    {
        "choices",
        "rating",
        "textarea",
        "taxonomy",
        "labels",
        "relation",
        "number",
        "datetime",
        "pairwise",
        "ranker",
    }
)
"""What describes the whole picture and is not drawn on it."""

_PART = "part-of:"


class _Region(msgspec.Struct):
    type: str | None = ""
    value: dict[str, Any] = {}
    original_width: float | None = None
    original_height: float | None = None
    image_rotation: float | None = 0
    meta: Any = None


def read_regions(text: bytes, size_wh: tuple[int, int]) -> list[LabelObject]:
    """Return the objects of a JSON array of regions, whose numbers are percent of the picture.

    Examples
    --------
    >>> text = b'''[{"type": "polygonlabels", "original_width": 8, "original_height": 4, "value":
    ... {"points": [[0, 0], [50, 0], [50, 100]], "polygonlabels": ["cat"]}}]'''
    >>> [cat] = read_regions(text, (8, 4))
    >>> cat.category, cat.rings[0].tolist()
    ('cat', [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0]])
    """
    raws = msgspec.json.decode(text, type=list[msgspec.Raw])
    found = (_object(number, raw, size_wh) for number, raw in enumerate(raws, 1))
    return [one for one in found if one is not None]


def _object(number: int, raw: msgspec.Raw, size_wh: tuple[int, int]) -> LabelObject | None:
    try:
        region = msgspec.json.decode(raw, type=_Region, strict=False)
    except UNREADABLE as error:
        return LabelObject(id=f"region {number}", problem=reason(error))
    kind = region.type or ""
    if kind in _OF_THE_IMAGE:
        return None
    labels = labels_of({"type": kind, "value": region.value})
    label = labels[0] if len(labels) == 1 else ""
    rings: tuple[Ring, ...] = ()
    rle: Rle | None = None
    bounds: Box | None = None
    problem = None
    try:
        if kind in NO_AREA:
            raise InputError("it encloses no area and is no part of a mask")
        _check_view(region, size_wh)
        rings, rle, bounds = _shape(kind, region, size_wh)
        if not label:
            raise InputError(f"expected one label, found {len(labels)}")
    except (DatakitError, KeyError, TypeError, ValueError) as error:
        problem = f"{kind} of {label!r}: {error}"
    return LabelObject(
        id=f"region {number}",
        category=label,
        rings=rings,
        rle=rle,
        bounds_xyxy=bounds,
        instance=_instance(region.meta),
        problem=problem,
        extent=kind not in NO_AREA,
    )


def _check_view(region: _Region, size_wh: tuple[int, int]) -> None:
    """Refuse a region of another picture; the size may be the one before EXIF turned the photo."""
    width, height = size_wh
    stated = (region.original_width, region.original_height)
    known = stated != (None, None)
    if region.image_rotation or (known and stated not in (size_wh, (height, width))):
        raise InputError(f"expected {width}x{height} pixels, and a picture that is not turned")


def _shape(
    kind: str, region: _Region, size_wh: tuple[int, int]
) -> tuple[tuple[Ring, ...], Rle | None, Box | None]:
    value = region.value
    width, height = size_wh
    if kind.startswith("brush"):
        if value.get("format") != "rle":
            raise InputError("expected the format rle")
        mask = decode_brush(value["rle"], height, width)
        return (), Rle(counts=mask_to_rle(mask), size=(height, width)), None
    if kind.startswith("polygon"):
        return (points_ring(value["points"]) * (width / 100, height / 100),), None, None
    if kind.startswith("rectangle"):
        x, y = float(value["x"]) / 100 * width, float(value["y"]) / 100 * height
        box = (
            x,
            y,
            x + float(value["width"]) / 100 * width,
            y + float(value["height"]) / 100 * height,
        )
        if degrees := float(value.get("rotation") or 0):
            # Label Studio turns a rectangle about its first corner.
            return (turned_box(box, degrees, (x, y)),), None, None
        return (), None, box
    if kind.startswith("ellipse"):
        centre = float(value["x"]) / 100 * width, float(value["y"]) / 100 * height
        radii = float(value["radiusX"]) / 100 * width, float(value["radiusY"]) / 100 * height
        return (ellipse_ring(centre, radii, float(value.get("rotation") or 0)),), None, None
    raise InputError("expected a polygon, a brush mask, a rectangle or an ellipse")


def _instance(meta: object) -> str | None:
    """Return the object that a region is a part of, which its meta text says."""
    text = meta.get("text") if isinstance(meta, dict) else None
    first = text[0] if isinstance(text, list) and text else text
    if isinstance(first, str) and first.startswith(_PART):
        return first.removeprefix(_PART).strip()
    return None


def regions_of(shape: Drawn, number: int) -> Iterator[dict[str, Any]]:
    """Yield an object's regions: a polygon for each part, or one brush mask.

    The parts of one object say so in their meta text, which Label Studio shows and keeps.
    """
    height, width = shape.image_hw
    shared: dict[str, Any] = {
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
    }
    if shape.outline is None:
        counts = placed_counts(shape.mask, shape.bbox_xywh[:2], height, width)
        code = encode_brush(counts_to_mask(counts, height, width))
        value: dict[str, Any] = {"format": "rle", "rle": code, "brushlabels": [shape.category]}
        yield {"from_name": "brush", "type": "brushlabels", **shared, "value": value}
        return
    if len(shape.outline.parts) > 1:
        shared["meta"] = {"text": [f"{_PART}{number}"]}
    for part in shape.outline.parts:
        percent = bridge_holes(part) * (100 / width, 100 / height)
        value = {"points": percent.tolist(), "closed": True, "polygonlabels": [shape.category]}
        yield {"from_name": "polygon", "type": "polygonlabels", **shared, "value": value}
