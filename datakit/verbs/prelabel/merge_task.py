"""One drafted sample and what people made of it -> the sample with the reviewed labels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.masks.contours import bridge_holes
from datakit.core.masks.painting import order_by_area, paint_labels
from datakit.core.masks.runs import Counts, counts_to_mask, mask_to_counts
from datakit.core.matting.alpha_edit import edit_alpha
from datakit.core.metrics.mask_metrics import iou
from datakit.errors import InputError
from datakit.io.layouts.drawn import Drawing, draw
from datakit.io.layouts.objects import Object
from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_mask, decode_trimap, read_alpha
from datakit.io.reviews import REVIEWS
from datakit.io.reviews.base import Given, Pair
from datakit.io.store import atomic
from datakit.io.store.storage import location
from datakit.io.tables import csv_rows
from datakit.records.draft import CHANGES, DRAFT, Change
from datakit.records.failure import Failure
from datakit.records.product import Product
from datakit.records.sample import Instance, Operation, Sample
from datakit.verbs.shared.image_label import LabelRules, read_label
from datakit.verbs.shared.labelled import visible_instances
from datakit.verbs.shared.shapes import Shape, shape_counts
from datakit.version import __version__

STEP = "review"
REVIEWED = "reviewed"
"""Tag of a sample whose labels a person has looked at."""
TABLE = "review.csv"
EMPTIED = "emptied"
"""Column of `TABLE`: 1 where a label had a subject and its review has no shape."""
HEADER = (
    *("id", "file_name", "tool", "matched_by", "iou"),
    *("changed_px", "added_px", "removed_px", EMPTIED),
)

Array = npt.NDArray[Any]
Bools = npt.NDArray[np.bool_]

_SAME_OBJECT = 0.5
_DRAWN = Drawing(holes="bridge")


class _Draft(NamedTuple):
    """The label as it was: values, its objects, and the files that hold it."""

    label: Array
    classes: dict[str, int]
    instances: tuple[Instance, ...]
    alpha: Array | None


@dataclass(frozen=True)
class MergeReview:
    """The task of ``prelabel --merge``: writes the labels that changed, and nothing else."""

    out: str
    label_map: dict[str, int]

    def __call__(self, pair: Pair) -> Product:
        """Merge one sample; where anything of its review is wrong, it stays as it was."""
        sample = pair.item.sample
        if sample is None:
            raise InputError(f"{pair.key}: expected a sample of a datakit dataset")
        if pair.given is None:
            return Product(samples=(sample,), lines=_earlier(pair), counts={"not reviewed": 1})
        try:
            return self._reviewed(pair, pair.given, sample)
        except InputError as error:
            failure = Failure(id=pair.key, file=pair.given.name, step=STEP, error=str(error))
            return Product(samples=(sample,), failures=(failure,), lines=_earlier(pair))

    def _reviewed(self, pair: Pair, given: Given, sample: Sample) -> Product:
        size_wh = sample.width, sample.height
        stated_wh = given.stated_wh or size_wh
        if stated_wh != size_wh:
            width, height = stated_wh
            raise InputError(
                f"{given.name}: expected shapes for {size_wh[0]} x {size_wh[1]} pixels, found "
                f"them for {width} x {height}; export again without resizing or augmentation"
            )
        annotations = REVIEWS.load(given.tool).annotations(given.text, size_wh)
        shapes, failures = _shapes(pair, given, annotations, size_wh)
        if failures:
            return Product(samples=(sample,), failures=tuple(failures), lines=_earlier(pair))
        return self._merged(pair, sample, shapes, self._read(pair, sample))

    def _read(self, pair: Pair, sample: Sample) -> _Draft:
        """Decode the draft's labels."""
        alpha_file = pair.item.alpha or (pair.given.alpha if pair.given else None)
        alpha = None if alpha_file is None else read_alpha(alpha_file.read(), "alpha").levels
        if pair.item.mask is not None:
            label = decode_mask(pair.item.mask.read(), pair.item.mask.name)
        elif alpha is not None:
            half = (int(np.iinfo(alpha.dtype).max) + 1) // 2
            label = np.where(alpha >= half, np.uint8(255), np.uint8(0))
        else:
            raise InputError(f"{pair.key}: expected a drafted mask or alpha, found neither")
        for found in (label, alpha):
            if found is not None and found.shape != (sample.height, sample.width):
                raise InputError(
                    f"{pair.key}: expected labels of {sample.width} x {sample.height} pixels, "
                    f"found {found.shape[1]} x {found.shape[0]}"
                )
        classes = {name: value for name, value in self.label_map.items() if value > 0}
        return _Draft(label, classes, sample.instances, alpha)

    def _merged(self, pair: Pair, sample: Sample, shapes: list[Shape], draft: _Draft) -> Product:
        given = pair.given
        assert given is not None
        painted, instances = _painted(shapes, draft, pair.key)
        changed = _changed(painted, draft)
        label = np.where(changed, painted, draft.label)
        before, after = draft.label > 0, label > 0
        likeness = iou(before, after)
        count = int(np.count_nonzero(changed))
        names, files = self._write(pair, draft, label, changed) if count else ({}, {})
        step = Operation(
            verb=STEP,
            version=__version__,
            params=msgspec.json.encode(
                {"changed_px": count, "iou": round(likeness, 6), "tool": given.tool}
            ).decode(),
        )
        tags = sorted({*sample.tags, REVIEWED} - {DRAFT})
        present = {shape.category for shape in shapes}
        merged = msgspec.structs.replace(
            sample,
            **names,
            tags=tuple(tags),
            history=sample.history if sample.history[-1:] == (step,) else (*sample.history, step),
            categories=tuple(sorted(present)) if count else sample.categories,
            annotations=len(shapes) if count else sample.annotations,
            instances=_areas(instances, label) if count and instances else sample.instances,
            fg_ratio=round(float(after.mean()), 6) if count else sample.fg_ratio,
        )
        added, removed = (int((after & ~before).sum()), int((before & ~after).sum()))
        row = (pair.key, sample.file_name, given.tool, given.matched_by, round(likeness, 6), count)
        emptied = int(before.any() and not after.any())
        line = csv_rows.line([*row, added, removed, emptied])
        lines = {TABLE: line, **_change(pair, sample, likeness)}
        return Product(
            samples=(merged,),
            files=files,
            lines=lines,
            counts={"reviewed": 1, "changed": int(count > 0)},
        )

    def _write(
        self, pair: Pair, draft: _Draft, label: Array, changed: Bools
    ) -> tuple[dict[str, str], dict[str, int]]:
        """Write what changed below the new dataset; everything else is carried over as it is."""
        item = pair.item
        blobs: dict[str, tuple[str, Array]] = {}
        if item.mask is not None:
            blobs["mask_file_name"] = (_png(item.mask.name), label)
        if draft.alpha is not None:
            alpha = edit_alpha(draft.alpha, draft.label > 0, label > 0, changed)
            name = item.place("alphas", ".png") if item.alpha is None else _png(item.alpha.name)
            blobs["alpha_file_name"] = (name, alpha)
        if item.trimap is not None:
            trimap = decode_trimap(item.trimap.read(), item.trimap.name)
            if trimap.shape == changed.shape:
                unknown = np.where(changed, 128, trimap).astype(np.uint8)
                blobs["trimap_file_name"] = (_png(item.trimap.name), unknown)
        files = {}
        for name, pixels in blobs.values():
            data = images.encode_png(pixels)
            atomic.write_bytes(location(self.out, name), data)
            files[name] = len(data)
        return {field: name for field, (name, _) in blobs.items()}, files


