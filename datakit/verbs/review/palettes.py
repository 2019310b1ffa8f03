"""The palettes of a review: which classes and objects a person may paint on each mask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from datakit.core.matting.brush import UNKNOWN
from datakit.io.layouts.base import Item
from datakit.pages.subject import Paint, with_objects

_LEAST_CLASSES = 2


def palettes(items: Sequence[Item], label_map: Mapping[str, int]) -> dict[str, tuple[Paint, ...]]:
    """Return id -> what may be painted on its mask; samples whose masks tell nothing apart lack.

    A class mask offers its classes; a mask of objects those that it has and a new one of each
    class. Values from 255 on cannot be painted.
    """
    has_objects = any(item.sample is not None and item.sample.instances for item in items)
    classes = tuple(
        Paint(value, name, name)
        for name, value in sorted(label_map.items(), key=lambda one: one[1])
        if 0 < value < UNKNOWN
    )
    found = {}
    for item in items:
        if item.mask is None:
            continue
        paints = _objects(item, sorted(label_map)) if has_objects else classes
        if has_objects or len(classes) >= _LEAST_CLASSES:
            found[item.key] = paints
    return found


def _objects(item: Item, class_names: Sequence[str]) -> tuple[Paint, ...]:
    instances = item.sample.instances if item.sample else ()
    known = (Paint(one.id, f"{one.category} {one.id}", one.category) for one in instances)
    new = (Paint(0, f"new {name}", name, is_new=True) for name in class_names)
    return with_objects((*known, *new), {})
