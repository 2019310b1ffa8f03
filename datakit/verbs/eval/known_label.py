"""A label of any layout as pixels to compare: classes, and the unknown region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from datakit.core.images.orientation import orient
from datakit.core.masks.foreground import foreground
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import decode_ignored, decode_label
from datakit.io.pixels.decoders import decode_alpha
from datakit.io.pixels.native import probe
from datakit.records.labels import is_binary
from datakit.verbs.shared.image_label import LabelRules, read_label
from datakit.verbs.shared.labelled import image_bytes
from datakit.verbs.shared.shapes import canvas_of, paint

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class KnownLabel:
    """A label.

    Attributes
    ----------
    classes : (H, W) uint8
        0 is background.
    unknown : (H, W) bool, optional
        Where the label is unknown; None when all is known.
    """

    classes: npt.NDArray[np.uint8]
    unknown: Bools | None = None


def known_label(
    item: Item, label_map: Mapping[str, int], values: Mapping[str, int], threshold: float
) -> KnownLabel:
    """Return an item's label: its mask or drawn objects, else its alpha above ``threshold``.

    Parameters
    ----------
    item : Item
    label_map : mapping
        Class name -> value in the item's mask.
    values : mapping
        Class name -> value to give it here; all foreground is 1 when empty.
    threshold : float

    Raises
    ------
    InputError
        If the item has no label, a file cannot be decoded, or a mask shows a class without a name.
    """
    if item.annotations is not None:
        return _drawn(item, values)
    unknown = _unknown(item)
    if item.mask is not None:
        stored = decode_label(item, "mask", item.mask)
        classes = foreground(stored).astype(np.uint8)
        if values:
            classes = _renumbered(stored, item, label_map, values)
        return KnownLabel(classes, unknown)
    if item.alpha is not None:
        if values:
            raise InputError(f"{item.alpha.name}: expected a mask of classes, found an alpha")
        alpha = decode_alpha(item.alpha.read(), item.alpha.name)
        return KnownLabel((alpha > threshold).astype(np.uint8), unknown)
    raise InputError(f"{item.source_name}: expected a label, found none")


def _drawn(item: Item, values: Mapping[str, int]) -> KnownLabel:
    """Draw the objects of an annotation file on the picture as it is shown."""
    canvas_wh, turn = canvas_of(item, probe(image_bytes(item), item.source_name))
    known = read_label(item, canvas_wh, LabelRules(classes=values or None))
    painted = [
        0 if shape.role == "background" else values[shape.category] if values else 1
        for shape in known.shapes
    ]
    classes = orient(paint(known.shapes, painted, canvas_wh, "union", "area"), turn)
    ignored = known.ignore_mask()
    return KnownLabel(classes, None if ignored is None else orient(ignored, turn) > 0)


def _unknown(item: Item) -> Bools | None:
    ignored = decode_ignored(item)
    return None if ignored is None else ignored > 0


def _renumbered(
    stored: npt.NDArray[np.uint8] | npt.NDArray[np.uint16],
    item: Item,
    label_map: Mapping[str, int],
    values: Mapping[str, int],
) -> npt.NDArray[np.uint8]:
    """Return a mask in other values: by its classes, or by the classes of its objects."""
    instances = item.sample.instances if item.sample else ()
    named = [(one.id, one.category) for one in instances] or [
        (value, name) for name, value in label_map.items()
    ]
    if is_binary(label_map) and not instances:
        # 255 in a map of one class; its mask may be 0 and 1.
        name = next((name for name, value in label_map.items() if value), None)
        return np.where(foreground(stored), np.uint8(values.get(name or "", 0)), np.uint8(0))
    table = np.zeros(int(stored.max(initial=0)) + 1, np.int64) - 1
    table[0] = 0
    for value, name in named:
        if value < len(table):
            table[value] = values.get(name, 0)
    found = table[stored]
    if (found < 0).any():
        strange = int(stored[found < 0][0])
        raise InputError(
            f"{item.source_name}: expected the values of its label map in its mask, found {strange}"
        )
    return found.astype(np.uint8)
