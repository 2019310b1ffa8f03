"""Where the source says that a person is: what segmenters start from, or answer box by box."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from datakit.errors import InputError
from datakit.io.layouts import READERS
from datakit.io.layouts.base import Item
from datakit.models.prediction import Box, Hint
from datakit.records.labels import LabelObject


def hint_of(item: Item, image_hw: tuple[int, int]) -> Hint | None:
    """Return the annotations of an item as a hint: its outlines, else the box around its boxes.

    Raises
    ------
    InputError
        If the annotations are for another size than the image has.
    """
    found = _objects(item, image_hw)
    polygons = tuple(ring for one in found for ring in one.rings)
    if polygons:
        return Hint(polygons=polygons)
    return hint_of_boxes([box for one in found if (box := _box(one, image_hw)) is not None])


def object_boxes(item: Item, image_hw: tuple[int, int], *, outlined: bool) -> list[Box]:
    """Return the box of each annotated object, cut to the photo.

    Parameters
    ----------
    item : Item
    image_hw : tuple of int
    outlined : bool
        Whether objects that have an outline or a mask count too; else only those with a box alone.

    Raises
    ------
    InputError
        As `hint_of`.
    """
    chosen = [
        one
        for one in _objects(item, image_hw)
        if outlined or not (one.rings or one.rle is not None)
    ]
    return [box for one in chosen if (box := _box(one, image_hw)) is not None]


def hint_of_boxes(boxes: Sequence[Box], source: str = "annotation") -> Hint | None:
    """Return boxes as a hint, each by itself and the one around all; None without any.

    Examples
    --------
    >>> hint_of_boxes([(0, 0, 2, 2), (4, 1, 6, 3)]).box_xyxy
    (0.0, 0.0, 6.0, 3.0)
    """
    if not boxes:
        return None
    low, high = np.min(boxes, axis=0), np.max(boxes, axis=0)
    around = (float(low[0]), float(low[1]), float(high[2]), float(high[3]))
    return Hint(box_xyxy=around, boxes_xyxy=tuple(boxes), source=source)


def _objects(item: Item, image_hw: tuple[int, int]) -> list[LabelObject]:
    """Return the annotated objects of an item, in pixels of its photo."""
    if item.annotations is None:
        return []
    height, width = image_hw
    objects = READERS.load(item.layout).objects(item, (width, height))
    # Whatever its class: where somebody drew something, a person may be.
    found = [one for one in objects if one.role == "object"]
    drawn = any(one.rings or one.bounds_xyxy is not None for one in found)
    if drawn and item.stated_wh not in (None, (width, height)):
        raise InputError(
            f"{item.source_name}: expected the {item.stated_wh} pixels that its annotations are "
            f"for, found {width} x {height}; export again with these images"
        )
    return found


def _box(one: LabelObject, image_hw: tuple[int, int]) -> Box | None:
    """Return the stated box of an object, else that around its outlines, cut to the photo."""
    if one.bounds_xyxy is not None:
        x0, y0, x1, y1 = one.bounds_xyxy
    elif one.rings:
        points = np.concatenate(one.rings)
        (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    else:
        return None
    height, width = image_hw
    return max(0.0, x0), max(0.0, y0), min(float(width), x1), min(float(height), y1)
