"""A COCO file in pieces, and shapes as its annotations: what the layouts around it share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from datakit.io.layouts.drawn import Drawn


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