def _shapes(
    pair: Pair, given: Given, annotations: bytes, size_wh: tuple[int, int]
) -> tuple[list[Shape], list[Failure]]:
    """Return the reviewed shapes, or why they cannot be believed."""
    problems = msgspec.json.decode(annotations, type=list[_Problem], strict=False)
    failures = [
        Failure(
            id=pair.key,
            file=given.name,
            step=STEP,
            error=found.problem,
            annotation=str(found.id),
        )
        for found in problems
        if found.problem is not None
    ]
    if failures:
        return [], failures
    item = replace(
        pair.item,
        layout="coco",
        annotations=annotations,
        categories=given.categories,
        source_name=given.name,
    )
    label = read_label(item, size_wh, LabelRules(boxes="paint"))
    failures = [msgspec.structs.replace(failure, step=STEP) for failure in label.failures]
    return label.objects, failures


class _Problem(msgspec.Struct):
    id: Any = None
    problem: str | None = None


def _painted(shapes: list[Shape], draft: _Draft, key: str) -> tuple[Array, tuple[Instance, ...]]:
    """Paint the shapes in the values of the draft: foreground, classes, or ids of objects."""
    height, width = draft.label.shape
    objects = shape_counts(shapes, height, width, "union")
    order = order_by_area(objects)
    instances: list[Instance] = []
    if draft.instances:
        instances = _numbered(shapes, objects, draft)
        values = [instance.id for instance in instances]
        kind: Any = np.uint16
    else:
        values = [_value(shape.category, draft, key) for shape in shapes]
        kind = draft.label.dtype.type
    painted = paint_labels(
        [objects[k] for k in order], [values[k] for k in order], height, width, kind
    )
    return painted.astype(draft.label.dtype), tuple(instances)


