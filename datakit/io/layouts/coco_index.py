"""A COCO file indexed by image: what is read later is found by offset, not held as objects."""

from __future__ import annotations

import mmap
import os
import re
import weakref
from array import array
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from itertools import accumulate
from tempfile import TemporaryFile
from typing import BinaryIO, cast

import msgspec

from datakit.errors import SchemaError
from datakit.io.layouts.json_files import BOM, UNREADABLE, check_encoding, reason
from datakit.records.coco import Category, Identifier, Image
from datakit.records.failure import Failure

# Strings first, so that a constant inside a name is passed over.
_CONSTANT = re.compile(rb'"(?:[^"\\]|\\.)*+"|-?\b(?:NaN|Infinity)\b', re.DOTALL)


_AGAIN = "export it again, or leave this file out"
_CLASH = -1
"""Row of an id that several images have."""

_PIECE = 1 << 20
"""Bytes that are read at once."""


class _Document(msgspec.Struct):
    images: list[msgspec.Raw]
    annotations: list[msgspec.Raw] | None = None
    categories: list[msgspec.Raw] = []
    info: msgspec.Raw = msgspec.Raw()


class _Info(msgspec.Struct):
    contributor: str = ""


class _Link(msgspec.Struct):
    image_id: Identifier
    category_id: Identifier | None = None
    id: Identifier | None = None


