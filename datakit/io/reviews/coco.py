"""COCO as Roboflow, CVAT, Label Studio and others export it, wherever in the folder it lies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import ClassVar

from datakit.errors import InputError, SchemaError
from datakit.io.layouts.coco_index import CocoIndex
from datakit.io.reviews.base import Pictures, Review
from datakit.io.store.files import Root
from datakit.records.coco import Image
from datakit.records.failure import Failure

_LARGEST = 1 << 31
_STEP = 1 << 32
"""Places of one file: there are fewer images in it."""


class CocoReview:
    """Every COCO file below the root; images are found by name."""

    TOOL: ClassVar[str] = "coco"

    def __init__(self, root: Root, names: list[str]) -> None:
        self._pictures = Pictures(root, names)
        self._indices = [CocoIndex(root.open(name), name) for name in _files(root, names)]
        if not self._indices:
            raise InputError(f"{root.root}: expected a COCO file, found none")
        self.failures: tuple[Failure, ...] = tuple(
            failure for index in self._indices for failure in index.failures
        )

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there is a COCO file."""
        return next(_files(root, names), None) is not None

    def reviews(self) -> Iterator[Review]:
        """Yield every image, also those without annotations: people left none."""
        for number, index in enumerate(self._indices):
            beside = _part(index.name)
            for row, image in enumerate(index.images):
                name = f"{beside}/{image.file_name}" if beside else image.file_name
                yield Review(
                    name=name,
                    place=number * _STEP + row,
                    stated_wh=_size(image),
                    image=self._pictures.find(name, beside),
                    categories=index.categories,
                )

    def text(self, review: Review) -> bytes:
        """Return the annotations of an image, verbatim."""
        number, row = divmod(review.place, _STEP)
        return self._indices[number].annotations(row)

    @staticmethod
    def annotations(text: bytes, size_wh: tuple[int, int]) -> bytes:
        """Return the text: it is COCO already."""
        return text


def _part(name: str) -> str:
    """Return what a file's place says of its images: its folder, or the part of the set.

    Examples
    --------
    >>> _part("valid/_annotations.coco.json"), _part("annotations/instances_train.json")
    ('valid', 'train')
    >>> _part("annotations/instances_default.json"), _part("result.json")
    ('', '')
    """
    path = PurePosixPath(name)
    if path.parent.name == "annotations":
        part = path.stem.rpartition("_")[2]
        return "" if part == "default" else part
    return "" if path.parent == PurePosixPath() else path.parent.as_posix()


def _size(image: Image) -> tuple[int, int] | None:
    if not image.width or not image.height:
        return None
    return int(min(image.width, _LARGEST)), int(min(image.height, _LARGEST))


def _files(root: Root, names: list[str]) -> Iterator[str]:
    """Yield the .json files that are COCO; an array, or another object, is another tool's."""
    for name in names:
        if name.endswith(".json"):
            with root.open(name) as handle:
                if b'"images"' not in handle.read(1 << 16) and not _mentions(handle):
                    continue
            try:
                CocoIndex(root.open(name), name).close()
            except SchemaError:
                continue
            yield name


def _mentions(handle: object) -> bool:
    """Tell whether the rest of a file has COCO's key; pieces overlap by its length."""
    read = handle.read  # type: ignore[attr-defined]
    before = b""
    while piece := read(1 << 20):
        if b'"images"' in before + piece:
            return True
        before = piece[-8:]
    return False
