"""One image's COCO annotations: every form that occurs, as shapes or as a named problem."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.masks.rings import ring_from_flat
from datakit.errors import InputError
from datakit.io.layouts.coco_index import UNREADABLE, identifier

Ring = npt.NDArray[np.float64]


class Rle(msgspec.Struct, frozen=True):
    """A run-length encoding as the file has it: compressed text or a list of counts."""

    counts: str | list[int]
    size: tuple[int, int]


class _Entry(msgspec.Struct):
    id: int | float | str | None = None
    category_id: int | float | str | None = None
    bbox: msgspec.Raw = msgspec.Raw()
    segmentation: msgspec.Raw = msgspec.Raw()


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation.

    Attributes
    ----------
    id, category_id : str
        As text (see `datakit.io.layouts.coco_index.identifier`).
    bbox_xywh : tuple of 4 float, optional
        As stated; not to be trusted.
    rings : tuple of (N, 2) float64
        Polygons in pixel edges; empty when the shape is an RLE or there is only a box.
    rle : Rle, optional
        The mask, when it is run-length encoded.
    problem : str, optional
        Why the entry cannot be read; the shapes are then empty.
    """

    id: str
    category_id: str = ""
    bbox_xywh: tuple[float, float, float, float] | None = None
    rings: tuple[Ring, ...] = ()
    rle: Rle | None = None
    problem: str | None = None


_entries = msgspec.json.Decoder(list[msgspec.Raw])
_entry = msgspec.json.Decoder(_Entry)
_numbers = msgspec.json.Decoder(list[float], strict=False)
_polygons = msgspec.json.Decoder(list[list[float]], strict=False)
_rle = msgspec.json.Decoder(Rle, strict=False)


def read_annotations(text: bytes) -> list[Annotation]:
    """Parse a JSON array of COCO annotations, each on its own.

    Numbers may be strings (exports of 2026 write ``"284.0000"``); a segmentation may be a list of
    polygons, one flat polygon, an RLE of either kind, or empty.

    Examples
    --------
    >>> [first] = read_annotations(b'[{"id": 4, "segmentation": [[0, 0, 4, 0, "4", 3]]}]')
    >>> first.id, first.rings[0].tolist()
    ('4', [[0.0, 0.0], [4.0, 0.0], [4.0, 3.0]])
    """
    return [_read(number, raw) for number, raw in enumerate(_entries.decode(text))]


def _read(number: int, raw: msgspec.Raw) -> Annotation:
    try:
        entry = _entry.decode(raw)
    except UNREADABLE as error:
        return Annotation(id=f"number {number} of the image", problem=str(error))
    name, category = identifier(entry.id), identifier(entry.category_id)
    try:
        bbox = _read_bbox(bytes(entry.bbox))
        rings, rle = _read_segmentation(bytes(entry.segmentation).lstrip())
    except (InputError, *UNREADABLE) as error:
        return Annotation(name, category, problem=_plain(error))
    return Annotation(name, category, bbox, rings, rle)


def _read_bbox(text: bytes) -> tuple[float, float, float, float] | None:
    if text in (b"", b"null", b"[]"):
        return None
    numbers = _numbers.decode(text)
    if len(numbers) != 4 or not np.isfinite(numbers).all():
        raise InputError(f"bbox: expected 4 finite numbers, found {numbers}")
    return numbers[0], numbers[1], numbers[2], numbers[3]


def _read_segmentation(text: bytes) -> tuple[tuple[Ring, ...], Rle | None]:
    if text in (b"", b"null"):
        return (), None
    if text[:1] == b"{":
        return (), _rle.decode(text)
    if text[1:].lstrip()[:1] == b"[":
        return tuple(map(ring_from_flat, _polygons.decode(text))), None
    flat = _numbers.decode(text)
    return ((ring_from_flat(flat),) if flat else ()), None


def _plain(error: Exception) -> str:
    return str(error) if isinstance(error, InputError) else f"segmentation or bbox: {error}"
