"""One reviewed sample: left out, carried over, or written with what was painted over its labels."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.masks.values import values_in
from datakit.core.matting.brush import paint_alpha, paint_ignore, paint_mask, paint_trimap
from datakit.errors import InputError
from datakit.io.dataset.decisions import read_edit
from datakit.io.layouts.base import FILE_NAMES, Item
from datakit.io.store.reads import sha256
from datakit.pages.mask_overlay import edit_layer
from datakit.records.draft import DRAFT, NONCOMMERCIAL
from datakit.records.labels import is_binary
from datakit.records.product import Product
from datakit.records.review import FLAGGED, REVIEWED, Decision
from datakit.records.sample import Instance, Operation, Sample
from datakit.verbs.review.options import VERB
from datakit.verbs.shared.labelled import (
    Labelled,
    carry_files,
    image_bytes,
    read_labelled,
    visible_instances,
    write_labelled,
)
from datakit.version import __version__


@dataclass(frozen=True)
class ApplyReview:
    """The task of ``review --apply``.

    Attributes
    ----------
    out : str
        The dataset to write.
    folder : str
        Where the review's edits lie.
    decisions : mapping
        Id -> the last decision; samples without one are carried over as they are.
    only_accepted : bool
        Leave out everything that was not accepted.
    label_map : mapping
        Class name -> value in the masks; empty where they tell nothing apart.
    """

    out: str
    folder: str
    decisions: Mapping[str, Decision]
    only_accepted: bool
    label_map: Mapping[str, int]

    def __call__(self, item: Item) -> Product:
        """Apply what was decided about one sample."""
        decision = self.decisions.get(item.key)
        verdict = decision.verdict if decision else None
        if verdict == "reject" or (self.only_accepted and verdict != "accept"):
            return Product(counts={"rejected" if verdict == "reject" else "left out": 1})
        data = image_bytes(item)
        digest = sha256(data)
        if decision and decision.image not in (None, digest):
            raise InputError(
                f"{item.key}: the image is not the one that was reviewed; look at it again"
            )
        if decision is None or decision.edit is None:
            names, files = carry_files(self.out, item, data)
            described = _carried(item)
        else:
            source = read_labelled(item, data)
            painted = self._painted(source, decision.edit)
            # The image's own bytes: only its labels were painted on.
            names, files, _ = write_labelled(self.out, item, painted, image=data)
            described = self._repainted(_carried(item), source, painted, decision)
        tags = _tags(described.tags, decision)
        sample = msgspec.structs.replace(described, **names, tags=tags)
        if decision and not decision.is_open:
            step = _step(decision)
            sample = msgspec.structs.replace(sample, history=(*sample.history, step))
        edited = "edited" if decision and decision.edit else None
        counts = {name: 1 for name in (_COUNTS.get(verdict), edited) if name}
        return Product(samples=(sample,), files=files, counts=counts)

    def _painted(self, source: Labelled, edit: str) -> Labelled:
        png = read_edit(Path(self.folder), edit)
        height, width = source.image.shape[:2]
        layer = edit_layer(png, f"edit {edit[:12]}", (width, height))
        # What the brush adds to a mask that has no object.
        new_value = min((value for value in self.label_map.values() if value > 0), default=255)
        return replace(
            source,
            alpha=None if source.alpha is None else paint_alpha(source.alpha, layer),
            mask=None if source.mask is None else paint_mask(source.mask, layer, new_value),
            trimap=None if source.trimap is None else paint_trimap(source.trimap, layer),
            ignore=_unknown_left(paint_ignore(source.ignore, layer)),
        )

    def _repainted(
        self, sample: Sample, source: Labelled, painted: Labelled, decision: Decision
    ) -> Sample:
        """Describe a sample anew by its painted labels."""
        before, mask = source.mask, painted.mask
        instances, categories = sample.instances, sample.categories
        if instances and mask is not None:
            known = {one.id for one in instances}
            added = (
                Instance(id=int(value), category=name, annotation=f"{VERB}:{value}", area=0)
                for value, name in sorted(decision.objects.items())
                if int(value) not in known
            )
            instances = visible_instances((*instances, *added), mask)
            classes = tuple(one.category for one in instances)
            erased = {one.category for one in sample.instances}.difference(classes)
            categories = _without((*categories, *classes), erased)
        elif before is not None and mask is not None and not is_binary(self.label_map):
            names = {value: name for name, value in self.label_map.items() if value > 0}
            classes = tuple(names[value] for value in values_in(mask) if value in names)
            erased = {names[value] for value in values_in(before) if value in names}
            categories = _without((*categories, *classes), erased.difference(classes))
        # Whoever painted over all that was unknown has completed the label.
        done = sample.label_state == "partial" and painted.ignore is None
        return msgspec.structs.replace(
            sample,
            instances=instances,
            categories=categories,
            fg_ratio=painted.fg_ratio,
            label_state="complete" if done else sample.label_state,
        )


_COUNTS: Mapping[str | None, str] = {"accept": "accepted", "flag": "flagged"}


def _carried(item: Item) -> Sample:
    if item.sample is None:
        raise InputError(f"{item.key}: expected a row of a dataset's manifest")
    # Names anew: the files may lie elsewhere in DST than they did in SRC.
    return msgspec.structs.replace(item.sample, **dict.fromkeys(FILE_NAMES))


def _without(names: Iterable[str], erased: Collection[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name not in erased))


def _unknown_left(ignore: npt.NDArray[np.uint8] | None) -> npt.NDArray[np.uint8] | None:
    return ignore if ignore is not None and ignore.any() else None


def _tags(tags: tuple[str, ...], decision: Decision | None) -> tuple[str, ...]:
    """Return the tags with the review's own set anew."""
    if decision is None:
        return tags
    # An accepted draft is a draft no more.
    own = (REVIEWED, FLAGGED, *((DRAFT,) if decision.verdict == "accept" else ()))
    kept = tuple(tag for tag in tags if tag not in own) if decision.verdict else tags
    added = {"accept": (REVIEWED,), "flag": (FLAGGED,)}.get(decision.verdict or "", ())
    if any(model.noncommercial for model in decision.models) and NONCOMMERCIAL not in kept:
        added = (*added, NONCOMMERCIAL)
    return (*kept, *added)


def _step(decision: Decision) -> Operation:
    recorded = {
        "verdict": decision.verdict,
        "edit": decision.edit,
        "objects": decision.objects or None,
        "models": decision.models or None,
    }
    params = {name: value for name, value in recorded.items() if value is not None}
    return Operation(
        verb=VERB,
        version=__version__,
        params=msgspec.json.encode(params, order="deterministic").decode(),
    )
