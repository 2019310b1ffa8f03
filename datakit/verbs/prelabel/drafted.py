"""A drafted label: its values, its objects, and how a tool shows it to people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from datakit.core.masks.runs import Counts, counts_to_mask
from datakit.core.metrics.mask_metrics import iou
from datakit.errors import InputError
from datakit.io.layouts import WRITERS
from datakit.io.layouts.base import Item
from datakit.io.layouts.drawn import Drawing, draw
from datakit.io.layouts.label_pixels import decode_ignored, decode_label
from datakit.io.layouts.objects import objects_of
from datakit.io.layouts.picture import Picture
from datakit.io.layouts.writer import ObjectFormat, Settings
from datakit.io.pixels.decoders import read_alpha
from datakit.io.store.files import FileRef
from datakit.records.sample import Instance, Sample
from datakit.verbs.shared.image_label import ImageLabel, LabelRules, read_label
from datakit.verbs.shared.shapes import Shape, paint, shape_counts

Array = npt.NDArray[Any]

SENT_AS: Mapping[str, str] = {
    "coco": "roboflow",
    "cvat": "cvat",
    "label-studio": "label-studio",
    "labelme": "labelme",
    "yolo-seg": "yolo-seg",
}
"""Layout of a review -> the writer of what its tool was sent."""

_SAME_OBJECT = 0.5
_FOREGROUND = 255


@dataclass(frozen=True)
class Drafted:
    """The label of a sample before a review.

    Attributes
    ----------
    item : Item
    sample : Sample
    label : (H, W) uint8 or uint16
        0/255, classes, or ids of objects.
    alpha : (H, W) uint8 or uint16, optional
    ignore : (H, W) uint8, optional
    settings : Settings
        Of the whole set.
    """

    item: Item
    sample: Sample
    label: Array
    alpha: Array | None
    ignore: Array | None
    settings: Settings

    @classmethod
    def read(cls, item: Item, sample: Sample, alpha: FileRef | None, settings: Settings) -> Drafted:
        """Decode a sample's labels.

        Raises
        ------
        InputError
            If there is neither mask nor alpha, or one has another size than the image.
        """
        file = item.alpha or alpha
        levels = None if file is None else read_alpha(file.read(), "alpha").levels
        ignore = decode_ignored(item)
        if item.mask is not None:
            label = decode_label(item, "mask", item.mask)
        elif levels is not None:
            half = (int(np.iinfo(levels.dtype).max) + 1) // 2
            label = np.where(levels >= half, np.uint8(255), np.uint8(0))
        else:
            raise InputError(f"{item.key}: expected a drafted mask or alpha, found neither")
        for found in (label, levels, ignore):
            if found is not None and found.shape != (sample.height, sample.width):
                raise InputError(
                    f"{item.key}: expected labels of {sample.width} x {sample.height} pixels, "
                    f"found {found.shape[1]} x {found.shape[0]}"
                )
        return cls(item, sample, label, levels, ignore, settings)

    @property
    def size_wh(self) -> tuple[int, int]:
        """The size of the label."""
        return self.label.shape[1], self.label.shape[0]

    @cached_property
    def classes(self) -> dict[str, int]:
        """Class name -> value, of a set whose masks hold classes."""
        return {name: value for name, value in self.settings.label_map.items() if value > 0}

    @cached_property
    def picture(self) -> Picture:
        """The sample as a layout's writer takes it; its pixels are not needed for shapes."""
        height, width = self.label.shape
        return Picture(
            item=self.item,
            row=self.sample,
            image=np.broadcast_to(np.uint8(0), (height, width, 3)),
            mask=self.label,
            ignore=self.ignore,
            label_map=self.settings.label_map,
        )

    def sent(self, layout: str) -> ImageLabel | None:
        """Return what a tool was sent of this label, by the writer of its layout.

        None for a layout that sends nothing: a review of it speaks for itself.
        """
        if layout not in SENT_AS:
            return None
        writer = cast(ObjectFormat, WRITERS.load(SENT_AS[layout])(self.settings))
        item = replace(
            self.item,
            layout=layout,
            annotations=writer.annotations(self.picture),
            categories=writer.categories,
            shown=False,
            stated_wh=None,
        )
        return read_label(item, self.size_wh, LabelRules())

    def has_brush_shapes(self) -> bool:
        """Tell whether Label Studio got a part of this label as brush masks."""
        objects = objects_of(self.picture, self.settings.classes)
        return self.ignore is not None or any(
            shape.outline is None for shape in draw(objects, Drawing(holes="rle"))
        )

    def painted(self, shapes: Sequence[Shape]) -> tuple[Array, tuple[Instance, ...]]:
        """Paint shapes in the values of this label: foreground, classes, or ids of objects."""
        instances: dict[int, Instance] = {}
        if self.settings.instances:
            instances = self._numbered([shape for shape in shapes if shape.role == "object"])
            numbers = iter(instances)
            values = [next(numbers) if shape.role == "object" else 0 for shape in shapes]
        else:
            values = [self._value(shape) for shape in shapes]
        pixels = paint(shapes, values, self.size_wh, "union", "area")
        return pixels.astype(self.label.dtype), tuple(instances.values())

    def _value(self, shape: Shape) -> int:
        if shape.role != "object":
            return 0
        one = next(iter(self.classes.values()), _FOREGROUND)
        return self.classes.get(shape.category, one)

    def _numbered(self, shapes: list[Shape]) -> dict[int, Instance]:
        """Give each shape the id of the object that it is in this label, or a new one, in order."""
        width, height = self.size_wh
        free = {instance.id: instance for instance in self.sample.instances}
        fresh = max(free, default=0) + 1
        found: dict[int, Instance] = {}
        counts: list[Counts] = shape_counts(shapes, height, width, "union")
        for shape, runs in zip(shapes, counts, strict=True):
            mask = counts_to_mask(runs, height, width)
            overlaps = {
                number: iou(mask, self.label == number)
                for number, instance in free.items()
                if instance.category == shape.category
            }
            best = max(overlaps, key=overlaps.__getitem__, default=None)
            if best is not None and overlaps[best] > _SAME_OBJECT:
                found[best] = free.pop(best)
                continue
            found[fresh] = Instance(
                id=fresh, category=shape.category, annotation=shape.annotation, area=0
            )
            fresh += 1
        return found
