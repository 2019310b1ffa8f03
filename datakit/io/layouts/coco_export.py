"""Writing a COCO annotation file for samples whose annotations came from one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from datakit.core.masks.polygons import polygon_counts_each
from datakit.core.masks.rle import encode_counts
from datakit.io.layouts import READERS
from datakit.io.layouts.base import Item
from datakit.io.store import atomic
from datakit.io.store.storage import Location
from datakit.records.labels import LabelObject


def write_annotations(path: Location, samples: Iterable[tuple[Item, str, tuple[int, int]]]) -> int:
    """Write the annotations of some samples: of COCO verbatim but for their ids, of others as COCO.

    Categories of several files are one when their names are equal.

    Parameters
    ----------
    path : Path or ObjectPath
        The file to write.
    samples : iterable of (item, file_name, size_wh)
        The sample, its image's path relative to the file, and the image's size.

    Returns
    -------
    int
        Annotations written.
    """
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    categories: dict[str, int] = {}
    for number, (item, file_name, (width, height)) in enumerate(samples):
        images.append({"id": number, "file_name": file_name, "width": width, "height": height})
        entries, names = _entries(item, (width, height))
        for name in names.values():
            categories.setdefault(name, len(categories))
        for entry in entries:
            label = names.get(str(entry.get("category_id")))
            kept = {**entry, "id": len(annotations), "image_id": number}
            if label is not None:
                kept["category_id"] = categories[label]
            annotations.append(kept)
    listed = [{"id": n, "name": name, "supercategory": "none"} for name, n in categories.items()]
    document = {"images": images, "categories": listed, "annotations": annotations}
    atomic.write_bytes(path, msgspec.json.encode(document) + b"\n")
    return len(annotations)


def _entries(item: Item, size_wh: tuple[int, int]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return an image's annotations with the names of their category ids.

    An id that several classes share names none: the entry is left without a class.
    """
    if item.annotations is None:
        return [], {}
    if item.layout == "coco" and not item.shown:
        names = {key: name for key, name in item.categories.items() if isinstance(name, str)}
        return msgspec.json.decode(item.annotations), names
    objects = READERS.load(item.layout).objects(item, size_wh)
    drawn = [one for one in objects if one.extent]
    return [_entry(one, size_wh) for one in drawn], {one.category: one.category for one in drawn}


def _entry(one: LabelObject, size_wh: tuple[int, int]) -> dict[str, Any]:
    """Return an object as a COCO annotation whose category id is the class's name."""
    entry: dict[str, Any] = {"category_id": one.category, "iscrowd": int(one.crowd)}
    if one.holes:
        height, width = size_wh[::-1]
        rings = [*one.rings, *one.holes]
        counts = polygon_counts_each(rings, [0] * len(rings), height, width, "evenodd")[0]
        entry["segmentation"] = {"size": [height, width], "counts": encode_counts(counts)}
    elif one.rle is not None:
        entry["segmentation"] = {"size": list(one.rle.size), "counts": one.rle.counts}
    elif one.rings:
        entry["segmentation"] = [ring.ravel().tolist() for ring in one.rings]
    if one.bounds_xyxy is not None:
        x0, y0, x1, y1 = one.bounds_xyxy
        entry["bbox"] = [x0, y0, x1 - x0, y1 - y0]
    if one.role == "ignore":
        entry["ignore"] = 1
    return entry
