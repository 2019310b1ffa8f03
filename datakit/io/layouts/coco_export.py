"""Writing a COCO annotation file for samples whose annotations came from one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from datakit.io.layouts.base import Item
from datakit.io.store import atomic
from datakit.io.store.storage import Location


def write_annotations(path: Location, samples: Iterable[tuple[Item, str, tuple[int, int]]]) -> int:
    """Write the annotations of some samples, verbatim but for their ids.

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
        # An id that several classes share names none: the entry is left without a class.
        names = {key: name for key, name in item.categories.items() if isinstance(name, str)}
        for name in names.values():
            categories.setdefault(name, len(categories))
        for entry in msgspec.json.decode(item.annotations) if item.annotations else []:
            label = names.get(str(entry.get("category_id")))
            kept = {**entry, "id": len(annotations), "image_id": number}
            if label is not None:
                kept["category_id"] = categories[label]
            annotations.append(kept)
    listed = [{"id": n, "name": name, "supercategory": "none"} for name, n in categories.items()]
    document = {"images": images, "categories": listed, "annotations": annotations}
    atomic.write_bytes(path, msgspec.json.encode(document) + b"\n")
    return len(annotations)
