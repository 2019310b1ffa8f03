"""CVAT for images 1.1: ``annotations.xml`` with masks, polygons and boxes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar
from xml.parsers import expat

import msgspec

from datakit.core.masks.rle import encode_counts
from datakit.core.masks.row_runs import decode_rows
from datakit.core.masks.runs import placed_counts
from datakit.errors import DatakitError, InputError, SchemaError
from datakit.io.reviews.base import Pictures, Review, Spool, encoded, polygon, problem, runs
from datakit.io.store.files import Root
from datakit.records.failure import Failure

_SHAPES = ("mask", "polygon", "box", "ellipse", "polyline", "points", "cuboid", "skeleton")
_LARGEST = 1 << 16
_SNIFFED = 1 << 12


class CvatReview:
    """Every CVAT XML file below the root, read element by element.

    A document type, which could define entities that grow without end, is refused.
    """

    TOOL: ClassVar[str] = "cvat"

    def __init__(self, root: Root, names: list[str]) -> None:
        self._pictures = Pictures(root, names)
        self._spool = Spool()
        self._reviews: list[Review] = []
        failures: list[Failure] = []
        for name in _files(root, names):
            _Reader(name, self._add, failures).read(root)
        self.failures: tuple[Failure, ...] = tuple(failures)

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there is a file of CVAT's."""
        return bool(_files(root, names))

    def reviews(self) -> Iterator[Review]:
        """Yield the images."""
        return iter(self._reviews)

    def text(self, review: Review) -> bytes:
        """Return an image's elements."""
        return self._spool[review.place]

    @staticmethod
    def annotations(text: bytes, size_wh: tuple[int, int]) -> bytes:
        """Return an image's shapes."""
        width, height = size_wh
        shapes = msgspec.json.decode(text, type=list[tuple[str, dict[str, str]]])
        return encoded(
            [
                _annotation(number, tag, found, height, width)
                for number, (tag, found) in enumerate(shapes, 1)
            ]
        )

    def _add(self, image: dict[str, str], shapes: list[tuple[str, dict[str, str]]]) -> None:
        name, width, height = image.get("name", ""), _whole(image, "width"), _whole(image, "height")
        if not 0 < width <= _LARGEST or not 0 < height <= _LARGEST:
            raise InputError(f"image {name!r}: expected a width and a height, found {image}")
        self._reviews.append(
            Review(
                name=name,
                place=self._spool.add(msgspec.json.encode(shapes)),
                stated_wh=(width, height),
                image=self._pictures.find(name),
                categories={
                    label: label for _, found in shapes if (label := found.get("label", "").strip())
                },
            )
        )


class _Reader:
    """One file, as expat walks through it."""

    def __init__(self, name: str, add: Any, failures: list[Failure]) -> None:
        self._name = name
        self._add = add
        self._failures = failures
        self._image: dict[str, str] | None = None
        self._shapes: list[tuple[str, dict[str, str]]] = []

    def read(self, root: Root) -> None:
        """Walk through the file; SchemaError when it is no XML."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse
        try:
            with root.open(self._name) as handle:
                parser.ParseFile(handle)
        except expat.ExpatError as error:
            raise SchemaError(f"{self._name}: expected CVAT's XML; {error}") from None

    def _refuse(self, *declaration: object) -> None:
        raise SchemaError(f"{self._name}: expected CVAT's XML, found a document type in it")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "track":
            raise InputError(
                f"{self._name}: expected CVAT for images 1.1, found tracks of a video; "
                "export again as CVAT for images"
            )
        if tag == "image":
            self._image, self._shapes = attributes, []
        elif self._image is not None and tag in _SHAPES:
            self._shapes.append((tag, attributes))

    def _end(self, tag: str) -> None:
        if tag != "image" or self._image is None:
            return
        try:
            self._add(self._image, self._shapes)
        except DatakitError as error:
            name = self._image.get("name", "image")
            self._failures.append(Failure(id=name, file=self._name, step="read", error=str(error)))
        self._image = None


def _annotation(
    number: int, tag: str, found: dict[str, str], height: int, width: int
) -> dict[str, Any]:
    label = found.get("label", "")
    try:
        if tag == "mask":
            box_wh = _whole(found, "width"), _whole(found, "height")
            if box_wh[0] > width or box_wh[1] > height:
                raise InputError(f"expected a box within {width}x{height} pixels, found {box_wh}")
            lengths = [int(text) for text in found.get("rle", "").split(",")]
            box = decode_rows(lengths, box_wh[1], box_wh[0])
            origin = _whole(found, "left"), _whole(found, "top")
            counts = placed_counts(box, origin, height, width)
            return runs(label, number, encode_counts(counts), height, width)
        if tag == "polygon":
            pairs = [text.split(",") for text in found.get("points", "").split(";")]
            return polygon(label, number, [[float(value) for pair in pairs for value in pair]])
        if tag == "box" and not float(found.get("rotation", 0)):
            x0, y0, x1, y1 = (float(found[key]) for key in ("xtl", "ytl", "xbr", "ybr"))
            return polygon(label, number, [[x0, y0, x1, y0, x1, y1, x0, y1]])
    except (ValueError, KeyError, DatakitError) as error:
        return problem(number, f"{tag} of {label!r}: {error}")
    return problem(number, f"{tag} of {label!r}: expected a mask, a polygon or a box")


def _whole(found: dict[str, str], key: str) -> int:
    try:
        number = float(found.get(key, ""))
    except ValueError:
        number = float("nan")
    if not abs(number) < _LARGEST or number != int(number):
        raise InputError(f"{key}: expected a whole number, found {found.get(key)!r}")
    return int(number)


def _files(root: Root, names: list[str]) -> list[str]:
    found = []
    for name in names:
        if name.lower().endswith(".xml"):
            with root.open(name) as handle:
                if b"<annotations" in handle.read(_SNIFFED):
                    found.append(name)
    return found
