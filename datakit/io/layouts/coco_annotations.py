"""One image's COCO annotations: every form that occurs, as objects or as a named problem."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import isfinite

import msgspec

from datakit.core.masks.rings import ring_from_flat
from datakit.errors import InputError
from datakit.io.layouts.coco_index import identifier
from datakit.io.layouts.json_files import UNREADABLE
from datakit.records.labels import Box, LabelObject, Ring, Rle


class _Entry(msgspec.Struct):
    id: int | float | str | None = None
    category_id: int | float | str | None = None
    bbox: msgspec.Raw = msgspec.Raw()
    segmentation: msgspec.Raw = msgspec.Raw()
    iscrowd: msgspec.Raw = msgspec.Raw()
    score: msgspec.Raw = msgspec.Raw()
    ignore: msgspec.Raw = msgspec.Raw()


_entries = msgspec.json.Decoder(list[msgspec.Raw])
_entry = msgspec.json.Decoder(_Entry)
_number = msgspec.json.Decoder(float, strict=False)
_bounds = msgspec.json.Decoder(list[float | None], strict=False)
_numbers = msgspec.json.Decoder(list[float], strict=False)
_polygons = msgspec.json.Decoder(list[list[float]], strict=False)
_rle = msgspec.json.Decoder(Rle, strict=False)
_TRUE = (b"1", b"true", b'"1"', b"1.0")


def read_annotations(
    text: bytes,
    categories: Mapping[str, str | tuple[str, ...]],
    scale_xy: tuple[float, float] = (1.0, 1.0),
) -> Iterator[LabelObject]:
    """Parse a JSON array of COCO annotations, each on its own and when it is asked for.

    Numbers may be strings (exports of 2026 write ``"284.0000"``); a segmentation may be a list of
    polygons, one flat polygon, an RLE of either kind, or empty.

    Parameters
    ----------
    text : bytes
        The annotations of one image.
    categories : mapping
        Category id -> class name; several names, when the file gives the id to several classes.
    scale_xy : tuple of float
        What coordinates are multiplied by; 1 leaves them as they are written.

    Examples
    --------
    >>> text = b'[{"id": 4, "category_id": 1, "segmentation": [[0, 0, 4, 0, "4", 3]]}]'
    >>> [first] = read_annotations(text, {"1": "person"})
    >>> first.id, first.category, first.rings[0].tolist()
    ('4', 'person', [[0.0, 0.0], [4.0, 0.0], [4.0, 3.0]])
    """
    entries = _entries.decode(text)
    entries.reverse()
    for number in range(len(entries)):
        # Taken off one by one: a million entries are not held beside what is made of them.
        found = _read(number, entries.pop(), categories)
        yield found if scale_xy == (1.0, 1.0) else _scaled(found, scale_xy)


def _scaled(found: LabelObject, scale_xy: tuple[float, float]) -> LabelObject:
    box = found.bounds_xyxy
    x, y = scale_xy
    return replace(
        found,
        rings=tuple(ring * scale_xy for ring in found.rings),
        bounds_xyxy=None if box is None else (box[0] * x, box[1] * y, box[2] * x, box[3] * y),
    )


def _read(
    number: int, raw: msgspec.Raw, categories: Mapping[str, str | tuple[str, ...]]
) -> LabelObject:
    try:
        entry = _entry.decode(raw)
    except UNREADABLE as error:
        return LabelObject(id=f"number {number} of the image", problem=str(error))
    name, number_of_class = identifier(entry.id), identifier(entry.category_id)
    category = categories.get(number_of_class, "")
    problem = None if category else _no_category(number_of_class, categories)
    bounds = None
    rings: tuple[Ring, ...] = ()
    rle = None
    flaws: tuple[str, ...] = ()
    try:
        rings, rle = _read_segmentation(bytes(entry.segmentation).lstrip())
    except (InputError, *UNREADABLE) as error:
        problem = problem or _plain("segmentation: expected polygons of numbers, or an RLE", error)
    try:
        bounds = _read_bbox(bytes(entry.bbox))
    except (InputError, *UNREADABLE) as error:
        flaw = _plain("bbox: expected 4 finite numbers", error)
        if rings or rle is not None:
            flaws = (f"{flaw}; the outline was read without it",)
        else:
            problem = problem or flaw
    return LabelObject(
        id=name,
        category=category if isinstance(category, str) else number_of_class,
        alternatives=() if isinstance(category, str) else category,
        rings=rings,
        rle=rle,
        bounds_xyxy=bounds,
        role="ignore" if bytes(entry.ignore) in _TRUE else "object",
        crowd=bytes(entry.iscrowd) in _TRUE,
        score=_score(bytes(entry.score)),
        problem=problem,
        flaws=flaws,
    )


def _score(text: bytes) -> float | None:
    """Return a model's confidence; None where there is none, or it is no finite number."""
    if text in (b"", b"null"):
        return None
    try:
        value = _number.decode(text)
    except UNREADABLE:
        return None
    return value if isfinite(value) else None


def _no_category(number: str, categories: Mapping[str, str | tuple[str, ...]]) -> str:
    known = ", ".join(categories) or "none"
    return (
        f"category_id {number}: expected one of the categories ({known}); add its name to the "
        "file's categories"
    )


def _read_bbox(text: bytes) -> Box | None:
    if text in (b"", b"null", b"[]"):
        return None
    stated = _bounds.decode(text)
    numbers = [value for value in stated if value is not None]
    if stated and not numbers:
        # What a table writes where it has no value.
        return None
    if len(numbers) != 4 or not all(map(isfinite, numbers)):
        raise InputError(f"bbox: expected 4 finite numbers, found {stated}")
    x, y, width, height = numbers
    return x, y, x + width, y + height


def _read_segmentation(text: bytes) -> tuple[tuple[Ring, ...], Rle | None]:
    if text in (b"", b"null"):
        return (), None
    if text[:1] == b"{":
        return (), _rle.decode(text)
    if text[1:].lstrip()[:1] == b"[":
        return tuple(map(ring_from_flat, _polygons.decode(text))), None
    flat = _numbers.decode(text)
    return ((ring_from_flat(flat),) if flat else ()), None


def _plain(expected: str, error: Exception) -> str:
    return str(error) if isinstance(error, InputError) else f"{expected} ({error})"
