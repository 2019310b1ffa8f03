"""One image of a COCO export -> its mask or coverage, and the image beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.coverage import coverage_to_uint8, polygon_coverage
from datakit.core.masks import order_by_area, paint_labels
from datakit.core.orientation import orient
from datakit.core.polygons import polygon_counts_each, polygon_mask
from datakit.core.resizing import Fit, Resizing
from datakit.core.runs import counts_to_mask, union_counts
from datakit.errors import InputError
from datakit.io import atomic, images
from datakit.io.formats.base import Item
from datakit.records.failure import Failure
from datakit.records.probe import Probe
from datakit.records.product import Product
from datakit.records.sample import Instance, Operation, Sample
from datakit.tasks.shapes import (
    Boxes,
    Rule,
    Shape,
    canvas_of,
    flat_rings,
    read_shapes,
    shape_counts,
)

Kind = Literal["binary", "semantic", "instance", "coverage"]
Placing = Literal["copy", "hardlink", "symlink", "none"]
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Rasterize:
    """The task of ``coco2mask``; see `datakit.commands.coco2mask.Options` for the fields."""

    out: str
    step: Operation
    values: Mapping[str, int]
    """Class name -> value in a semantic mask; classes that are not here are not painted."""
    kind: Kind
    rule: Rule
    overlap: Literal["area", "order"]
    boxes: Boxes
    placing: Placing
    size_wh: tuple[int, int] | None
    fit: Fit
    drop_empty: bool

    def setup(self) -> None:
        """Need nothing."""

    def __call__(self, item: Item) -> Product:
        """Rasterize one image; its bad annotations become failures, the others are painted."""
        data = _image_bytes(item)
        facts = images.probe(data, item.source_name)
        canvas_wh, turn = canvas_of(item, facts)
        shapes, failures = read_shapes(item, canvas_wh, boxes=self.boxes, classes=self.values)
        label, instances = self._label(shapes, canvas_wh)
        label = orient(label, turn)
        if self.size_wh and self.size_wh != facts.size_wh:
            resizing = Resizing(facts.size_wh, self.size_wh, self.fit)
            label = resizing.alpha(label) if self.kind == "coverage" else resizing.mask(label)
        if label.dtype == np.float32:
            label = coverage_to_uint8(label)
        share = cv2.countNonZero(label) / label.size
        if self.kind == "coverage":
            share = float(label.mean(dtype=np.float64)) / 255
        if self.drop_empty and share == 0:
            return Product(failures=tuple(failures))
        height, width = label.shape
        sample = item.describe(width, height, hashlib.sha256(data).hexdigest(), self.step)
        return self._write(item, data, facts, label, sample, shapes, instances, share, failures)

    def _write(
        self,
        item: Item,
        data: bytes,
        facts: Probe,
        label: Array,
        sample: Sample,
        shapes: list[Shape],
        instances: tuple[Instance, ...],
        share: float,
        failures: Sequence[Failure],
    ) -> Product:
        files: dict[str, int] = {}
        label_name = item.place("alphas" if self.kind == "coverage" else "masks", ".png")
        encoded = images.encode_png(label)
        atomic.write_bytes(Path(self.out, label_name), encoded)
        files[label_name] = len(encoded)
        image_name = None if self.placing == "none" else item.place("images")
        if image_name:
            files[image_name] = self._place_image(item, data, facts, image_name)
        tags = set(sample.tags)
        if failures:
            tags.add("annotation-failed")
        if facts.orientation != 1:
            tags.add("orientation-applied")
        return Product(
            samples=(
                Sample(
                    id=sample.id,
                    file_name=image_name,
                    mask_file_name=None if self.kind == "coverage" else label_name,
                    alpha_file_name=label_name if self.kind == "coverage" else None,
                    width=sample.width,
                    height=sample.height,
                    split=sample.split,
                    group=sample.group,
                    source=sample.source,
                    tags=tuple(sorted(tags)),
                    categories=tuple(dict.fromkeys(shape.category for shape in shapes)),
                    annotations=len(shapes),
                    fg_ratio=round(share, 6),
                    instances=instances,
                    history=sample.history,
                ),
            ),
            failures=tuple(failures),
            files=files,
        )

    def _place_image(self, item: Item, data: bytes, facts: Probe, name: str) -> int:
        """Put the image into the dataset, its pixels untouched where they can stay; its size."""
        target = Path(self.out, name)
        if facts.orientation != 1 or self.size_wh:
            image = images.decode_rgb(data, item.source_name)
            if self.size_wh and self.size_wh != facts.size_wh:
                image = Resizing(facts.size_wh, self.size_wh, self.fit).image(image)
            data = images.encode_like(image, PurePosixPath(name).suffix)
            atomic.write_bytes(target, data)
            return len(data)
        path = item.image.path if item.image else None
        if self.placing == "copy" or path is None:
            atomic.write_bytes(target, data)
            return len(data)
        atomic.link(path, target, symbolic=self.placing == "symlink")
        return target.lstat().st_size

    def _label(
        self, shapes: list[Shape], canvas_wh: tuple[int, int]
    ) -> tuple[Array, tuple[Instance, ...]]:
        """Return (H, W) uint8, uint16 (instances) or float32 (coverage), and the instances."""
        width, height = canvas_wh
        if self.kind == "binary":
            return self._binary(shapes, height, width), ()
        if self.kind == "coverage":
            return self._coverage(shapes, height, width), ()
        objects = shape_counts(shapes, height, width, self.rule)
        order = order_by_area(objects) if self.overlap == "area" else range(len(objects))
        if self.kind == "semantic":
            values = [self.values[shapes[k].category] for k in order]
            return paint_labels([objects[k] for k in order], values, height, width, np.uint8), ()
        ids = [k + 1 for k in order]
        label = paint_labels([objects[k] for k in order], ids, height, width, np.uint16)
        areas = np.bincount(label.ravel(), minlength=len(shapes) + 1)
        instances = tuple(
            Instance(
                id=k + 1,
                category=shape.category,
                annotation=shape.annotation,
                area=int(areas[k + 1]),
            )
            for k, shape in enumerate(shapes)
        )
        return label, instances

    def _binary(self, shapes: list[Shape], height: int, width: int) -> Array:
        rings, owners = flat_rings(shapes)
        encoded = [shape.counts for shape in shapes if shape.counts is not None]
        if not encoded:
            return polygon_mask(rings, height, width, self.rule, owners, value=255)
        if rings:
            encoded += polygon_counts_each(rings, owners, height, width, self.rule)
        return counts_to_mask(union_counts(encoded, height * width), height, width, 255)

    def _coverage(self, shapes: list[Shape], height: int, width: int) -> Array:
        rings, owners = flat_rings(shapes)
        label = polygon_coverage(rings, height, width, self.rule, owners)
        for shape in shapes:
            if shape.counts is not None:
                label = np.maximum(label, counts_to_mask(shape.counts, height, width))
        return label


def _image_bytes(item: Item) -> bytes:
    if item.image is None:
        raise InputError(f"{item.source_name}: expected an image, the source names none")
    return item.image.read()
