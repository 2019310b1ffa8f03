"""Where the source says that a person is: what segmenters without a model start from."""

from __future__ import annotations

from datakit.errors import InputError
from datakit.io.layouts import READERS
from datakit.io.layouts.base import Item
from datakit.models.segmenters.base import Hint


def hint_of(item: Item, image_hw: tuple[int, int]) -> Hint | None:
    """Return the annotations of an item as a hint: its outlines, else the box around its boxes.

    Raises
    ------
    InputError
        If the annotations are for another size than the image has.
    """
    if item.annotations is None:
        return None
    size_wh = (image_hw[1], image_hw[0])
    objects = READERS.load(item.layout).objects(item, size_wh)
    # Whatever its class: where somebody drew something, a person may be.
    found = [one for one in objects if one.role == "object"]
    polygons = tuple(ring for one in found for ring in one.rings)
    boxes = [one.bounds_xyxy for one in found if one.bounds_xyxy is not None]
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
            max(0.0, min(x0 for x0, _, _, _ in boxes)),
            max(0.0, min(y0 for _, y0, _, _ in boxes)),
            min(float(width), max(x1 for _, _, x1, _ in boxes)),
            min(float(height), max(y1 for _, _, _, y1 in boxes)),
        )
    )
