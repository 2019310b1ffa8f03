"""One image's elements of CVAT's XML as objects."""

from __future__ import annotations

import msgspec

from datakit.core.masks.rle import encode_counts
from datakit.core.masks.row_runs import decode_rows
from datakit.core.masks.runs import placed_counts
from datakit.errors import DatakitError, InputError
from datakit.io.layouts.cvat_attributes import whole
from datakit.io.layouts.lines import is_closed
from datakit.io.layouts.outlines import ellipse_ring, points_ring, turned_box
from datakit.records.labels import Box, LabelObject, Ring, Rle

_NO_AREA = frozenset({"points", "polyline", "skeleton"})


def read_shapes(text: bytes, size_wh: tuple[int, int]) -> list[LabelObject]:
    """Return the objects of a JSON array of (tag, attributes); tags of the image are none.

    Examples
    --------
    >>> text = b'[["polygon", {"label": "cat", "points": "0,0;4,0;4,3", "z_order": "2"}]]'
    >>> [cat] = read_shapes(text, (8, 8))
    >>> cat.category, cat.rings[0].tolist(), cat.z_order
    ('cat', [[0.0, 0.0], [4.0, 0.0], [4.0, 3.0]], 2)
    """
    shapes = msgspec.json.decode(text, type=list[tuple[str, dict[str, str]]])
    return [_object(number, tag, found, size_wh) for number, (tag, found) in enumerate(shapes, 1)]


def _object(number: int, tag: str, found: dict[str, str], size_wh: tuple[int, int]) -> LabelObject:
    label = found.get("label", "").strip()
    rings: tuple[Ring, ...] = ()
    rle: Rle | None = None
    bounds: Box | None = None
    extent = tag not in _NO_AREA
    problem = None
    z_order = 0
    try:
        z_order = whole(found, "z_order") if "z_order" in found else 0
        if tag == "mask":
            bounds = _mask_box(found)
            rle, bounds = _runs(found, size_wh), None
        elif tag == "box":
            bounds = (
                _number(found, "xtl"),
                _number(found, "ytl"),
                _number(found, "xbr"),
                _number(found, "ybr"),
            )
            if degrees := float(found.get("rotation") or 0):
                rings, bounds = (turned_box(bounds, degrees),), None
        elif tag == "ellipse":
            centre = _number(found, "cx"), _number(found, "cy")
            radii = _number(found, "rx"), _number(found, "ry")
            rings = (ellipse_ring(centre, radii, float(found.get("rotation") or 0)),)
        elif tag in ("polygon", "polyline"):
            ring = points_ring([pair.split(",") for pair in found.get("points", "").split(";")])
            if tag == "polygon" or is_closed(ring.tolist()):
                rings, extent = (ring,), True
        if extent and not rings and rle is None and bounds is None:
            raise InputError("expected a mask, a polygon, an ellipse or a box")
        if not extent:
            raise InputError("it encloses no area and is no part of a mask")
    except (ValueError, KeyError, DatakitError) as error:
        problem = f"{tag} of {label!r}: {error}"
    return LabelObject(
        id=f"{tag} {number}",
        category=label,
        rings=rings,
        rle=rle,
        bounds_xyxy=bounds,
        instance=found.get("group_id") if found.get("group_id", "0") != "0" else None,
        z_order=z_order,
        problem=problem,
        extent=extent,
    )


def _mask_box(found: dict[str, str]) -> Box:
    left, top = whole(found, "left"), whole(found, "top")
    return left, top, left + whole(found, "width"), top + whole(found, "height")


def _runs(found: dict[str, str], size_wh: tuple[int, int]) -> Rle:
    width, height = size_wh
    box_wh = whole(found, "width"), whole(found, "height")
    if box_wh[0] > width or box_wh[1] > height:
        raise InputError(f"expected a box within {width}x{height} pixels, found {box_wh}")
    lengths = [int(text) for text in found.get("rle", "").split(",")]
    box = decode_rows(lengths, box_wh[1], box_wh[0])
    origin = whole(found, "left"), whole(found, "top")
    counts = placed_counts(box, origin, height, width)
    return Rle(counts=encode_counts(counts), size=(height, width))


def _number(found: dict[str, str], key: str) -> float:
    if key not in found:
        raise InputError(f"expected {key}, found none")
    return float(found[key])