def _value(category: str, draft: _Draft, key: str) -> int:
    if category in draft.classes:
        return draft.classes[category]
    if len(draft.classes) <= 1:
        # One class: whatever people call it, it is the foreground.
        return next(iter(draft.classes.values()), 255)
    raise InputError(
        f"{key}: class {category!r}: expected one of the dataset's ({', '.join(draft.classes)}); "
        "rename it in the tool"
    )


def _numbered(shapes: list[Shape], objects: list[Counts], draft: _Draft) -> list[Instance]:
    """Give each shape the id of the draft's object that it is, or a new one."""
    height, width = draft.label.shape
    free = {instance.id: instance for instance in draft.instances}
    fresh = max(free, default=0) + 1
    found = []
    for shape, counts in zip(shapes, objects, strict=True):
        mask = counts_to_mask(counts, height, width)
        likeness = {
            number: iou(mask, draft.label == number)
            for number, instance in free.items()
            if instance.category == shape.category
        }
        best = max(likeness, key=likeness.__getitem__, default=None)
        if best is not None and likeness[best] > _SAME_OBJECT:
            found.append(free.pop(best))
            continue
        found.append(
            Instance(id=fresh, category=shape.category, annotation=shape.annotation, area=0)
        )
        fresh += 1
    return found


def _areas(instances: tuple[Instance, ...], label: Array) -> tuple[Instance, ...]:
    return tuple(sorted(visible_instances(instances, label), key=lambda found: found.id))


def _changed(painted: Array, draft: _Draft) -> Bools:
    """Tell which pixels people changed.

    Where nobody drew, the tool gives back what it was given: the label itself, or its polygons,
    which differ a little. If the review is nearer to the polygons, then what they had lost counts
    only where it touches a change of the same kind: with a part that was erased goes the rim that
    its polygon had missed.
    """
    differs: Bools = painted != draft.label
    if not differs.any():
        return differs
    given = _as_drawn(draft)
    lost = np.count_nonzero(given != draft.label)
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


def _as_drawn(draft: _Draft) -> Array:
    """Return the draft as its polygons paint it: what comes back where nobody changed a vertex."""
    height, width = draft.label.shape
    values = np.unique(draft.label)
    objects = {int(value): draft.label == value for value in values if value}
    drawn: dict[int, Counts] = {}
    for value, mask in objects.items():
        [shape] = draw([Object("", mask)], _DRAWN)
        rings = tuple(bridge_holes(part) for part in shape.outline.parts) if shape.outline else ()
        [counts] = shape_counts([Shape("", "", rings, None)], height, width, "union")
        drawn[value] = counts if rings else mask_to_counts(mask)
    order = order_by_area(list(drawn.values()))
    numbers = list(drawn)
    return paint_labels(
        [drawn[numbers[k]] for k in order],
        [numbers[k] for k in order],
        height,
        width,
        draft.label.dtype.type,
    )


def _change(pair: Pair, sample: Sample, likeness: float) -> dict[str, str]:
    """Return the line of what people changed; of several reviews the one that changed most."""
    before = pair.earlier.iou if pair.earlier else 1.0
    sha256 = sample.source.sha256
    if sha256 is None:
        return {}
    change = Change(id=pair.key, sha256=sha256, iou=round(min(before, likeness), 6))
    return {CHANGES: msgspec.json.encode(change).decode() + "\n"}


def _earlier(pair: Pair) -> dict[str, str]:
    if pair.earlier is None:
        return {}
    return {CHANGES: msgspec.json.encode(pair.earlier).decode() + "\n"}


def _png(name: str) -> str:
    return PurePosixPath(name).with_suffix(".png").as_posix()
