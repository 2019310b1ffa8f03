"""One image of a COCO export -> its mask or coverage, and the image beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, Literal

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.images.orientation import orient
from datakit.core.images.resizing import Fit, Resizing
from datakit.core.masks.coverage import coverage_to_uint8, polygon_coverage
from datakit.core.masks.painting import order_by_area, paint_labels
from datakit.core.masks.polygons import polygon_counts_each, polygon_mask
from datakit.core.masks.runs import counts_to_mask, union_counts
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.storage import location
from datakit.records.probe import Probe
from datakit.records.product import Product
from datakit.records.sample import Instance, Operation
from datakit.verbs.shared.shapes import (
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
    """The task of ``coco2mask``; see `datakit.verbs.coco2mask.options.Options` for the fields."""

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
        label = self._as_written(label, turn, facts)
        share = self._foreground_share(label)
        if self.drop_empty and share == 0:
            return Product(failures=tuple(failures))
        height, width = label.shape
        label_name, image_name, files = self._write(item, data, facts, label)
        sample = item.describe(width, height, hashlib.sha256(data).hexdigest(), self.step)
        tags = [*sample.tags]
        tags += ["annotation-failed"] if failures else []
        tags += ["orientation-applied"] if facts.orientation != 1 else []
        sample = msgspec.structs.replace(
            sample,
            file_name=image_name,
            mask_file_name=None if self.kind == "coverage" else label_name,
            alpha_file_name=label_name if self.kind == "coverage" else None,
            tags=tuple(sorted(set(tags))),
            categories=tuple(dict.fromkeys(shape.category for shape in shapes)),
            annotations=len(shapes),
            fg_ratio=round(share, 6),
            instances=instances,
        )
        return Product(samples=(sample,), failures=tuple(failures), files=files)

    def _as_written(self, label: Array, turn: int, facts: Probe) -> Array:
        """Turn the label as its picture, bring it to the size asked for, and to integers."""
        if turn != 1:
            label = orient(label, turn)
        if self.size_wh and self.size_wh != facts.size_wh:
            resizing = Resizing(facts.size_wh, self.size_wh, self.fit)
            label = resizing.alpha(label) if self.kind == "coverage" else resizing.mask(label)
        if self.kind != "coverage":
            return label
        return coverage_to_uint8(label, _shared_canvas(*label.shape).pixels)

    def _foreground_share(self, label: Array) -> float:
        if self.kind == "coverage":
            return float(cv2.mean(label)[0]) / 255
        return cv2.countNonZero(label) / label.size

    def _write(
        self, item: Item, data: bytes, facts: Probe, label: Array
    ) -> tuple[str, str | None, dict[str, int]]:
        """Write label and image; return their names and every file's size."""
        label_name = item.place("alphas" if self.kind == "coverage" else "masks", ".png")
        canvas = _shared_canvas(*label.shape)
        encoded = canvas.encode() if label is canvas.pixels else images.encode_png(label)
        atomic.write_bytes(location(self.out, label_name), encoded)
        files = {label_name: len(encoded)}
        image_name = None if self.placing == "none" else item.place("images")
        if image_name:
            files[image_name] = self._place_image(item, data, facts, image_name)
        return label_name, image_name, files

    def _place_image(self, item: Item, data: bytes, facts: Probe, name: str) -> int:
        """Put the image into the dataset, its pixels untouched where they can stay; its size."""
        target = location(self.out, name)
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
        return atomic.link(path, target, symbolic=self.placing == "symlink")

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
            canvas = _shared_canvas(height, width).pixels
            return polygon_mask(rings, height, width, self.rule, owners, 255, canvas)
        if rings:
            encoded += polygon_counts_each(rings, owners, height, width, self.rule)
        return counts_to_mask(union_counts(encoded, height * width), height, width, 255)

    def _coverage(self, shapes: list[Shape], height: int, width: int) -> Array:
        rings, owners = flat_rings(shapes)
        canvas = _shared_coverage(height, width)
        label = polygon_coverage(rings, height, width, self.rule, owners, canvas)
        for shape in shapes:
            if shape.counts is not None:
                np.maximum(label, counts_to_mask(shape.counts, height, width), out=label)
        return label


@lru_cache(maxsize=2)
def _shared_canvas(height: int, width: int) -> images.GrayCanvas:
    """Return this process's canvas of a size: the pictures of a dataset mostly have one."""
    return images.GrayCanvas(height, width)


@lru_cache(maxsize=2)
def _shared_coverage(height: int, width: int) -> npt.NDArray[np.float32]:
    """Return this process's buffer for the coverage of a size, as `_shared_canvas`."""
    return np.zeros((height, width), np.float32)


def _image_bytes(item: Item) -> bytes:
    if item.image is None:
        raise InputError(f"{item.source_name}: expected an image, the source names none")
    return item.image.read()
