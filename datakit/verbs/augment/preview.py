"""A contact sheet of originals and their copies, the labels drawn over them."""

from __future__ import annotations

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.images.contact_sheet import contact_sheet, overlay
from datakit.io.dataset.output import MANIFEST
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.files import FileRef
from datakit.io.store.storage import Location
from datakit.io.tables import jsonl
from datakit.records.sample import Sample
from datakit.verbs.shared.labelled import image_bytes, read_labelled

Image = npt.NDArray[np.uint8]

COLUMNS = 6
TILE_PX = 240
TINT = 0.0


def write_preview(path: Location, out: Location, source: Collection, count: int) -> int:
    """Write a sheet of `count` originals, each followed by its copies; return how many it shows.

    Parameters
    ----------
    path : Path or ObjectPath
        The sheet, a JPEG.
    out : Path or ObjectPath
        The augmented dataset.
    source : Collection
        What it was made from.
    count : int
        How many originals; the first that have copies.
    """
    copies: dict[str, list[Sample]] = {}
    for sample in jsonl.read(out / MANIFEST, Sample):
        if sample.parent is None or not sample.history or sample.history[-1].verb != "augment":
            continue
        if sample.parent in copies or len(copies) < count:
            copies.setdefault(sample.parent, []).append(sample)
    if not copies:
        return 0
    tiles: list[Image] = []
    captions: list[str] = []
    columns = min(COLUMNS, 1 + max(map(len, copies.values())))
    for item in source.items():
        if item.key not in copies:
            continue
        row = [(_shown(item), f"{item.key}\noriginal")]
        for sample in copies[item.key][: columns - 1]:
            row.append((_shown(_item(out, sample)), f"{sample.id}\n{_words(sample)}"))
        blank = (np.full((8, 8, 3), 250, np.uint8), "")
        row += [blank] * (columns - len(row))
        tiles += [tile for tile, _ in row]
        captions += [caption for _, caption in row]
    sheet = contact_sheet(
        tiles, captions, title="augment: originals and copies", columns=columns, tile_px=TILE_PX
    )
    atomic.write_bytes(path, images.encode_jpeg(sheet, 90))
    return len(copies)


def _item(out: Location, sample: Sample) -> Item:
    """Return a row of the dataset as something that can be read."""

    def file(name: str | None) -> FileRef | None:
        return FileRef(str(out), name) if name else None

    return Item(
        rel=sample.id,
        stem=sample.id,
        source_name=sample.id,
        image=file(sample.file_name),
        mask=file(sample.mask_file_name),
        alpha=file(sample.alpha_file_name),
    )


def _shown(item: Item) -> Image:
    """Return a small picture with its label's outline; the label is enlarged with the picture."""
    found = read_labelled(item, image_bytes(item))
    label = found.alpha if found.alpha is not None else found.mask
    height, width = found.image.shape[:2]
    zoom = min(1.0, TILE_PX / max(height, width))
    size_wh = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    small = cv2.resize(found.image, size_wh, interpolation=cv2.INTER_AREA)
    if label is None:
        return np.asarray(small)
    soft = label if label.dtype == np.float32 else (label > 0).astype(np.float32)
    return overlay(small, cv2.resize(soft, size_wh, interpolation=cv2.INTER_AREA), TINT)


def _words(sample: Sample) -> str:
    """Return what was done to a copy, for its caption."""
    params = msgspec.json.decode(sample.history[-1].params)
    names = [step["name"] for step in params["applied"]]
    return "+".join((["background"] if "background" in params else []) + names)