def identifier(value: int | float | str | None) -> str:
    """Return an id as text, so that 3, 3.0 and "3" are one id.

    Examples
    --------
    >>> identifier(3), identifier(3.0), identifier(" 3 ")
    ('3', '3', '3')
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


class CocoIndex:
    """Images, categories, and the place of each annotation in the file.

    Peak memory is the file (mapped while it is parsed) and about 30 bytes for each run of
    annotations of one image; the annotations themselves are read when their image is processed.

    Parameters
    ----------
    handle : binary file
        Open for reading at any offset; the index takes it over and closes it.
    name : str
        Subject of the error messages.

    Attributes
    ----------
    images : list of Image
        Those that can be read, in the file's order.
    positions : array of int
        Where each of them is in the file's ``images``.
    categories : dict
        Category id -> name (several names, where the id has been given twice), without the unused
        root (see `_without_root`).
    annotated : bool
        Whether it has annotations, be it none of any image: lists of images to label have not.
    contributor : str
        The tool that wrote the file, where it says so.
    failures : list of Failure
        Entries that are not images, annotations or categories, and images that share an id.

    Raises
    ------
    SchemaError
        If the file is not JSON, or not COCO.
    """

    def __init__(self, handle: BinaryIO, name: str) -> None:
        self.name = name
        self.failures: list[Failure] = []
        with handle:
            if os.fstat(handle.fileno()).st_size == 0:
                raise SchemaError(f"{name}: expected COCO JSON, found an empty file; {_AGAIN}")
            with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as text:
                repaired = self._build(text)
            if repaired is None:
                self._keep_open(handle)
                return
        with repaired:
            with mmap.mmap(repaired.fileno(), 0, access=mmap.ACCESS_READ) as text:
                self._build(text, repair=False)
            self._keep_open(repaired)

    def _keep_open(self, handle: BinaryIO) -> None:
        """Keep the file readable for as long as the index is used, whoever forgets to close it."""
        self._file = os.dup(handle.fileno())
        self._release = weakref.finalize(self, os.close, self._file)

    def _build(self, text: mmap.mmap, *, repair: bool = True) -> BinaryIO | None:
        check_encoding(text[:8], self.name)
        start = len(BOM) if text[:3] == BOM else 0
        # Released before the map is closed: each Raw is a view of it.
        with memoryview(text) as view, view[start:] as body:
            try:
                document = msgspec.json.decode(body, type=_Document)
            except (msgspec.ValidationError, UnicodeDecodeError) as error:
                raise SchemaError(
                    f"{self.name}: expected COCO with images, annotations and categories; "
                    f"{reason(error)}; {_AGAIN}"
                ) from None
            except msgspec.DecodeError as error:
                if repair and (text.find(b"NaN") >= 0 or text.find(b"Infinity") >= 0):
                    return _without_constants(text)
                raise SchemaError(
                    f"{self.name}: expected JSON; {reason(error)}; {_AGAIN}"
                ) from None
            except RecursionError:
                raise SchemaError(f"{self.name}: expected COCO; it is nested too deeply") from None
            self.images, rows = self._read_images(document.images)
            self.annotated = document.annotations is not None
            used = self._locate(document.annotations or [], rows, text)
            self.categories = self._read_categories(document.categories, used)
            self.contributor = _contributor(bytes(document.info))
            del document
        return None

    def _read_images(self, entries: Sequence[msgspec.Raw]) -> tuple[list[Image], dict[str, int]]:
        decoder = msgspec.json.Decoder(Image, strict=False)
        found: list[tuple[int, Image]] = []
        for number, entry in enumerate(entries):
            try:
                found.append((number, decoder.decode(entry)))
            except UNREADABLE as error:
                self._fail(f"image {number}", f"$.images[{number}]", reason(error))
        count = Counter(identifier(image.id) for _, image in found)
        clashing: dict[str, list[tuple[int, Image]]] = {}
        images: list[Image] = []
        rows: dict[str, int] = {}
        self.positions = array("q")
        for number, image in found:
            name = identifier(image.id)
            if count[name] > 1:
                clashing.setdefault(name, []).append((number, image))
                rows[name] = _CLASH
                continue
            rows[name] = len(images)
            images.append(image)
            self.positions.append(number)
        for name, several in clashing.items():
            number, first = several[0]
            named = " and ".join(dict.fromkeys(image.file_name for _, image in several))
            self._fail(
                first.file_name,
                f"$.images[{number}].id",
                f"id {name!r}: expected one image, found {len(several)} ({named}); whose its "
                "annotations are is not known; give each image its own id",
            )
        return images, rows

    def _locate(
        self, entries: Sequence[msgspec.Raw], rows: dict[str, int], text: mmap.mmap
    ) -> Counter[str]:
        """Note offset, length and image of annotations; count the categories used.

        Annotations of one image that follow each other are one stretch of text.
        """
        decoder = msgspec.json.Decoder(_Link, strict=False)
        used: Counter[str] = Counter()
        offsets, lengths, owners = array("q"), array("q"), array("q")
        end = 0
        for number, entry in enumerate(entries):
            # Entries follow each other; an equal text that comes earlier would serve as well.
            written = bytes(entry)
            before, offset = end, text.find(written, end)
            end = offset + len(written)
            try:
                link = decoder.decode(entry)
            except UNREADABLE as error:
                self._fail(f"annotation {number}", f"$.annotations[{number}]", reason(error))
                continue
            row = rows.get(identifier(link.image_id))
            if row is None:
                self._fail(
                    f"annotation {identifier(link.id)}",
                    f"$.annotations[{number}].image_id",
                    f"image_id {link.image_id!r} is not among the images; correct or drop it",
                    identifier(link.id),
                )
                continue
            if row == _CLASH:
                continue
            used[identifier(link.category_id)] += 1
            if (
                owners
                and owners[-1] == row
                and offsets[-1] + lengths[-1] == before
                and text[before:offset].strip() == b","
            ):
                lengths[-1] = end - offsets[-1]
                continue
            offsets.append(offset)
            lengths.append(end - offset)
            owners.append(row)
        # Without NumPy, which the process that only hands out work otherwise never imports.
        order = sorted(range(len(owners)), key=owners.__getitem__)
        self._offsets = array("q", (offsets[k] for k in order))
        self._lengths = array("q", (lengths[k] for k in order))
        counts = Counter(owners)
        per_image = map(counts.__getitem__, range(len(self.images)))
        self._starts = array("q", accumulate(per_image, initial=0))
        return used

    def _read_categories(
        self, entries: Sequence[msgspec.Raw], used: Counter[str]
    ) -> dict[str, str | tuple[str, ...]]:
        decoder = msgspec.json.Decoder(Category, strict=False)
        categories: list[Category] = []
        for number, entry in enumerate(entries):
            try:
                category = decoder.decode(entry)
                if not category.label:
                    raise msgspec.ValidationError(f"name: expected text, found {category.name!r}")
                categories.append(category)
            except UNREADABLE as error:
                self._fail(f"category {number}", f"$.categories[{number}]", reason(error))
        return _without_root(categories, used)

    def _fail(self, subject: str, path: str, error: str, annotation: str | None = None) -> None:
        self.failures.append(
            Failure(
                id=subject,
                file=self.name,
                step="read",
                error=error,
                annotation=annotation,
                path=path,
            )
        )

    def annotations(self, row: int) -> bytes:
        """Return the annotations of image ``row`` as a JSON array, verbatim."""
        # A buffer gives its text without a copy, and a million annotations are 200 MB.
        text = BytesIO()
        for k in range(self._starts[row], self._starts[row + 1]):
            text.write(b"," if text.tell() else b"[")
            place, end = self._offsets[k], self._offsets[k] + self._lengths[k]
            while place < end:
                place += text.write(os.pread(self._file, min(_PIECE, end - place), place))
        text.write(b"]" if text.tell() else b"[]")
        return text.getvalue()

    def close(self) -> None:
        """Close the file; done too when the index is no longer referred to."""
        self._release()


def _without_root(
    categories: Sequence[Category], used: Counter[str]
) -> dict[str, str | tuple[str, ...]]:
    """Return id -> name, or the names that share an id, without Roboflow's root.

    Roboflow writes its project as category 0 and names it as the supercategory of the real classes;
    its name can equal a class's. It is left out if another category names it so and nothing uses
    it: a category 0 that is really used stays.
    """
    kept: dict[str, dict[str, None]] = {}
    for category in categories:
        is_root = any(
            other.supercategory == category.name
            for other in categories
            if identifier(other.id) != identifier(category.id)
        )
        if not (is_root and used[identifier(category.id)] == 0):
            kept.setdefault(identifier(category.id), {})[str(category.label)] = None
    return {
        number: next(iter(names)) if len(names) == 1 else tuple(names)
        for number, names in kept.items()
    }


def _contributor(info: bytes) -> str:
    """Return the tool that a file names; what is written there otherwise is nobody's concern."""
    try:
        return msgspec.json.decode(info, type=_Info).contributor
    except UNREADABLE:
        return ""


def _without_constants(text: mmap.mmap) -> BinaryIO:
    """Return a copy in which NaN and Infinity, which JSON does not have, are null."""
    cleaned = _CONSTANT.sub(lambda found: b"null" if found[0][:1] != b'"' else found[0], text)
    copy = cast(BinaryIO, TemporaryFile())  # noqa: SIM115
    copy.write(cleaned)
    copy.flush()
    return copy
