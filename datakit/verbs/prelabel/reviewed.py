"""The reviewed label of one image, and which pixels of its draft people changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.masks.runs import mask_to_counts
from datakit.errors import InputError
from datakit.io.layouts.label_pixels import decode_label
from datakit.io.pixels.decoders import read_alpha
from datakit.records.labels import is_binary
from datakit.records.sample import Instance
from datakit.verbs.prelabel.drafted import Drafted
from datakit.verbs.prelabel.pairs import Given
from datakit.verbs.prelabel.sent_parts import rejoined
from datakit.verbs.shared.image_label import ImageLabel, LabelRules, read_label
from datakit.verbs.shared.packed_shapes import PackedShapes
from datakit.verbs.shared.shapes import Shape

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]

_HALF = 0.5


def read_review(given: Given, drafted: Drafted, rules: LabelRules) -> ImageLabel:
    """Return what people say of an image, in pixels of its draft.

    Raises
    ------
    InputError
        If the review is for another size, or its layout cannot carry what was sent.
    """
    item = given.item
    width, height = drafted.size_wh
    stated = item.stated_wh or drafted.size_wh
    if stated != drafted.size_wh and not (item.shown and stated == (height, width)):
        raise InputError(
            f"{given.name}: expected shapes for {width} x {height} pixels, found them for "
            f"{stated[0]} x {stated[1]}; export again without resizing or augmentation"
        )
    if item.annotations is None:
        return ImageLabel(drafted.size_wh, shapes=PackedShapes(_mask_shapes(given, drafted)))
    found = read_label(item, drafted.size_wh, rules)
    if item.layout == "coco" and item.shown:
        _check_carried(given, drafted, found)
    return found


def _check_carried(given: Given, drafted: Drafted, found: ImageLabel) -> None:
    """Refuse a COCO file of Label Studio's for a label whose brush shapes it leaves out."""
    if any(kind.counts is not None for kind in found.shapes.kinds):
        return
    if drafted.has_brush_shapes() or (not found.shapes and drafted.label.any()):
        raise InputError(
            f"{given.name}: expected all shapes of this label, found a COCO export of Label "
            "Studio's, which leaves brush masks out; export the project as JSON"
        )


def _mask_shapes(given: Given, drafted: Drafted) -> list[Shape]:
    """Return the objects, or the classes, of a reviewed dataset's mask as shapes."""
    item = given.item
    if item.mask is not None:
        label = decode_label(item, "mask", item.mask)
    elif item.alpha is not None:
        alpha = read_alpha(item.alpha.read(), item.alpha.name)
        label = (alpha.levels > np.iinfo(alpha.levels.dtype).max * _HALF).astype(np.uint8)
    else:
        raise InputError(f"{item.key}: expected a mask or an alpha, found neither")
    if label.shape[::-1] != drafted.size_wh:
        raise InputError(
            f"{given.name}: expected a mask of {drafted.size_wh[0]} x {drafted.size_wh[1]} pixels, "
            f"found {label.shape[1]} x {label.shape[0]}"
        )
    instances = item.sample.instances if item.sample else ()
    named = {one.id: one.category for one in instances}
    if not named and not is_binary(given.label_map):
        named = {value: name for name, value in given.label_map.items() if value}
    only = next(iter(drafted.settings.classes), "")
    return [
        Shape(
            annotation=str(value),
            category=named.get(int(value), only),
            rings=(),
            counts=mask_to_counts(label == value),
        )
        for value in np.unique(label[label > 0])
    ]


def is_ignore_changed(given: Given, found: ImageLabel, sent: ImageLabel | None) -> bool:
    """Tell whether people changed the unknown region.

    A COCO file without such a region says nothing of it: many tools drop crowds.
    """
    now = found.ignore_mask()
    if sent is None or (now is None and given.item.layout == "coco"):
        return now is not None
    before = sent.ignore_mask()
    if now is None or before is None:
        return now is not before
    return not np.array_equal(now, before)


def merged_label(
    drafted: Drafted, found: ImageLabel, sent: ImageLabel | None
) -> tuple[Array, Bools, tuple[Instance, ...]]:
    """Return the label after a review, the pixels that people changed, and its objects.

    Where nobody drew, the tool gives back what it was given: the label itself, or its polygons,
    which differ a little. Only a difference to what was sent is a person's decision.
    """
    shapes: Sequence[Shape] = found.shapes
    if sent is not None and drafted.settings.instances:
        shapes = rejoined(shapes, sent.shapes, drafted.size_wh)
    painted, instances = drafted.painted(shapes)
    differs: Bools = painted != drafted.label
    if not differs.any():
        return drafted.label, differs, drafted.sample.instances
    if sent is not None:
        given, _ = drafted.painted(sent.shapes)
        differs = _changed(painted, given, drafted.label)
    if not differs.any():
        return drafted.label, differs, drafted.sample.instances
    return np.where(differs, painted, drafted.label), differs, instances


def _changed(painted: Array, given: Array, label: Array) -> Bools:
    """Tell which pixels people changed, of a label that was sent as ``given`` paints it.

    If the review is nearer to what was sent than to the label, then what the sent shapes had lost
    of the label counts only where it touches a change of the same kind: with a part that was
    erased goes the rim that its polygon had missed.
    """
    differs: Bools = painted != label
    if np.array_equal(painted, given):
        return np.zeros_like(differs)
    lost = np.count_nonzero(given != label)
    if np.count_nonzero(differs) - np.count_nonzero(painted != given) <= lost / 2:
        return differs
    drawn = differs & (painted != given)
    changed: Bools = np.zeros_like(drawn)
    for value in np.unique(painted[drawn]):
        kind = (differs & (painted == value)).view(np.uint8)
        _, regions = cv2.connectedComponents(kind, connectivity=4)
        touched = np.zeros(int(regions.max()) + 1, bool)
        touched[regions[drawn & (painted == value)]] = True
        touched[0] = False
        changed |= touched[regions]
    return changed


def params(changed_px: int, overlap: float, tool: str) -> str:
    """Return the parameters of the step as JSON."""
    found = {"changed_px": changed_px, "iou": round(overlap, 6), "tool": tool}
    return msgspec.json.encode(found).decode()
