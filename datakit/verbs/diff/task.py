"""Comparing one sample of two datasets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from datakit.core.masks.runs import counts_to_mask, union_counts
from datakit.core.masks.values import values_in
from datakit.core.metrics.mask_metrics import boundary_iou, iou
from datakit.core.metrics.matting_metrics import sad
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import decode_label, label_files
from datakit.io.pixels.decoders import decode_photo
from datakit.io.pixels.native import probe
from datakit.records.difference import Changed, LabelChange, LabelKind
from datakit.records.labels import FOREGROUND, only_class
from datakit.verbs.diff.pairing import Pair
from datakit.verbs.shared.image_label import LabelRules, read_label
from datakit.verbs.shared.shapes import Shape, shape_counts

Array = npt.NDArray[Any]
_FIELDS = (
    "width",
    "height",
    "group",
    "parent",
    "tags",
    "label_state",
    "categories",
    "annotations",
    "instances",
)
_ROUNDED = 6


@dataclass(frozen=True)
class Compare:
    """Say what differs between two versions of one sample.

    Parameters
    ----------
    before, after : dict
        Class name -> mask value, of either dataset.
    kinds : tuple of str
        The labels to compare.
    """

    before: dict[str, int] = field(default_factory=dict)
    after: dict[str, int] = field(default_factory=dict)
    kinds: tuple[LabelKind, ...] = get_args(LabelKind)

    def __call__(self, pair: Pair) -> Changed:
        """Compare one pair."""
        image, size_hw = _image(pair)
        fields = _fields(pair)
        labels: list[LabelChange] = []
        if image != "size":
            if "mask" in self.kinds:
                one = _classes(pair.before, self.before, size_hw)
                other = _classes(pair.after, self.after, size_hw)
                labels += _class_changes(one, other)
            labels += _map_changes(pair, [kind for kind in self.kinds if kind != "mask"])
        return Changed(
            before=pair.before.key,
            after=pair.after.key,
            image=image,
            labels=tuple(labels),
            fields=fields,
        )


def _image(pair: Pair) -> tuple[Any, tuple[int, int]]:
    if pair.before.image is None or pair.after.image is None:
        raise InputError(f"{pair.key}: expected an image on both sides, one source names none")
    one, other = pair.before.image.read(), pair.after.image.read()
    if one == other:
        width, height = probe(one, pair.before.image.name).size_wh
        return "same", (height, width)
    first = decode_photo(one, pair.before.image.name)
    size_hw = (first.shape[0], first.shape[1])
    second = decode_photo(other, pair.after.image.name)
    if first.shape != second.shape:
        return "size", size_hw
    return ("file" if np.array_equal(first, second) else "pixels"), size_hw


def _fields(pair: Pair) -> tuple[str, ...]:
    one, other = pair.before.sample, pair.after.sample
    if one is None or other is None:
        return ()
    return tuple(name for name in _FIELDS if getattr(one, name) != getattr(other, name))


def _classes(
    item: Item, label_map: dict[str, int], size_hw: tuple[int, int]
) -> dict[str, Array] | None:
    """Return class -> (H, W) bool; None where there is no mask or annotation at all."""
    height, width = size_hw
    if item.mask is not None:
        mask = decode_label(item, "mask", item.mask)
        instances = item.sample.instances if item.sample else ()
        if instances:
            ids: dict[str, list[int]] = defaultdict(list)
            for found in instances:
                ids[found.category].append(found.id)
            return {name: np.isin(mask, values) for name, values in ids.items()}
        names = {value: name for name, value in label_map.items()}
        values = [value for value in values_in(mask) if value]
        if len(values) == 1 and values[0] not in names:
            names = {values[0]: only_class(label_map)}
        return {names.get(value, f"value {value}"): mask == value for value in values}
    if item.annotations is None:
        return None
    shapes: dict[str, list[Shape]] = defaultdict(list)
    for shape in read_label(item, (width, height), LabelRules()).objects:
        shapes[shape.category].append(shape)
    return {
        name: counts_to_mask(
            union_counts(shape_counts(found, height, width, "union"), height * width),
            height,
            width,
            1,
        ).astype(bool)
        for name, found in shapes.items()
    }


def _class_changes(
    one: dict[str, Array] | None, other: dict[str, Array] | None
) -> list[LabelChange]:
    if not one and not other:
        # An image without a mask, and annotations of which nothing could be drawn.
        return []
    if one is None or other is None:
        return [LabelChange(kind="mask", only="after" if one is None else "before")]
    if len(one) == len(other) == 1 and FOREGROUND in (*one, *other):
        # A mask without class names against one with a single class: the same class.
        name = next(
            name for name in (*other, *one) if name != FOREGROUND or one.keys() == other.keys()
        )
        one, other = {name: next(iter(one.values()))}, {name: next(iter(other.values()))}
    changes = []
    for name in sorted({**one, **other}):
        first, second = one.get(name), other.get(name)
        if first is None or second is None:
            known = second if first is None else first
            assert known is not None
            only: Any = "after" if first is None else "before"
            share = float(known.mean())
            changes.append(_change(name, share, iou=0.0, boundary=0.0, only=only))
        elif first.shape != second.shape:
            changes.append(_change(name, 1.0, iou=None, boundary=None, only=None))
        elif not np.array_equal(first, second):
            share = float((first != second).mean())
            changes.append(
                _change(
                    name,
                    share,
                    iou=iou(first, second),
                    boundary=boundary_iou(first, second),
                    only=None,
                )
            )
    return changes


def _change(
    name: str, share: float, *, iou: float | None, boundary: float | None, only: Any
) -> LabelChange:
    return LabelChange(
        kind="mask",
        category=name,
        only=only,
        share=round(share, _ROUNDED),
        iou=None if iou is None else round(iou, _ROUNDED),
        boundary_iou=None if boundary is None else round(boundary, _ROUNDED),
    )


def _map_changes(pair: Pair, kinds: Sequence[LabelKind]) -> list[LabelChange]:
    """Compare alphas, trimaps and ignore masks."""
    before, after = label_files(pair.before), label_files(pair.after)
    changes = []
    for kind in kinds:
        one, other = before.get(kind), after.get(kind)
        if one is None and other is None:
            continue
        if one is None or other is None:
            changes.append(LabelChange(kind=kind, only="after" if one is None else "before"))
            continue
        first = _unit(decode_label(pair.before, kind, one))
        second = _unit(decode_label(pair.after, kind, other))
        if first.shape != second.shape:
            changes.append(LabelChange(kind=kind))
        elif not np.array_equal(first, second):
            share = round(float((first != second).mean()), _ROUNDED)
            total = round(sad(first, second), _ROUNDED) if kind == "alpha" else None
            changes.append(LabelChange(kind=kind, share=share, sad=total))
    return changes


def _unit(stored: Array) -> npt.NDArray[np.float32]:
    """Return levels of 8 or 16 bits as 0 to 1."""
    if stored.dtype.kind == "f":
        return np.asarray(stored, np.float32)
    return np.asarray(stored / np.float32(np.iinfo(stored.dtype).max), np.float32)
