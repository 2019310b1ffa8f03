"""Where the source says that a person is: what segmenters without a model start from."""

from __future__ import annotations

from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.coco_annotations import read_annotations
from datakit.models.segmenters.base import Hint


def hint_of(item: Item, image_hw: tuple[int, int]) -> Hint | None:
    """Return the annotations of an item as a hint: its outlines, else the box around its boxes.

    Raises
    ------
    InputError
        If the annotations are for another size than the image has.
    """
    found = [one for one in read_annotations(item.annotations or b"[]") if one.problem is None]
    polygons = tuple(ring for one in found for ring in one.rings)
    boxes = [one.bbox_xywh for one in found if one.bbox_xywh is not None]
    if not polygons and not boxes:
        return None
    height, width = image_hw
    if item.stated_wh not in (None, (width, height)):
        raise InputError(
            f"{item.source_name}: expected the {item.stated_wh} pixels that its annotations are "
            f"for, found {width} x {height}; export again with these images"
        )
    if polygons:
        return Hint(polygons=polygons)
    return Hint(
        box_xyxy=(
            max(0.0, min(x for x, _, _, _ in boxes)),
            max(0.0, min(y for _, y, _, _ in boxes)),
            min(float(width), max(x + w for x, _, w, _ in boxes)),
            min(float(height), max(y + h for _, y, _, h in boxes)),
        )
    )
