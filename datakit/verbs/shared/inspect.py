"""Inspecting one sample without writing: whether it is sound, and what it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from datakit.core.images.contact_sheet import hatched, overlay
from datakit.core.masks.runs import counts_area, counts_to_mask, union_counts
from datakit.core.masks.values import values_in
from datakit.errors import DatakitError, InputError, OutputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import decode_ignored, decode_label
from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_alpha, decode_photo, decode_small_photo
from datakit.io.store.files import FileRef
from datakit.records.base import Record
from datakit.records.failure import Failure
from datakit.verbs.shared.image_label import LabelRules, read_label
from datakit.verbs.shared.shapes import canvas_of, shape_counts

THUMBNAIL_PX = 320
_SMALL_SHARE = 0.01
"""A mask that covers less is drawn wherever it touches: half a pixel would be none."""


class Measured(Record, frozen=True, kw_only=True):
    """What one sample holds."""

    split: str | None
    size_wh: tuple[int, int]
    objects: dict[str, int]
    """Class -> objects, or images that have the class where there are no objects."""
    areas: tuple[float, ...]
    """Share of the image that each object covers; of the whole label where there are no objects."""
    labelled: bool
    foreground: bool
    partial: bool = False
    """Whether some object could not be drawn."""


BOXES_TOO = LabelRules(boxes="paint")
"""For counts and pictures: a box is an object."""

FIXED_VALUES = {"trimap": {0, 128, 255}, "ignore": {0, 255}}
"""Kind of label -> the values that it may have, whatever the label map."""


@dataclass(frozen=True)
class Check:
    """Decode everything that a sample has; what is wrong comes back as failures."""

    label_map: Mapping[str, int]

    def __call__(self, item: Item) -> tuple[Failure, ...]:
        """Return the sample's problems."""
        found: list[Failure] = []

        def attempt(step: str, file: FileRef | None, check: Callable[[], object]) -> None:
            try:
                check()
            except OutputError:
                # Not this sample's fault: the run stops and can go on later.
                raise
            except DatakitError as error:
                name = file.name if file else item.source_name
                found.append(Failure(id=item.key, file=name, step=step, error=str(error)))

        if item.image is None and item.sample is None:
            raise InputError(f"{item.source_name}: expected an image, the source names none")
        size_wh = item.stated_wh
        if item.image is not None:
            image = item.image
            attempt("image", image, lambda: self._check_image(item, image, found))
            if not found or found[-1].step != "image":
                size_wh = images.probe(image.read(), image.name).size_wh
            elif item.stated_wh is not None:
                # Annotations can be looked at before their photos are at hand.
                stated_wh = item.stated_wh
                attempt("annotations", image, lambda: self._check_objects(item, stated_wh, found))
        for kind in ("mask", "alpha", "trimap", "ignore"):
            file: FileRef | None = getattr(item, kind)
            if file is not None and size_wh is not None:
                attempt(kind, file, lambda k=kind, f=file: self._check_label(item, k, f, size_wh))  # type: ignore[misc]
        return tuple(found)

    def _check_image(self, item: Item, image: FileRef, found: list[Failure]) -> None:
        data = image.read()
        facts = images.probe(data, image.name)
        decode_photo(data, image.name, transparency=item.transparency)
        canvas_wh, _ = canvas_of(item, facts)
        self._check_objects(item, canvas_wh, found)

    def _check_objects(self, item: Item, canvas_wh: tuple[int, int], found: list[Failure]) -> None:
        found.extend(read_label(item, canvas_wh, LabelRules()).failures)

    def _check_label(self, item: Item, kind: str, file: FileRef, size_wh: tuple[int, int]) -> None:
        label = decode_label(item, kind, file)
        if label.shape[::-1] != size_wh:
            raise InputError(
                f"{file.name}: expected the image's {size_wh[0]} x {size_wh[1]} pixels, found "
                f"{label.shape[1]} x {label.shape[0]}; make this label again from its source"
            )
        allowed = FIXED_VALUES.get(kind) or set(self.label_map.values())
        if kind != "alpha" and allowed and label.dtype == np.uint8:
            strange = [value for value in values_in(label) if value not in allowed]
            if strange:
                raise InputError(
                    f"{file.name}: expected the values {sorted(allowed)}, found also "
                    f"{strange[:5]}; it was not written for this label map"
                )


