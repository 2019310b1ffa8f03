"""Label Studio's JSON export: tasks with what people drew, in percent or as brush masks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import unquote

import msgspec

from datakit.core.masks.brush_rle import decode_brush
from datakit.core.masks.rle import mask_to_rle
from datakit.errors import DatakitError, InputError
from datakit.io.layouts.coco_index import UNREADABLE
from datakit.io.reviews.base import (
    IMAGE_NAME,
    Pictures,
    Review,
    Spool,
    encoded,
    polygon,
    problem,
    runs,
)
from datakit.io.store.files import Root
from datakit.records.failure import Failure

_UPLOADED = re.compile(r"^[0-9a-f]{8}-")
"""What Label Studio puts before the name of an uploaded file."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SNIFFED = 1 << 16


class _Region(msgspec.Struct):
    type: str = ""
    value: dict[str, Any] = {}
    original_width: int | None = None
    original_height: int | None = None
    image_rotation: float | None = 0


class _Annotation(msgspec.Struct):
    result: list[msgspec.Raw] = []
    was_cancelled: bool = False


class _Task(msgspec.Struct):
    data: dict[str, Any]
    annotations: list[_Annotation] = []
    meta: dict[str, Any] | None = None


class LabelStudioReview:
    """Every JSON array of tasks below the root.

    A task without annotations was not reviewed and is left out; of several annotations the last
    that was not skipped counts. Predictions are the machine's, and are not read.
    """

    TOOL: ClassVar[str] = "label-studio"

    def __init__(self, root: Root, names: list[str]) -> None:
        self._pictures = Pictures(root, names)
        self._spool = Spool()
        self._reviews: list[Review] = []
        failures: list[Failure] = []
        for name in _files(root, names):
            try:
                tasks = msgspec.json.decode(root.read(name), type=list[msgspec.Raw])
            except UNREADABLE as error:
                raise InputError(f"{name}: expected Label Studio's tasks; {error}") from None
            for number, raw in enumerate(tasks):
                try:
                    self._add(msgspec.json.decode(raw, type=_Task))
                except (InputError, *UNREADABLE) as error:
                    where = f"$[{number}]"
                    failures.append(
                        Failure(
                            id=f"task {number}",
                            file=name,
                            step="read",
                            error=str(error),
                            path=where,
                        )
                    )
        self.failures: tuple[Failure, ...] = tuple(failures)

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether there is an array of tasks."""
        return bool(_files(root, names))

    def reviews(self) -> Iterator[Review]:
        """Yield the reviewed images."""
        return iter(self._reviews)

    def text(self, review: Review) -> bytes:
        """Return an image's regions."""
        return self._spool[review.place]

    @staticmethod
    def annotations(text: bytes, size_wh: tuple[int, int]) -> bytes:
        """Return an image's shapes."""
        raws = msgspec.json.decode(text, type=list[msgspec.Raw])
        found = [_annotation(number, raw, size_wh) for number, raw in enumerate(raws, 1)]
        return encoded([annotation for annotation in found if annotation is not None])

    def _add(self, task: _Task) -> None:
        done = [found for found in task.annotations if not found.was_cancelled]
        if not done:
            return
        name = _image_name(task.data)
        regions = [_region(raw) for raw in done[-1].result]
        sizes = {
            (region.original_width, region.original_height)
            for region in regions
            if isinstance(region, _Region) and region.original_width and region.original_height
        }
        if len(sizes) > 1:
            raise InputError(f"{name}: expected shapes for one size, found {sorted(sizes)}")
        sha256 = (task.meta or {}).get("sha256")
        labels = {_label(region) for region in regions if isinstance(region, _Region)}
        self._reviews.append(
            Review(
                name=name,
                place=self._spool.add(msgspec.json.encode(done[-1].result)),
                stated_wh=sizes.pop() if sizes else None,
                image=self._pictures.find(name),
                sha256=sha256 if _SHA256.fullmatch(str(sha256)) else None,
                categories={label: label for label in labels if label},
            )
        )


def _image_name(data: dict[str, Any]) -> str:
    """Return the image's path as the task names it, without Label Studio's address."""
    texts = [data["image"]] if "image" in data else list(data.values())
    for text in texts:
        if not isinstance(text, str):
            continue
        path = unquote(text.rpartition("?d=")[2].partition("?")[0]).replace("\\", "/")
        folder, slash, name = path.rpartition("/")
        if IMAGE_NAME.search(name):
            return f"{folder}{slash}{_UPLOADED.sub('', name)}"
    raise InputError("task: expected the address of an image in its data, found none")


def _region(raw: msgspec.Raw) -> _Region | str:
    try:
        return msgspec.json.decode(raw, type=_Region, strict=False)
    except UNREADABLE as error:
        return str(error)


def _label(region: _Region) -> str:
    labels = region.value.get(region.type)
    if isinstance(labels, list) and len(labels) == 1 and isinstance(labels[0], str):
        return labels[0].strip()
    return ""


def _annotation(number: int, raw: msgspec.Raw, size_wh: tuple[int, int]) -> dict[str, Any] | None:
    region = _region(raw)
    if isinstance(region, str):
        return problem(number, region)
    if region.type in ("choices", "rating", "textarea", "taxonomy", "labels", "relation"):
        # Said of the picture, not drawn on it.
        return None
    label = _label(region)
    try:
        if not label:
            raise InputError("expected one label")
        width, height = size_wh
        if (region.original_width, region.original_height) != size_wh or region.image_rotation:
            raise InputError(f"expected {width}x{height} pixels, and a picture that is not turned")
        return _shape(number, region, label, height, width)
    except (DatakitError, KeyError, TypeError, ValueError) as error:
        return problem(number, f"{region.type} of {label!r}: {error}")


def _shape(number: int, region: _Region, label: str, height: int, width: int) -> dict[str, Any]:
    value = region.value
    if region.type == "brushlabels":
        if value.get("format") != "rle":
            raise InputError("expected the format rle")
        mask = decode_brush(value["rle"], height, width)
        return runs(label, number, mask_to_rle(mask), height, width)
    if region.type == "polygonlabels":
        sides = (width, height)
        ring = [
            float(percent) / 100 * side
            for point in value["points"]
            for percent, side in zip(point, sides, strict=True)
        ]
        return polygon(label, number, [ring])
    if region.type == "rectanglelabels" and not value.get("rotation"):
        x0, y0 = float(value["x"]) / 100 * width, float(value["y"]) / 100 * height
        x1 = x0 + float(value["width"]) / 100 * width
        y1 = y0 + float(value["height"]) / 100 * height
        return polygon(label, number, [[x0, y0, x1, y0, x1, y1, x0, y1]])
    raise InputError("expected a polygon, a brush mask or a rectangle")


def _files(root: Root, names: list[str]) -> list[str]:
    found = []
    for name in names:
        if name.endswith(".json"):
            with root.open(name) as handle:
                start = handle.read(_SNIFFED).lstrip(b"\xef\xbb\xbf \t\r\n")
            if start[:1] == b"[" and (b'"data"' in start or b'"annotations"' in start):
                found.append(name)
    return found
