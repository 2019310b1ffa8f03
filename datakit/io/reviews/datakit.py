"""A dataset that ``datakit review --apply`` made, as the review that it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.masks.rle import mask_to_rle
from datakit.errors import DatakitError, InputError
from datakit.io.dataset.output import CARD, MANIFEST
from datakit.io.layouts.base import Item
from datakit.io.layouts.datakit import DatasetReader
from datakit.io.pixels.decoders import decode_alpha, decode_mask
from datakit.io.reviews.base import Review, encoded, problem, runs
from datakit.io.store.files import Root
from datakit.records.card import Card
from datakit.records.failure import Failure
from datakit.records.review import REVIEWED

_ONLY = "foreground"
"""The class of a dataset that names none."""


class DatakitReview:
    """The samples that a person accepted: their masks, exactly, as runs.

    A sample without the tag `datakit.records.review.REVIEWED` was not reviewed and is left out.
    """

    TOOL: ClassVar[str] = "datakit"

    def __init__(self, root: Root, names: list[str]) -> None:
        reader = DatasetReader(root, names)
        self.failures: tuple[Failure, ...] = reader.failures
        self._classes = {value: name for name, value in reader.card.label_map.items() if value > 0}
        self._items = [
            item
            for item in reader.items()
            if item.sample is not None and REVIEWED in item.sample.tags
        ]

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether ``datakit review`` made it.

        An export for another tool has datakit's files too; there the tool's own are the review.
        """
        if CARD not in names or MANIFEST not in names or not DatasetReader.accepts(root, names):
            return False
        commands = msgspec.json.decode(root.read(CARD), type=Card).commands
        return bool(commands) and commands[-1].verb == "review"

    def reviews(self) -> Iterator[Review]:
        """Yield the accepted samples."""
        for place, item in enumerate(self._items):
            names = self._names(item).values()
            yield Review(
                name=item.source_name,
                place=place,
                stated_wh=item.stated_wh,
                image=item.image,
                categories={name: name for name in (*names, _ONLY)},
            )

    @staticmethod
    def annotations(text: bytes, size_wh: tuple[int, int]) -> bytes:
        """Return the text: it is COCO already."""
        return text

    def text(self, review: Review) -> bytes:
        """Return a mask's objects, or its classes, as compressed runs."""
        item = self._items[review.place]
        try:
            label = _label(item)
        except DatakitError as error:
            return encoded([problem(1, str(error))])
        named = self._names(item)
        height, width = label.shape
        found: list[dict[str, Any]] = [
            runs(
                named.get(int(value), next(iter(named.values()), _ONLY)),
                number,
                mask_to_rle(label == value),
                height,
                width,
            )
            for number, value in enumerate(np.unique(label[label > 0]), 1)
        ]
        return encoded(found)

    def _names(self, item: Item) -> Mapping[int, str]:
        """Return value in the mask -> class: of its objects, or else of the dataset's classes."""
        instances = item.sample.instances if item.sample else ()
        return {one.id: one.category for one in instances} or self._classes


def _label(item: Item) -> npt.NDArray[Any]:
    if item.mask is not None:
        return decode_mask(item.mask.read(), item.mask.name)
    if item.alpha is not None:
        alpha = decode_alpha(item.alpha.read(), item.alpha.name)
        return (alpha >= np.float32(0.5)).astype(np.uint8)
    raise InputError(f"{item.key}: expected a mask or an alpha, found neither")
