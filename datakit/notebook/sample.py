"""One sample of a dataset: its metadata, and its picture and labels as arrays, read on access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.core.images.contact_sheet import hatched, overlay
from datakit.core.masks.foreground import foreground
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import decode_label, label_files
from datakit.io.pixels.decoders import decode_photo
from datakit.io.pixels.native import probe
from datakit.io.store.files import FileRef
from datakit.records.labels import IGNORED, LabelState, is_binary
from datakit.records.sample import Sample
from datakit.verbs.shared.image_label import ImageLabel, LabelRules, read_label
from datakit.verbs.shared.labelled import image_bytes
from datakit.verbs.shared.shapes import canvas_of, paint

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class SampleView:
    """One sample; nothing is decoded before it is asked for, and then once.

    Attributes
    ----------
    item : Item
        Where its files are.
    label_map : mapping
        Class name -> value in `mask`.
    """

    item: Item
    label_map: Mapping[str, int]

    @property
    def id(self) -> str:
        """The sample's id."""
        return self.item.key

    @property
    def split(self) -> str | None:
        """train, val, test, or None."""
        return self.item.split

    @property
    def label_state(self) -> LabelState:
        """What is known of the sample: complete, partial or none."""
        return self._outlined.state if self._outlined is not None else self.item.label_state

    @cached_property
    def row(self) -> Sample:
        """The row that the sample has in a manifest, or would have."""
        if self.item.sample is not None:
            return self.item.sample
        width, height = self._size_wh
        return self.item.describe(width, height, None)

    @cached_property
    def image(self) -> Image:
        """(H, W, 3) uint8 RGB, orientation applied.

        Raises
        ------
        InputError
            If there is no image, or it cannot be decoded.
        """
        return decode_photo(image_bytes(self.item), self.item.source_name)

    @cached_property
    def mask(self) -> npt.NDArray[Any] | None:
        """(H, W) bool, or uint8 class indices, or uint16 object ids; None without a mask."""
        if self._outlined is not None:
            return self._painted(self._outlined)
        stored = self._label("mask")
        if stored is None or self.row.instances or not is_binary(self.label_map):
            return stored
        return foreground(stored)

    @cached_property
    def alpha(self) -> npt.NDArray[np.float32] | None:
        """(H, W) float32 in [0, 1]; None without a matte."""
        stored = self._label("alpha")
        if stored is None or stored.dtype.kind == "f":
            return stored
        return stored.astype(np.float32) / np.float32(np.iinfo(stored.dtype).max)

    @cached_property
    def trimap(self) -> Image | None:
        """(H, W) uint8 in {0, 128, 255}; None without a trimap."""
        return self._label("trimap")

    @cached_property
    def ignore(self) -> npt.NDArray[np.bool_] | None:
        """(H, W) bool, true where the label is unknown; None when all of it is known."""
        if self._outlined is not None:
            found = self._outlined.ignore_mask()
            return None if found is None else found > 0
        stored = self._label("ignore")
        return None if stored is None else stored > 0

    def overlaid(self) -> Image:
        """Return the photo with its label tinted, and striped where it is unknown."""
        picture = self.image
        label = self.alpha if self.alpha is not None else self.mask
        if label is not None and label.shape == picture.shape[:2]:
            picture = overlay(picture, label)
        if self.ignore is not None and self.ignore.shape == picture.shape[:2]:
            picture = hatched(picture, self.ignore)
        return picture

    def _label(self, kind: str) -> npt.NDArray[Any] | None:
        ref: FileRef | None = label_files(self.item).get(kind)
        return None if ref is None else decode_label(self.item, kind, ref)

    @cached_property
    def _size_wh(self) -> tuple[int, int]:
        if self.item.image is None and self.item.stated_wh is not None:
            return self.item.stated_wh
        return probe(image_bytes(self.item), self.item.source_name).size_wh

    @cached_property
    def _outlined(self) -> ImageLabel | None:
        """The objects of an annotated image on the picture as shown; None when labels are files."""
        if self.item.annotations is None:
            return None
        canvas_wh, _ = canvas_of(self.item, probe(image_bytes(self.item), self.item.source_name))
        return read_label(self.item, canvas_wh, LabelRules())

    def _painted(self, known: ImageLabel) -> npt.NDArray[Any] | None:
        if known.is_blank:
            return None
        binary = is_binary(self.label_map)
        values = [
            0
            if shape.role == "background"
            else IGNORED
            if binary
            else self.label_map[shape.category]
            for shape in known.shapes
        ]
        mask = paint(known.shapes, values, known.canvas_wh, "union", "area")
        return mask > 0 if binary else mask
