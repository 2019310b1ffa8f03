"""One sample -> its augmented copies, and the sample itself when it is to be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.images.randomness import derive_rng
from datakit.core.matting.foreground import estimate_foreground
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.copies import copy_item
from datakit.io.pixels import images
from datakit.io.store.reads import sha256
from datakit.records.anonymization import AUDIT, Anonymization
from datakit.records.failure import Failure
from datakit.records.product import Product
from datakit.records.sample import Operation, Sample
from datakit.transforms.document import parse_document
from datakit.transforms.pipeline import Pipeline, Targets
from datakit.transforms.points import foreground_probes
from datakit.verbs.augment.backgrounds import Backgrounds
from datakit.verbs.shared.labelled import (
    Labelled,
    carry_files,
    image_bytes,
    read_labelled,
    visible_instances,
    write_labelled,
)

VERB = "augment"
REDRAWS = 10
"""How often a copy whose label was lost is drawn again."""
TAG = "augmented"


@dataclass
class Augment:
    """The task of ``augment``; see `datakit.verbs.augment.options.Options` for the fields."""

    out: str
    version: str
    pipeline_text: str
    pipeline_title: str
    seed: int
    copies: Mapping[str, tuple[int, ...]]
    """Sample id -> which copies to make; a sample that is not here is not augmented."""
    include_originals: bool
    min_visible: float
    backgrounds: Mapping[str, Any] | None
    """Arguments of `Backgrounds`; None keeps each sample's own background."""
    audit: Mapping[str, str]
    """Sample id -> its line of the audit of hidden faces, when the source has one."""

    def __post_init__(self) -> None:
        self._pipeline = Pipeline(parse_document(self.pipeline_text, self.pipeline_title))
        self._pipeline_sha256 = sha256(self.pipeline_text.encode())
        self._backgrounds = None if self.backgrounds is None else Backgrounds(**self.backgrounds)

    def __call__(self, item: Item) -> Product:
        """Make a sample's copies; one that cannot be made is a failure, the others are made."""
        data = image_bytes(item)
        copies = self.copies.get(item.key, ())
        # Decoded before anything is written: a sample that cannot be read leaves nothing behind.
        source = self._read(item, data) if copies else None
        made: list[_Made] = []
        failures: list[Failure] = []
        if self.include_originals:
            made.append(self._original(item, data, source))
        for copy in copies:
            if source is None:
                break
            try:
                made.append(self._copy(source, copy))
            except InputError as error:
                key = copy_item(item, copy).key
                failure = Failure(id=key, file=item.source_name, step=VERB, error=str(error))
                failures.append(failure)
        audit = "".join(one.audit for one in made)
        return Product(
            samples=tuple(one.sample for one in made),
            failures=tuple(failures),
            files={name: size for one in made for name, size in one.files.items()},
            lines={AUDIT: audit} if audit else {},
            counts={"copies": sum(one.sample.parent == item.key for one in made)},
        )

    def _read(self, item: Item, data: bytes) -> _Source:
        line = self.audit.get(item.key)
        audit = msgspec.json.decode(line, type=Anonymization) if line else None
        return _Source(item, read_labelled(item, data), sha256(data), audit)

    def _original(self, item: Item, data: bytes, source: _Source | None) -> _Made:
        """Carry a sample over as it is; if it has copies, it is in their group."""
        names, files = carry_files(self.out, item, data)
        width, height = images.probe(data, item.source_name).size_wh
        sample = item.describe(width, height, sha256(data))
        group = sample.group or (item.key if source else None)
        changes: dict[str, Any] = {"id": item.key, "split": item.split, "group": group, **names}
        if source and sample.fg_ratio is None:
            changes["fg_ratio"] = source.labelled.fg_ratio
        line = self.audit.get(item.key)
        return _Made(msgspec.structs.replace(sample, **changes), files, f"{line}\n" if line else "")

    def _copy(self, source: _Source, copy: int) -> _Made:
        item, before = source.item, source.labelled
        for attempt in range(1 + REDRAWS):
            rng = derive_rng(self.seed, item.key, copy, attempt)
            image, background = self._backdrop(source, rng)
            drawn = self._pipeline.transform_checked(image, source.targets, rng)
            after = Labelled(
                drawn["image"],
                drawn.get("mask"),
                drawn.get("alpha"),
                drawn.get("trimap"),
                drawn.get("ignore"),
                before.alpha_max,
            )
            fault = self._fault(before, after, drawn["visible"])
            if not (drawn["applied"] or background):
                fault = "no transform took place, the copy would equal its original"
            if fault is None:
                params = {
                    "seed": self.seed,
                    "copy": copy,
                    "attempt": attempt,
                    "pipeline": self._pipeline.name,
                    "pipeline_sha256": self._pipeline_sha256,
                    "parent_sha256": source.sha256,
                    "visible": round(drawn["visible"], 4),
                    "applied": drawn["applied"],
                }
                if background:
                    params["background"] = background
                return self._write(source, copy, after, params, drawn.get("boxes"))
        raise InputError(f"copy {copy}: drawn {1 + REDRAWS} times, and {fault} in the last")

    def _backdrop(
        self, source: _Source, rng: np.random.Generator
    ) -> tuple[npt.NDArray[np.uint8], dict[str, Any] | None]:
        """Return the image, on another background if one is drawn."""
        if self._backgrounds is None:
            return source.labelled.image, None
        alpha = source.labelled.alpha
        if alpha is None:
            raise InputError(
                f"{source.item.source_name}: expected an alpha to replace the background by; make "
                "one with `datakit matte`, or leave out --backgrounds"
            )
        replaced = self._backgrounds.replace(source.foreground, alpha, source.row, rng)
        return replaced or (source.labelled.image, None)

    def _fault(self, before: Labelled, after: Labelled, visible: float) -> str | None:
        """Say what is wrong with a copy's label, if anything is."""
        if not before.fg_ratio:
            return None
        if not after.fg_ratio:
            return "the label became empty"
        if visible < self.min_visible:
            return f"{visible:.0%} of the foreground stayed in the frame"
        return None

    def _write(
        self,
        source: _Source,
        copy: int,
        after: Labelled,
        params: dict[str, Any],
        face_boxes: npt.NDArray[np.float64] | None,
    ) -> _Made:
        item = copy_item(source.item, copy)
        names, files, encoded = write_labelled(self.out, item, after)
        height, width = after.image.shape[:2]
        step = Operation(
            verb=VERB, version=self.version, params=msgspec.json.encode(params).decode()
        )
        row = item.describe(width, height, source.sha256, step)
        sample = msgspec.structs.replace(
            row,
            parent=source.item.key,
            group=row.group or source.item.key,
            tags=tuple(sorted({*row.tags, TAG})),
            instances=visible_instances(row.instances, after.mask),
            fg_ratio=after.fg_ratio,
            **names,
        )
        audit = ""
        if source.audit is not None and face_boxes is not None:
            audit = _moved_audit(source.audit, face_boxes, sample, sha256(encoded))
        return _Made(sample, files, audit)