@dataclass(frozen=True)
class Measure:
    """Count one sample: its classes, its objects' areas, its size."""

    label_map: Mapping[str, int]

    def __call__(self, item: Item) -> Measured:
        """Measure a sample from its annotations or its label."""
        size_wh = _shown_size(item)
        if item.annotations is not None:
            return self._from_annotations(item, size_wh)
        label = stored_label(item)
        pixels = size_wh[0] * size_wh[1]
        if label is None:
            return self._measured(item, size_wh, Counter(), [], labelled=False)
        classes: Counter[str] = Counter()
        names = {value: name for name, value in self.label_map.items() if value > 0}
        if label.dtype == np.uint8 and names:
            classes.update(names[value] for value in values_in(label) if value in names)
        elif label.any():
            classes["foreground"] += 1
        share = (
            float(label.mean(dtype=np.float64))
            if label.dtype == np.float32
            else (cv2.countNonZero(label) / pixels)
        )
        return self._measured(item, size_wh, classes, [share], labelled=True)

    def _from_annotations(self, item: Item, size_wh: tuple[int, int]) -> Measured:
        canvas_wh = item.stated_wh or size_wh
        shapes = read_label(item, canvas_wh, BOXES_TOO).objects
        counts = shape_counts(shapes, canvas_wh[1], canvas_wh[0], "union")
        pixels = canvas_wh[0] * canvas_wh[1]
        areas = [counts_area(one) / pixels for one in counts]
        classes = Counter(shape.category for shape in shapes)
        known = read_label(item, canvas_wh, LabelRules()).state
        measured = self._measured(item, size_wh, classes, areas, labelled=bool(shapes))
        return replace(measured, partial=known == "partial")

    def _measured(
        self,
        item: Item,
        size_wh: tuple[int, int],
        classes: Counter[str],
        areas: list[float],
        *,
        labelled: bool,
    ) -> Measured:
        return Measured(
            split=item.split,
            size_wh=size_wh,
            objects=dict(classes),
            areas=tuple(areas),
            labelled=labelled,
            foreground=any(area > 0 for area in areas),
            partial=item.label_state == "partial",
        )


@dataclass(frozen=True)
class Preview:
    """Draw one sample's label over its photo, small.

    Attributes
    ----------
    side_px : int
        The longer side of what is drawn, at most.
    """

    side_px: int = THUMBNAIL_PX

    def __call__(self, item: Item) -> npt.NDArray[np.uint8]:
        """Return (H, W, 3) uint8 RGB."""
        return self.drawn(item)[0]

    def drawn(self, item: Item) -> tuple[npt.NDArray[np.uint8], float | None]:
        """Return the picture, and the share of it that the label covers; None without a label."""
        if item.image is None:
            raise InputError(f"{item.source_name}: no image to draw on")
        data = item.image.read()
        width, height = images.probe(data, item.source_name).size_wh
        scale = min(1.0, self.side_px / max(height, width))
        small_wh = max(1, round(width * scale)), max(1, round(height * scale))
        photo = decode_small_photo(data, item.source_name, side_px=self.side_px)
        image = np.asarray(cv2.resize(photo, small_wh, interpolation=cv2.INTER_AREA), np.uint8)
        annotated = item.annotations is not None
        label = _annotation_mask(item, height, width) if annotated else stored_label(item)
        share = None
        if label is not None and label.shape == (height, width):
            soft = label.dtype == np.float32
            share = float(label.mean()) if soft else cv2.countNonZero(label) / label.size
            image = overlay(image, _small_label(label, small_wh, share))
        unknown = _unknown(item, annotated, height, width)
        if unknown is not None and unknown.shape == (height, width):
            unknown = cv2.resize(unknown, small_wh, interpolation=cv2.INTER_NEAREST)
            image = hatched(image, unknown)
        return image, share


def _small_label(
    label: npt.NDArray[Any], small_wh: tuple[int, int], share: float
) -> npt.NDArray[Any]:
    """Return a label in the size of its small photo, in which small objects can still be seen."""
    if label.dtype == np.float32:
        return np.asarray(cv2.resize(label, small_wh, interpolation=cv2.INTER_AREA))
    full = (label > 0).astype(np.uint8) * 255
    covered = cv2.resize(full, small_wh, interpolation=cv2.INTER_AREA)
    return np.asarray(covered > (0 if share < _SMALL_SHARE else 127))


def stored_label(item: Item) -> npt.NDArray[Any] | None:
    """Return the sample's mask (integers), or else its alpha (float32), or None."""
    if item.mask is not None:
        return decode_label(item, "mask", item.mask)
    if item.alpha is not None:
        return decode_alpha(item.alpha.read(), item.alpha.name)
    return None


def _unknown(item: Item, annotated: bool, height: int, width: int) -> npt.NDArray[np.uint8] | None:
    """Return where the label is unknown; None when all of it is known."""
    if annotated:
        return read_label(item, (width, height), LabelRules()).ignore_mask()
    return decode_ignored(item)


def _annotation_mask(item: Item, height: int, width: int) -> npt.NDArray[np.uint8]:
    shapes = read_label(item, (width, height), BOXES_TOO).objects
    counts = shape_counts(shapes, height, width, "union")
    if not counts:
        return np.zeros((height, width), np.uint8)
    return counts_to_mask(union_counts(counts, height * width), height, width)


def _shown_size(item: Item) -> tuple[int, int]:
    if item.image is None:
        if item.stated_wh is None:
            raise InputError(f"{item.source_name}: neither an image nor a size")
        return item.stated_wh
    return images.probe(item.image.read(), item.source_name).size_wh
