"""A contact sheet of photos before and after, the uncertain ones first, for a person to inspect."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.images.contact_sheet import ACCENT, contact_sheet
from datakit.core.images.resizing import resample, resize_mask
from datakit.errors import DatakitError, OutputError
from datakit.io.layouts.base import Item
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.storage import Location
from datakit.records.anonymization import AUDIT, Anonymization
from datakit.records.counts import counted
from datakit.verbs.anonymize.face_hiding import Hidden
from datakit.verbs.anonymize.task import Anonymize

Image = npt.NDArray[np.uint8]
Tile = tuple[Image, str]

TILE_PX = 360
COLUMNS = 4
TITLE = (
    "anonymize: found (left); result, or what it would be (right). Green: hidden. Red: box of a "
    "face. Blue: its face was not found. It shows faces."
)
_LINE_LETTERS = 52
_RED = (213, 94, 0)
_BLUE = (0, 114, 178)
"""Vermilion and blue of the Okabe-Ito palette."""
_LEAST_CERTAIN_FIRST = ("review", "no-face", "released", "anonymized", "skipped")


def write_preview(
    path: Location, out: Location, items: Iterable[Item], params: Mapping[str, Any], count: int
) -> int:
    """Write a sheet of photos, those that wait for a person first; return how many it shows.

    Each is done once more, from the source; nothing is taken from the dataset but the audit's
    order, and nothing is left in it. A photo that waits is shown as it would be.

    Parameters
    ----------
    path : Path or ObjectPath
        The sheet, a JPEG.
    out : Path or ObjectPath
        The finished dataset.
    items : iterable of Item
        Of the source.
    params : mapping
        Of the task.
    count : int
        Largest number of photos.
    """
    records = _records(out)
    chosen = _uncertain_first(records, items)[:count]
    if not chosen:
        return 0
    task = Anonymize(**params)
    tiles = [tile for item in chosen for tile in _pair(item, records[item.key], task)]
    sheet = contact_sheet(
        [image for image, _ in tiles],
        [caption for _, caption in tiles],
        title=TITLE,
        columns=COLUMNS,
        tile_px=TILE_PX,
    )
    atomic.write_bytes(path, images.encode_jpeg(sheet, 90))
    return len(chosen)


def _records(out: Location) -> dict[str, Anonymization]:
    """Return the audit of a dataset by photo."""
    decoder = msgspec.json.Decoder(Anonymization)
    with (out / AUDIT).open("rb") as lines:
        return {record.id: record for record in map(decoder.decode, lines)}


def _uncertain_first(records: Mapping[str, Anonymization], items: Iterable[Item]) -> list[Item]:
    known = [item for item in items if item.key in records]
    return sorted(known, key=lambda item: _LEAST_CERTAIN_FIRST.index(records[item.key].status))


def _pair(item: Item, record: Anonymization, task: Anonymize) -> tuple[Tile, Tile]:
    """Return the tiles of one photo: what was found, and the result with the reasons in words."""
    try:
        photo = task.read(item)
        if record.status == "skipped":
            caption = _lines("left sharp: it meets --skip-where")
            return (photo.image, _lines(item.key)), (photo.image, caption)
        hidden, _ = task.hide(item, photo)
    except OutputError:
        # Not this sample's fault: the run stops and can go on later.
        raise
    except DatakitError as error:
        blank = np.full((TILE_PX, TILE_PX, 3), 225, np.uint8)
        return (blank, _lines(item.key)), (blank, _lines(str(error)))
    faces = sum(face.mask != "none" for face in record.faces)
    shown = f"{item.key}: {counted(faces, 'faces')} hidden"
    return (_found(photo.image, hidden), _lines(shown)), (hidden.image, _lines(_outcome(record)))


def _outcome(record: Anonymization) -> str:
    """Say in words what became of a photo, and why."""
    if record.status == "anonymized":
        return "in the dataset"
    if record.status == "released":
        return f"in the dataset on a person's word: {'; '.join(record.reasons)}"
    if record.file_name is not None:
        return f"in the dataset, copied: {'; '.join(record.reasons)}"
    return f"waits for a person: {'; '.join(record.reasons)}"


def _found(image: Image, hidden: Hidden) -> Image:
    """Draw the hidden area and the boxes, at the size of a tile so that lines stay thin."""
    height, width = image.shape[:2]
    scale = min(1.0, TILE_PX / max(height, width))
    size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    drawn = resample(image, size_wh).copy()
    mask = resize_mask(hidden.mask.astype(np.uint8), size_wh)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(drawn, outlines, -1, ACCENT, 2)
    for face in hidden.faces:
        x0, y0, x1, y1 = (round(edge * scale) for edge in face.box_xyxy)
        cv2.rectangle(drawn, (x0, y0), (x1, y1), _RED, 1)
    for box in hidden.bare:
        x0, y0, x1, y1 = (round(edge * scale) for edge in box)
        cv2.rectangle(drawn, (x0, y0), (x1, y1), _BLUE, 2)
    return drawn


def _lines(text: str) -> str:
    return "\n".join(textwrap.wrap(text, _LINE_LETTERS)[:4])
