"""A COCO file in pieces, and shapes as its annotations: what the layouts around it share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec

from datakit.io.layouts.drawn import Drawing, Drawn
from datakit.io.layouts.picture import Picture
from datakit.io.layouts.tool_files import IGNORE, shapes_of


def annotations_of(
    picture: Picture, classes: tuple[str, ...], drawing: Drawing
) -> list[dict[str, Any]]:
    """Return a sample's COCO annotations without ids; see `annotation` and `crowds`."""
    shapes = shapes_of(picture, classes, drawing)
    return [
        entry
        for shape in shapes
        for entry in (crowds(shape, classes) if shape.category == IGNORE else [annotation(shape)])
    ]


def named(annotations: list[dict[str, Any]]) -> bytes:
    """Return annotations of `annotations_of` as JSON that `CocoReader.objects` reads."""
    return msgspec.json.encode(
        [
            {**entry, "id": number, "category_id": entry["category"]}
            for number, entry in enumerate(annotations, 1)
        ]
    )


def crowds(region: Drawn, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the unknown region as a crowd of each class, which loaders leave out; runs only.

    The member ``ignore`` tells it from a crowd of objects that people drew.
    """
    region = replace(region, outline=None)
    return [
        {**annotation(replace(region, category=name)), "iscrowd": 1, "ignore": 1}
        for name in classes
    ]


def annotation(shape: Drawn) -> dict[str, Any]:
    """Return a COCO annotation without ids; ``category`` is the class's name.

    ``area`` counts the mask's pixels, ``bbox`` is [x, y, width, height], tight around them.
    """
    return {
        "category": shape.category,
        "iscrowd": 0,
        "area": shape.area,
        "bbox": list(shape.bbox_xywh),
        "segmentation": shape.segmentation(),
    }


def coco_file(
    classes: tuple[str, ...], rows: Callable[[], Iterator[dict[str, Any]]], head: bytes = b""
) -> Iterator[bytes]:
    """Yield a COCO file in pieces, so that no annotation waits in memory; ids start at 1.

    Parameters
    ----------
    classes : tuple of str
    rows : callable
        Gives the images in order, as often as it is called: each a dict with ``image`` (a COCO
        image without its id) and ``objects`` (of `annotation`).
    head : bytes
        Members that come first, each with its comma.
    """
    numbers = {name: number for number, name in enumerate(classes, 1)}
    categories = [
        {"id": number, "name": name, "supercategory": "none"} for name, number in numbers.items()
    ]
    yield b"{" + head + b'"categories":' + msgspec.json.encode(categories) + b',"images":['
    for number, row in enumerate(rows(), 1):
        image = {"id": number, **row["image"]}
        yield (b"," if number > 1 else b"") + msgspec.json.encode(image)
    yield b'],"annotations":['
    count = 0
    for number, row in enumerate(rows(), 1):
        for found in row["objects"]:
            count += 1
            category = numbers[found.pop("category")]
            entry = {"id": count, "image_id": number, "category_id": category, **found}
            yield (b"," if count > 1 else b"") + msgspec.json.encode(entry)
    yield b"]}\n"
