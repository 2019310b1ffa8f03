"""A contact sheet of photos before and after, with the masks drawn, for a person's eyes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from datakit.errors import DatakitError, OutputError
from datakit.io.layouts.base import Item
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.storage import Location
from datakit.verbs.anonymize.task import Anonymize

Image = npt.NDArray[np.uint8]

CELL_PX = 360
CAPTION_PX = 22
COLUMNS = 4
_GREEN, _WHITE, _RED = (40, 220, 60), (235, 235, 235), (235, 60, 50)


def write_preview(
    path: Location, items: Iterable[Item], params: Mapping[str, Any], count: int
) -> int:
    """Write a sheet of the first photos, each done once more; return how many it shows.

    The photos are read from the source and nothing is taken from, or left in, the dataset.
    """
    task = Anonymize(**params)
    cells = [_cell(item, task) for item in islice(items, count)]
    if not cells:
        return 0
    blank = np.zeros_like(cells[0])
    rows = []
    for start in range(0, len(cells), COLUMNS):
        row = cells[start : start + COLUMNS]
        rows.append(np.hstack(row + [blank] * (min(COLUMNS, len(cells)) - len(row))))
    atomic.write_bytes(path, images.encode_jpeg(np.vstack(rows), 90))
    return len(cells)


def _cell(item: Item, task: Anonymize) -> Image:
    cell = np.zeros((CELL_PX + CAPTION_PX, 2 * CELL_PX, 3), np.uint8)
    colour, text = _WHITE, item.key
    try:
        photo = task.read(item)
        hidden, _ = task.hide(item, photo)
        before, after = _fit(photo.image), _fit(hidden.image)
        mask = cv2.resize(
            hidden.mask.astype(np.uint8), before.shape[1::-1], interpolation=cv2.INTER_NEAREST
        )
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(before, outlines, -1, _GREEN, 1)
        cell[: before.shape[0], : before.shape[1]] = before
        cell[: after.shape[0], CELL_PX : CELL_PX + after.shape[1]] = after
        text += f"  {len(hidden.faces)} faces"
        if hidden.reasons or not hidden.faces:
            colour, text = _RED, f"{text}  {'; '.join(hidden.reasons) or 'no face'}"
    except OutputError:
        # Not this sample's fault: the run stops and can go on later.
        raise
    except DatakitError as error:
        colour, text = _RED, str(error)
    where = (4, CELL_PX + CAPTION_PX - 7)
    shown = text.encode("ascii", "replace").decode()[:95]
    cv2.putText(cell, shown, where, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)
    return cell


def _fit(image: Image) -> Image:
    scale = CELL_PX / max(image.shape[:2])
    size_wh = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    shrinks = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size_wh, interpolation=shrinks), np.uint8)
