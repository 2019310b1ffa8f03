"""One image of an annotated source -> its mask or coverage, and the image beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.images.orientation import orient
from datakit.core.images.resizing import Fit, Resizing
from datakit.core.masks.coverage import coverage_to_uint8, polygon_coverage
from datakit.core.masks.runs import counts_to_mask, union_counts
from datakit.core.masks.span_mask import SpanMask
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.datakit import ANNOTATION_FAILED
from datakit.io.layouts.label_pixels import decode_label, label_files
from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_photo
from datakit.io.pixels.memory import check_memory
from datakit.io.store import atomic
from datakit.io.store.reads import sha256
from datakit.io.store.storage import location
from datakit.records.failure import Failure
from datakit.records.labels import ClassRules
from datakit.records.probe import Probe
from datakit.records.product import Loss, Product
from datakit.records.sample import Instance, Operation, Sample
from datakit.verbs.coco2mask.file_labels import FileClasses, taken_over
from datakit.verbs.shared.image_label import ImageLabel, LabelRules, Tolerance, read_label
from datakit.verbs.shared.labelled import FOLDERS, image_bytes, loss_of, visible_instances
from datakit.verbs.shared.lost_labels import with_loss
from datakit.verbs.shared.shapes import (
    Boxes,
    Overlap,
    Rule,
    Shape,
    canvas_of,
    flat_rings,
    paint,
    shape_counts,
    united_spans,
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
    file_values: Mapping[str, int]
    """Class name -> value, in the masks of a source whose labels are files already."""
    kind: Kind
    rule: Rule
    overlap: Overlap
    boxes: Boxes
    mapping: ClassRules
    tolerance: str | None
    placing: Placing
    size_wh: tuple[int, int] | None
    fit: Fit
    drop_empty: bool

    @property
    def meaning(self) -> str:
        """What the label is in a dataset."""
        return "alpha" if self.kind == "coverage" else "mask"

    @property
    def rules(self) -> LabelRules:
        """How objects are read."""
        return LabelRules(
            classes=self.values,
            mapping=self.mapping,
            boxes=self.boxes,
            crowds="ignore" if self.kind == "instance" else "paint",
            tolerance=Tolerance(self.tolerance),
        )

    def __call__(self, item: Item) -> Product:
        """Rasterize one image; its bad annotations become failures, the others are painted."""
        data = image_bytes(item)
        facts = images.probe(data, item.source_name)
        if item.annotations is None and label_files(item):
            return self._from_files(item, data, facts)
        check_memory(facts.size_wh, item.source_name)
        canvas_wh, turn = canvas_of(item, facts)
        known = read_label(item, canvas_wh, self.rules)
        pixels, instances = self._label(known)
        label, lost = (None, None) if pixels is None else self._as_written(pixels, turn, facts)
        if self.size_wh and isinstance(label, np.ndarray):
            instances = visible_instances(instances, label)
        share = None if label is None else self._foreground_share(label)
        if self.drop_empty and not share:
            return Product(failures=tuple(known.failures))
        ignore = self._turned_ignore(known, turn, facts)
        width, height = self.size_wh or facts.size_wh
        row = item.describe(width, height, sha256(data), self.step)
        names, files = self._write(item, data, facts, {self.meaning: label, "ignore": ignore})
        sample = msgspec.structs.replace(
            row,
            tags=_tags(row, known, facts),
            label_state=known.state,
            categories=tuple(known.categories),
            annotations=known.categories.total(),
            fg_ratio=None if share is None else round(share, 6),
            instances=instances,
            **names,
        )
        return _made(sample, files, lost, tuple(known.failures))

    def _from_files(self, item: Item, data: bytes, facts: Probe) -> Product:
        """Take over labels that are files already, in the kind of mask that was asked for."""
        labels: dict[str, Array | None] = {
            kind: decode_label(item, kind, ref) for kind, ref in label_files(item).items()
        }
        for kind, label in labels.items():
            _check_size(item, kind, label, facts)
        taken = taken_over(item, labels, self.kind, self.classes)
        resized = {
            kind: None if label is None else self._resized(kind, label, facts)
            for kind, label in taken.labels.items()
        }
        label = resized.get(self.meaning)
        lost = None if self.meaning == "alpha" else loss_of(taken.labels.get("mask"), label)
        share = None if label is None else self._foreground_share(label)
        if self.drop_empty and not share:
            return Product()
        width, height = self.size_wh or facts.size_wh
        row = item.describe(width, height, sha256(data), self.step)
        names, files = self._write(item, data, facts, resized)
        sample = msgspec.structs.replace(
            row,
            categories=taken.categories or row.categories,
            instances=visible_instances(taken.instances, resized.get("mask")),
            fg_ratio=None if share is None else round(share, 6),
            **names,
        )
        return _made(sample, files, lost)

    @property
    def classes(self) -> FileClasses:
        """What the classes of mask files become."""
        return FileClasses(self.file_values, self.values, self.mapping)

    def _label(self, known: ImageLabel) -> tuple[Array | SpanMask | None, tuple[Instance, ...]]:
        """Return a label, of coverage in float32, and the instances.

        None where nothing can be painted although something is there: that is no background.
        """
        if known.is_blank:
            return None, ()
        if self.kind == "binary":
            return self._binary(known), ()
        if self.kind == "coverage":
            return self._coverage(known), ()
        shapes = known.shapes
        if self.kind == "semantic":
            values = [self.values.get(kind.category, 0) for kind in shapes.kinds]
            return paint(shapes, values, known.canvas_wh, self.rule, self.overlap), ()
        numbers = iter(range(1, len(shapes) + 1))
        values = [next(numbers) if shape.role == "object" else 0 for shape in shapes]
        label = paint(shapes, values, known.canvas_wh, self.rule, self.overlap).astype(np.uint16)
        areas = np.bincount(label.ravel(), minlength=len(shapes) + 1)
        instances = tuple(
            Instance(
                id=number,
                category=shape.category,
                annotation=shape.annotation,
                area=int(areas[number]),
            )
            for number, shape in zip(values, shapes, strict=True)
            if number
        )
        return label, instances

    def _binary(self, known: ImageLabel) -> Array | SpanMask:
        width, height = known.canvas_wh
        shapes = known.shapes
        if known.cuts:
            values = [255 if kind.role == "object" else 0 for kind in shapes.kinds]
            return paint(shapes, values, known.canvas_wh, self.rule, self.overlap)
        if all(kind.counts is None for kind in shapes.kinds):
            return SpanMask(*united_spans(shapes, height, width, self.rule), height, width)
        encoded = shape_counts(shapes, height, width, self.rule)
        return SpanMask.of_counts(union_counts(encoded, height * width), height, width)

    def _coverage(self, known: ImageLabel) -> Array:
        width, height = known.canvas_wh
        label = self._covered(known.objects, height, width)
        cuts = known.cuts
        if cuts:
            kept = label.copy()
            np.minimum(kept, 1 - self._covered(cuts, height, width), out=kept)
            label[...] = kept
        return label

    def _covered(self, shapes: list[Shape], height: int, width: int) -> npt.NDArray[np.float32]:
        rings, owners = flat_rings(shapes)
        canvas = _shared_coverage(height, width)
        label = polygon_coverage(rings, height, width, self.rule, owners, canvas)
        for shape in shapes:
            if shape.counts is not None:
                np.maximum(label, counts_to_mask(shape.counts, height, width), out=label)
        return label

    def _as_written(
        self, label: Array | SpanMask, turn: int, facts: Probe
    ) -> tuple[Array | SpanMask, Loss | None]:
        """Turn the label as its picture, bring it to the size asked for, and to integers.

        Beside it comes what the size has left nothing of.
        """
        if isinstance(label, SpanMask):
            if turn == 1 and self.size_wh in (None, facts.size_wh):
                return label, None
            label = label.pixels(255)
        if turn != 1:
            label = orient(label, turn)
        whole = label
        label = self._resized(self.meaning, whole, facts)
        lost = None if label is whole else loss_of(whole, label)
        if self.kind != "coverage":
            return label, lost
        return coverage_to_uint8(label, _shared_canvas(*label.shape).pixels), lost

    def _resized(self, kind: str, label: Array, facts: Probe) -> Array:
        if not self.size_wh or self.size_wh == facts.size_wh:
            return label
        resizing = Resizing(facts.size_wh, self.size_wh, self.fit)
        if kind == "alpha" and label.dtype != np.float32:
            soft = resizing.alpha(label.astype(np.float32) / np.iinfo(label.dtype).max)
            levels: Array = np.rint(soft * np.iinfo(label.dtype).max).astype(label.dtype)
            return levels
        return resizing.label(kind, label)

    def _turned_ignore(self, known: ImageLabel, turn: int, facts: Probe) -> Array | None:
        mask = known.ignore_mask(self.rule)
        if mask is None:
            return None
        return self._resized("ignore", mask if turn == 1 else orient(mask, turn), facts)

    def _foreground_share(self, label: Array | SpanMask) -> float:
        if isinstance(label, SpanMask):
            return label.area_px / (label.height * label.width)
        if self.kind == "coverage":
            return float(cv2.mean(label)[0]) / int(np.iinfo(label.dtype).max)
        return cv2.countNonZero(label) / label.size

    def _write(
        self, item: Item, data: bytes, facts: Probe, labels: Mapping[str, Array | SpanMask | None]
    ) -> tuple[dict[str, str], dict[str, int]]:
        """Write image and labels; return the row's file names, and every file's size."""
        names: dict[str, str] = {}
        files: dict[str, int] = {}
        for kind, label in labels.items():
            if label is None:
                continue
            name = item.place(FOLDERS[kind], ".png")
            encoded = _encoded(label)
            atomic.write_bytes(location(self.out, name), encoded)
            names[f"{kind}_file_name"] = name
            files[name] = len(encoded)
        if self.placing != "none":
            anew = facts.orientation != 1 or self.size_wh is not None
            suffix = images.written_suffix(item.rel)
            kept = not anew or item.rel.lower().endswith(suffix)
            names["file_name"] = name = item.place("images", None if kept else suffix)
            files[name] = self._place_image(item, data, facts, name)
        return names, files

    def _place_image(self, item: Item, data: bytes, facts: Probe, name: str) -> int:
        """Put the image into the dataset, its pixels untouched where they can stay; its size."""
        target = location(self.out, name)
        if facts.orientation != 1 or self.size_wh:
            image = decode_photo(data, item.source_name, transparency=item.transparency)
            if self.size_wh and self.size_wh != facts.size_wh:
                image = Resizing(facts.size_wh, self.size_wh, self.fit).image(image)
            data = images.encode_like(image, images.written_suffix(name))
            atomic.write_bytes(target, data)
            return len(data)
        path = item.image.path if item.image and self.placing != "copy" else None
        if path is None:
            atomic.write_bytes(target, data)
            return len(data)
        return atomic.link(path, target, symbolic=self.placing == "symlink")


def _encoded(label: Array | SpanMask) -> bytes:
    if isinstance(label, SpanMask):
        return images.encode_span_mask(label)
    canvas = _shared_canvas(label.shape[0], label.shape[1])
    return canvas.encode() if label is canvas.pixels else images.encode_png(label)


def _check_size(item: Item, kind: str, label: Array | None, facts: Probe) -> None:
    if label is not None and label.shape[::-1] != facts.size_wh:
        raise InputError(
            f"{item.source_name}: its {kind} has {label.shape[1]}x{label.shape[0]} pixels, "
            f"expected the image's {facts.size_wh[0]}x{facts.size_wh[1]}; one was resized"
        )


def _made(
    sample: Sample,
    files: dict[str, int],
    lost: Loss | None,
    failures: tuple[Failure, ...] = (),
) -> Product:
    return Product(
        samples=(with_loss(sample, lost),),
        failures=failures,
        files=files,
        lost={} if lost is None else {sample.id: lost},
    )


def _tags(row: Sample, known: ImageLabel, facts: Probe) -> tuple[str, ...]:
    tags = {*row.tags}
    if known.failures:
        tags.add(ANNOTATION_FAILED)
    if facts.orientation != 1:
        tags.add("orientation-applied")
    return tuple(sorted(tags))


@lru_cache(maxsize=2)
def _shared_canvas(height: int, width: int) -> images.GrayCanvas:
    """Return this process's canvas of a size: the pictures of a dataset mostly have one."""
    return images.GrayCanvas(height, width)


@lru_cache(maxsize=2)
def _shared_coverage(height: int, width: int) -> npt.NDArray[np.float32]:
    """Return this process's buffer for the coverage of a size, as `_shared_canvas`."""
    return np.zeros((height, width), np.float32)
