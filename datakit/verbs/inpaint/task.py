"""One labelled photo -> its plate: the scene without the person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.images.randomness import derive_rng
from datakit.core.inpainting.layers import subject_layer
from datakit.io.layouts.base import Item
from datakit.io.layouts.copies import plate_item
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.reads import sha256
from datakit.io.store.storage import location
from datakit.io.tables import csv_rows
from datakit.models.factory import Settings
from datakit.models.inpainting.base import build
from datakit.records.draft import NONCOMMERCIAL
from datakit.records.plate import FOREGROUNDS, PLATE, REGIONS, REVIEW, WAITING
from datakit.records.product import Product
from datakit.records.sample import Operation, Sample
from datakit.verbs.inpaint.options import Removed
from datakit.verbs.inpaint.people import PeopleCheck
from datakit.verbs.inpaint.removal import Category, Removal
from datakit.verbs.shared.labelled import (
    FOLDERS,
    Labelled,
    image_bytes,
    read_labelled,
    visible_instances,
)
from datakit.verbs.shared.models import with_models

Array = npt.NDArray[Any]
Bool = npt.NDArray[np.bool_]


@dataclass
class Inpaint:
    """The task of ``inpaint``; see `datakit.verbs.inpaint.options.Options` for the fields."""

    out: str
    step: Operation
    model: str
    settings: Mapping[str, Any]
    """Arguments of `datakit.models.factory.Settings`."""
    remove: Removed | None
    category: tuple[str, int | None] | None
    """Name of the class, and its value in masks that hold classes."""
    grow: float | None
    shadows: bool
    layers: bool
    seed: int

    def __post_init__(self) -> None:
        self._inpainter = build(self.model, Settings(**self.settings))
        category = None if self.category is None else Category(*self.category)
        self._removal = Removal(self.remove, category, self.grow, self.shadows)
        self._people = PeopleCheck()
        identity = self._inpainter.identity
        self._step = with_models(self.step, [identity])
        self._tags = {PLATE, NONCOMMERCIAL} if identity.noncommercial else {PLATE}

    def __call__(self, item: Item) -> Product:
        """Make one photo's plate; one in which a person is still visible is kept for a person."""
        data = image_bytes(item)
        source = read_labelled(item, data)
        region = self._removal.region(item, source)
        rng = derive_rng(self.seed, item.key, 0)
        plate = self._inpainter.fill(source.image, region, rng)
        place = plate_item(item)
        if reasons := self._people.reasons(plate):
            name = place.place(WAITING, ".png")
            line = csv_rows.line([item.key, item.source_name, name, "; ".join(reasons)])
            return Product(
                files=self._write({name: plate}), lines={REVIEW: line}, counts={"review": 1}
            )
        pictures: dict[str, Array] = {
            place.place("images"): plate,
            place.place(REGIONS, ".png"): _as_mask(region),
        }
        if self.layers:
            alpha = source.alpha if source.alpha is not None else _no_alpha(region)
            layer = subject_layer(source.image, alpha, plate)
            pictures[place.place(FOREGROUNDS, ".png")] = layer
        cleared = _without(source, region)
        labels = {
            "mask": cleared.mask,
            "alpha": cleared.stored_alpha,
            "trimap": cleared.trimap,
            "ignore": cleared.ignore,
        }
        names = {"file_name": place.place("images")}
        for kind, label in labels.items():
            if label is not None:
                names[f"{kind}_file_name"] = place.place(FOLDERS[kind], ".png")
                pictures[names[f"{kind}_file_name"]] = label
        row = self._row(item, place, sha256(data), source, cleared)
        sample = msgspec.structs.replace(row, **names)
        return Product(samples=(sample,), files=self._write(pictures))

    def _row(
        self, item: Item, place: Item, digest: str, source: Labelled, cleared: Labelled
    ) -> Sample:
        """Return the plate's row: its parent is the photo, and both stay in one group."""
        height, width = cleared.image.shape[:2]
        row = place.describe(width, height, digest, self._step)
        # What could not be drawn is still there where no ignore mask covers it.
        undrawn = row.label_state == "partial" and source.ignore is None
        removed = None if self.category is None else self.category[0]
        labelled = bool(cleared.fg_ratio)
        instances = visible_instances(row.instances, cleared.mask)
        return msgspec.structs.replace(
            row,
            parent=item.key,
            group=row.group or item.key,
            tags=tuple(sorted({*row.tags, *self._tags})),
            label_state="partial" if undrawn or cleared.ignore is not None else "complete",
            categories=tuple(one for one in row.categories if one != removed) if labelled else (),
            annotations=(len(instances) or row.annotations) if labelled else 0,
            instances=instances,
            fg_ratio=cleared.fg_ratio,
        )

    def _write(self, pictures: Mapping[str, Array]) -> dict[str, int]:
        """Write file -> pixels; return file -> bytes."""
        files = {}
        for name, pixels in pictures.items():
            data = images.encode_png(pixels)
            atomic.write_bytes(location(self.out, name), data)
            files[name] = len(data)
        return files


def _without(source: Labelled, region: Bool) -> Labelled:
    """Return the photo with the labels of its plate: its own, cleared in the filled region.

    Nobody is in the region any more, and what was unknown of it is known. A photo without mask
    and alpha, whose faces were removed, has an empty mask.
    """

    def cleared(label: Array | None) -> Array | None:
        return None if label is None else np.where(region, label.dtype.type(0), label)

    mask, alpha, ignore = cleared(source.mask), cleared(source.alpha), cleared(source.ignore)
    if mask is None and alpha is None:
        mask = np.zeros(region.shape, np.uint8)
    if ignore is not None and not ignore.any():
        ignore = None
    trimap = cleared(source.trimap)
    return replace(source, mask=mask, alpha=alpha, trimap=trimap, ignore=ignore)


def _as_mask(region: Bool) -> npt.NDArray[np.uint8]:
    return np.where(region, np.uint8(255), np.uint8(0))


def _no_alpha(region: Bool) -> npt.NDArray[np.float32]:
    return np.zeros(region.shape, np.float32)