@dataclass(frozen=True)
class _Made:
    """One row of the result, its files, and its line of the audit."""

    sample: Sample
    files: dict[str, int]
    audit: str


@dataclass(frozen=True)
class _Source:
    """What the copies of one sample share."""

    item: Item
    labelled: Labelled
    sha256: str
    audit: Anonymization | None

    @cached_property
    def row(self) -> Sample:
        """The row that the sample has before it is changed."""
        height, width = self.labelled.image.shape[:2]
        return self.item.describe(width, height, self.sha256)

    @cached_property
    def _foreground(self) -> npt.NDArray[np.uint8]:
        image, alpha = self.labelled.image, self.labelled.alpha
        return image if alpha is None else estimate_foreground(image, alpha)

    def foreground(self) -> npt.NDArray[np.uint8]:
        """Return the foreground colours, estimated once for all copies."""
        return self._foreground

    @cached_property
    def targets(self) -> Targets:
        """What moves with the image: labels, hidden faces' boxes, and points of the foreground."""
        found = self.labelled
        label = found.alpha if found.alpha is not None else found.mask
        return Targets(
            mask=found.mask,
            alpha=found.alpha,
            trimap=found.trimap,
            ignore=found.ignore,
            boxes=None if self.audit is None else _face_boxes(self.audit),
            probes=None if label is None else foreground_probes(label),
        )


def _face_boxes(audit: Anonymization) -> npt.NDArray[np.float64]:
    return np.array([face.box_xyxy for face in audit.faces], np.float64).reshape(-1, 4)


def _moved_audit(
    audit: Anonymization, boxes: npt.NDArray[np.float64], sample: Sample, digest: str
) -> str:
    """Return a copy's line of the audit: the faces that are still seen, where they now are."""
    corners = np.column_stack([np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:])]).astype(int)
    faces = tuple(
        msgspec.structs.replace(face, box_xyxy=tuple(box))
        for face, box in zip(audit.faces, corners.tolist(), strict=True)
        if box[0] < box[2] and box[1] < box[3]
    )
    moved = msgspec.structs.replace(
        audit, id=sample.id, file_name=sample.file_name, sha256_out=digest, faces=faces
    )
    return msgspec.json.encode(moved).decode() + "\n"
