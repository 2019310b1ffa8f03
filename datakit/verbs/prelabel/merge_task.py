"""One drafted sample and what people made of it -> the sample with the reviewed labels."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.matting.alpha_edit import edit_alpha
from datakit.core.metrics.mask_metrics import iou
from datakit.errors import InputError
from datakit.io.layouts.writer import Settings
from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_trimap
from datakit.io.store import atomic
from datakit.io.store.storage import location
from datakit.io.tables import csv_rows
from datakit.records.draft import CHANGES, DRAFT, Change
from datakit.records.failure import Failure
from datakit.records.labels import ClassRules
from datakit.records.product import Product
from datakit.records.sample import Operation, Sample
from datakit.verbs.prelabel.drafted import Drafted
from datakit.verbs.prelabel.pairs import Given, Pair
from datakit.verbs.prelabel.reviewed import (
    is_ignore_changed,
    merged_label,
    params,
    read_review,
)
from datakit.verbs.shared.image_label import ImageLabel, LabelRules
from datakit.verbs.shared.labelled import visible_instances
from datakit.verbs.shared.shapes import Boxes
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


@dataclass(frozen=True)
class MergeReview:
    """The task of ``prelabel --merge``: writes the labels that changed, and nothing else."""

    out: str
    settings: Settings
    known: Collection[str]
    """Classes that the drafts have."""
    mapping: ClassRules
    boxes: Boxes

    def __call__(self, pair: Pair) -> Product:
        """Merge one sample; it stays as it was where its review cannot be believed."""
        sample = pair.item.sample
        if sample is None:
            raise InputError(f"{pair.key}: expected a sample of a datakit dataset")
        if pair.given is None:
            return Product(samples=(sample,), lines=_earlier(pair), counts={"not reviewed": 1})
        try:
            drafted = Drafted.read(pair.item, sample, pair.given.alpha, self.settings)
            rules = LabelRules(
                known=self.known,
                mapping=self.mapping,
                boxes=self.boxes,
                crowds="ignore" if self.settings.instances else "paint",
            )
            found = read_review(pair.given, drafted, rules)
        except InputError as error:
            failure = Failure(id=pair.key, file=pair.given.name, step=STEP, error=str(error))
            return Product(samples=(sample,), failures=(failure,), lines=_earlier(pair))
        failures = tuple(
            msgspec.structs.replace(failure, id=pair.key, file=pair.given.name, step=STEP)
            for failure in found.failures
        )
        if found.refused:
            return Product(samples=(sample,), failures=failures, lines=_earlier(pair))
        merged = self._merged(pair, pair.given, drafted, found)
        return msgspec.structs.replace(merged, failures=failures) if failures else merged

    def _merged(self, pair: Pair, given: Given, drafted: Drafted, found: ImageLabel) -> Product:
        sent = drafted.sent(given.item.layout)
        label, changed, instances = merged_label(drafted, found, sent)
        before, after = drafted.label > 0, label > 0
        overlap = iou(before, after)
        count = int(np.count_nonzero(changed))
        names, files = self._write(drafted, label, changed) if count else ({}, {})
        if is_ignore_changed(given, found, sent):
            self._write_ignore(drafted, found, names, files)
        merged = msgspec.structs.replace(
            _with_step(drafted.sample, given, count, overlap), **names, label_state=found.state
        )
        if count:
            kept = sorted(visible_instances(instances, label), key=lambda one: one.id)
            merged = msgspec.structs.replace(
                merged,
                categories=tuple(sorted({shape.category for shape in found.objects})),
                annotations=len(found.objects),
                instances=tuple(kept) if self.settings.instances else (),
                fg_ratio=round(float(after.mean()), 6),
            )
        return Product(
            samples=(merged,),
            files=files,
            lines={
                TABLE: _line(pair, given, before, after, count),
                **_change(pair, drafted.sample, overlap),
            },
            counts={"reviewed": 1, "changed": int(count > 0 or "ignore_file_name" in names)},
        )

    def _write(
        self, drafted: Drafted, label: Array, changed: npt.NDArray[np.bool_]
    ) -> tuple[dict[str, str | None], dict[str, int]]:
        """Write what changed below the new dataset; everything else is carried over as it is."""
        item = drafted.item
        blobs: dict[str, tuple[str, Array]] = {}
        if item.mask is not None:
            blobs["mask_file_name"] = (_png(item.mask.name), label)
        if drafted.alpha is not None:
            alpha = edit_alpha(drafted.alpha, drafted.label > 0, label > 0, changed)
            name = item.place("alphas", ".png") if item.alpha is None else _png(item.alpha.name)
            blobs["alpha_file_name"] = (name, alpha)
        if item.trimap is not None:
            trimap = decode_trimap(item.trimap.read(), item.trimap.name)
            if trimap.shape == changed.shape:
                unknown = np.where(changed, 128, trimap).astype(np.uint8)
                blobs["trimap_file_name"] = (_png(item.trimap.name), unknown)
        files = {name: self._put(name, pixels) for name, pixels in blobs.values()}
        return {field: name for field, (name, _) in blobs.items()}, files

    def _write_ignore(
        self,
        drafted: Drafted,
        found: ImageLabel,
        names: dict[str, str | None],
        files: dict[str, int],
    ) -> None:
        mask = found.ignore_mask()
        names["ignore_file_name"] = None
        if mask is not None:
            name = drafted.item.place("ignores", ".png")
            files[name] = self._put(name, mask)
            names["ignore_file_name"] = name

    def _put(self, name: str, pixels: Array) -> int:
        data = images.encode_png(pixels)
        atomic.write_bytes(location(self.out, name), data)
        return len(data)


def _with_step(sample: Sample, given: Given, count: int, overlap: float) -> Sample:
    """Return the sample as one that a person has looked at."""
    recorded = params(count, overlap, given.item.layout)
    step = Operation(verb=STEP, version=__version__, params=recorded)
    history = sample.history if sample.history[-1:] == (step,) else (*sample.history, step)
    tags = tuple(sorted({*sample.tags, REVIEWED} - {DRAFT}))
    return msgspec.structs.replace(sample, tags=tags, history=history)


def _line(
    pair: Pair,
    given: Given,
    before: npt.NDArray[np.bool_],
    after: npt.NDArray[np.bool_],
    count: int,
) -> str:
    file_name = pair.item.sample.file_name if pair.item.sample else None
    row = (pair.key, file_name, given.item.layout, given.matched_by)
    added, removed = int((after & ~before).sum()), int((before & ~after).sum())
    emptied = int(before.any() and not after.any())
    return csv_rows.line([*row, round(iou(before, after), 6), count, added, removed, emptied])


def _change(pair: Pair, sample: Sample, overlap: float) -> dict[str, str]:
    """Return the line of what people changed; of several reviews the one that changed most."""
    before = pair.earlier.iou if pair.earlier else 1.0
    sha256 = sample.source.sha256
    if sha256 is None:
        return {}
    change = Change(id=pair.key, sha256=sha256, iou=round(min(before, overlap), 6))
    return {CHANGES: msgspec.json.encode(change).decode() + "\n"}


def _earlier(pair: Pair) -> dict[str, str]:
    if pair.earlier is None:
        return {}
    return {CHANGES: msgspec.json.encode(pair.earlier).decode() + "\n"}


def _png(name: str) -> str:
    return PurePosixPath(name).with_suffix(".png").as_posix()
