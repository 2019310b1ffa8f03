"""labelme: a JSON an image, with polygons, masks and rectangles."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec
import numpy as np

from datakit.core.masks.rle import encode_counts
from datakit.core.masks.runs import placed_counts
from datakit.errors import DatakitError, InputError
from datakit.io.layouts.coco_index import UNREADABLE
from datakit.io.pixels.decoders import decode_mask
from datakit.io.reviews.base import Pictures, Review, Spool, encoded, polygon, problem, runs
from datakit.io.store.files import Root
from datakit.records.failure import Failure

_SHA256 = re.compile(r"[0-9a-f]{64}")
_LARGEST = 1 << 16
_HALF = 128


class _Shape(msgspec.Struct):
    label: str = ""
    points: list[tuple[float, float]] = []
    shape_type: str = "polygon"
    mask: str | None = None


class _Labelled(msgspec.Struct):
    label: str = ""


class _Document(msgspec.Struct):
    shapes: list[msgspec.Raw]
    imagePath: str  # noqa: N815
    imageHeight: int | None = None  # noqa: N815
    imageWidth: int | None = None  # noqa: N815
    imageData: str | None = None  # noqa: N815
    sha256: str | None = None


class LabelMeReview:
    """Every JSON of labelme's below the root."""

    TOOL: ClassVar[str] = "labelme"

    def __init__(self, root: Root, names: list[str]) -> None:
        pictures = Pictures(root, names)
        self._spool = Spool()
        self._reviews: list[Review] = []
        failures: list[Failure] = []
        for name in names:
            if not name.endswith(".json"):
                continue
            try:
                text = root.read(name)
                if b'"imagePath"' in text:
                    document = msgspec.json.decode(text, type=_Document, strict=False)
                    self._add(name, document, pictures)
            except (DatakitError, *UNREADABLE) as error:
                failures.append(Failure(id=name, file=name, step="read", error=str(error)))
        self.failures: tuple[Failure, ...] = tuple(failures)

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether the first JSON files are labelme's."""
        return any(
            b'"imagePath"' in (text := root.read(name)) and b'"shapes"' in text
            for name in [name for name in names if name.endswith(".json")][:3]
        )

    def reviews(self) -> Iterator[Review]:
        """Yield the images that have a JSON."""
        return iter(self._reviews)

    def text(self, review: Review) -> bytes:
        """Return an image's shapes as labelme wrote them."""
        return self._spool[review.place]

    @staticmethod
    def annotations(text: bytes, size_wh: tuple[int, int]) -> bytes:
        """Return an image's shapes."""
        width, height = size_wh
        raws = msgspec.json.decode(text, type=list[msgspec.Raw])
        return encoded(
            [_annotation(number, raw, height, width) for number, raw in enumerate(raws, 1)]
        )

    def _add(self, name: str, document: _Document, pictures: Pictures) -> None:
        height, width = document.imageHeight or 0, document.imageWidth or 0
        if not 0 < width <= _LARGEST or not 0 < height <= _LARGEST:
            raise InputError(f"{name}: expected imageWidth and imageHeight, found {width}x{height}")
        folder = name.rpartition("/")[0]
        # The path may be a Windows one; whatever it says, the image lies beside.
        path = document.imagePath.replace("\\", "/").rpartition("/")[2]
        sha256 = document.sha256
        if document.imageData is not None:
            sha256 = hashlib.sha256(_decoded(document.imageData)).hexdigest()
        beside = f"{folder}/{path}" if folder else path
        self._reviews.append(
            Review(
                name=beside,
                place=self._spool.add(msgspec.json.encode(document.shapes)),
                stated_wh=(width, height),
                image=pictures.find(beside, folder),
                sha256=sha256 if _SHA256.fullmatch(str(sha256)) else None,
                categories=_labels(document.shapes),
            )
        )


def _labels(raws: list[msgspec.Raw]) -> dict[str, str]:
    found = set()
    for raw in raws:
        try:
            found.add(msgspec.json.decode(raw, type=_Labelled).label.strip())
        except UNREADABLE:
            # It is told when the shape is read.
            continue
    return {label: label for label in sorted(found) if label}


def _annotation(number: int, raw: msgspec.Raw, height: int, width: int) -> dict[str, Any]:
    try:
        shape = msgspec.json.decode(raw, type=_Shape, strict=False)
    except UNREADABLE as error:
        return problem(number, str(error))
    try:
        if shape.shape_type == "polygon":
            ring = [value for point in shape.points for value in point]
            return polygon(shape.label, number, [ring])
        if shape.shape_type == "rectangle":
            (x0, y0), (x1, y1) = shape.points
            return polygon(shape.label, number, [[x0, y0, x1, y0, x1, y1, x0, y1]])
        if shape.shape_type == "mask":
            return _mask(shape, number, height, width)
    except (DatakitError, ValueError) as error:
        return problem(number, f"{shape.shape_type} of {shape.label!r}: {error}")
    kind = shape.shape_type
    return problem(number, f"{kind} of {shape.label!r}: expected a polygon, a mask or a rectangle")


def _mask(shape: _Shape, number: int, height: int, width: int) -> dict[str, Any]:
    pixels = decode_mask(_decoded(shape.mask or ""), "mask")
    # labelme writes 1-bit pictures, which are read as 0 and 255 or as 0 and 1.
    inside = pixels >= (_HALF if int(pixels.max(initial=0)) > 1 else 1)
    (x, y), *_ = shape.points
    origin = int(np.floor(x)), int(np.floor(y))
    counts = placed_counts(inside, origin, height, width)
    return runs(shape.label, number, encode_counts(counts), height, width)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InputError("expected base64, found something else") from None
