"""What an annotation tool gave back, image by image, as COCO annotations.

Every tool's shapes become COCO annotations whose category is the class's name: so what is believed
of a polygon or a run-length code is decided in one place (`datakit.verbs.shared.shapes`).
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import Any, ClassVar, Protocol

import msgspec

from datakit.io.layouts.base import Item
from datakit.io.store.files import FileRef, Root
from datakit.records.draft import Change
from datakit.records.failure import Failure

IMAGE_NAME = re.compile(r"\.(?:jpe?g|jfif|jpe|png|webp|tiff?|bmp)$", re.IGNORECASE)
FINEST = 3
"""Decimals of a pixel that are kept: finer ones are rounding errors of percentages."""


@dataclass(frozen=True, slots=True)
class Review:
    """One image as a tool gave it back; its shapes are read when it is worked on.

    Attributes
    ----------
    name : str
        The image as the tool names it: only ever compared with, never opened.
    place : int
        Where the reader has its shapes.
    stated_wh : tuple, optional
        The size that the shapes speak of.
    image : FileRef, optional
        The image itself, when the tool gave it back too.
    sha256 : str, optional
        Of the image, when the file says it.
    categories : mapping
        Category id -> class name.
    """

    name: str
    place: int
    stated_wh: tuple[int, int] | None = None
    image: FileRef | None = None
    sha256: str | None = None
    categories: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Given:
    """What a tool gave back of one image.

    Attributes
    ----------
    tool, name, matched_by : str
        The tool, its name of the image, and "sha256" or "name".
    text : bytes
        The tool's own (see `ReviewReader.text`).
    categories : dict
        Category id -> class name.
    stated_wh : tuple, optional
        The size that they are for.
    alpha : FileRef, optional
        The soft alpha that travelled with the export, for a sample that has none.
    """

    tool: str
    name: str
    matched_by: str
    text: bytes
    categories: Mapping[str, str | tuple[str, ...]]
    stated_wh: tuple[int, int] | None = None
    alpha: FileRef | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """A sample of the drafts, and its review if there is one: the item of work."""

    item: Item
    given: Given | None = None
    earlier: Change | None = None

    @property
    def key(self) -> str:
        """The sample's id."""
        return self.item.key


class ReviewReader(Protocol):
    """A tool's export. Building it indexes the files."""

    TOOL: ClassVar[str]
    failures: tuple[Failure, ...]

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell by content whether this tool wrote it."""

    def __init__(self, root: Root, names: list[str]) -> None:
        """Index an export; InputError or SchemaError when it cannot be read at all."""

    def reviews(self) -> Iterator[Review]:
        """Yield the images that were reviewed."""

    def text(self, review: Review) -> bytes:
        """Return what the tool wrote of an image's shapes, for `annotations` to read."""

    @staticmethod
    def annotations(text: bytes, size_wh: tuple[int, int]) -> bytes:
        """Return an image's shapes as a JSON array of COCO annotations: a worker's part.

        A shape that is no mask is an annotation with a ``problem``.
        """


class Spool:
    """Texts that wait on the disk, not in memory, until their image is worked on."""

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._places: list[tuple[int, int]] = []
        self._end = 0

    def add(self, text: bytes) -> int:
        """Keep a text and return its number."""
        self._file.seek(self._end)
        self._file.write(text)
        self._places.append((self._end, len(text)))
        self._end += len(text)
        return len(self._places) - 1

    def __getitem__(self, number: int) -> bytes:
        offset, length = self._places[number]
        self._file.seek(offset)
        return self._file.read(length)


class Pictures:
    """The images of an export, found by the names that its annotations give them."""

    def __init__(self, root: Root, names: list[str]) -> None:
        self._root = str(root.root)
        self._by_tail: dict[str, list[str]] = {}
        for name in names:
            if IMAGE_NAME.search(name):
                self._by_tail.setdefault(name.rpartition("/")[2], []).append(name)

    def find(self, name: str, folder: str = "") -> FileRef | None:
        """Return the one file that a name means; of several, the one with the longest equal end.

        ``folder`` decides between equals: it is where the annotations lie.
        """
        parts = name.replace("\\", "/").split("/")
        found = self._by_tail.get(parts[-1], [])
        if not found:
            return None

        def likeness(path: str) -> tuple[int, bool]:
            same = 0
            for mine, theirs in zip(reversed(parts), reversed(path.split("/")), strict=False):
                if mine != theirs:
                    break
                same += 1
            return same, path.startswith(f"{folder}/")

        best = max(map(likeness, found))
        chosen = [path for path in found if likeness(path) == best]
        return FileRef(self._root, chosen[0]) if len(chosen) == 1 else None


def polygon(label: str, number: int, rings: list[list[float]]) -> dict[str, Any]:
    """Return a COCO annotation of polygons in pixels."""
    rounded = [[round(value, FINEST) for value in ring] for ring in rings]
    return {"id": number, "category_id": label.strip(), "segmentation": rounded}


def runs(label: str, number: int, counts: str, height: int, width: int) -> dict[str, Any]:
    """Return a COCO annotation of compressed runs."""
    segmentation = {"size": [height, width], "counts": counts}
    return {"id": number, "category_id": label.strip(), "segmentation": segmentation}


def problem(number: int, reason: str) -> dict[str, Any]:
    """Return what stands for a shape that cannot be read as a mask."""
    return {"id": number, "problem": reason}


def encoded(annotations: list[dict[str, Any]]) -> bytes:
    """Return annotations as JSON; what is no finite number becomes null, which no shape has."""
    return msgspec.json.encode(annotations)
