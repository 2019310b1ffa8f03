"""``roboflow``, and what ``mask2coco`` writes: images beside a COCO file, a folder per split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar

import msgspec

from datakit.io.layouts.base import Item
from datakit.io.layouts.coco import ROBOFLOW_NAME
from datakit.io.layouts.coco_file import annotation, annotations_of, coco_file, crowds, named
from datakit.io.layouts.drawn import Drawing, Drawn
from datakit.io.layouts.picture import Picture, counted
from datakit.io.layouts.sample_names import SOFT, side
from datakit.io.layouts.tool_files import IGNORE, shapes_of, soft_alpha
from datakit.io.layouts.writer import Facts, Settings, Written
from datakit.records.outline import OUTLINES

_TABLE = ".coco"
# Roboflow's uploader reads nothing without these two.
_HEAD = b'"info":{"description":"made by datakit"},"licenses":[],'
_UPLOAD = Drawing(holes="bridge")


class RoboflowWriter:
    """``SPLIT/IMAGE`` and ``SPLIT/_annotations.coco.json``, as Roboflow exports and uploads them.

    To upload, take the folder ``upload``: Roboflow's uploader stumbles over the files that datakit
    keeps at the root. The folder of the val split is ``valid``; without splits there is none. Ids
    start at 1, ``area`` counts the mask's pixels, ``bbox`` is tight around them.

    Parameters
    ----------
    settings : Settings
    drawing : Drawing
        By default what an upload to Roboflow wants: polygons only.
    root : str
        Where the layout begins in DST; ends with a slash, or is empty.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="Roboflow (upload the folder upload/), and every reader of COCO files",
        loses=(
            "masks only: polygons keep an IoU of 0.99 and a boundary IoU of 0.95, each is in "
            f"{OUTLINES}; holes hang on their ring by a bridge without width; soft alphas wait in "
            f"{SOFT}/ for the labels to come back"
        ),
        tables=(_TABLE, OUTLINES),
        carries_ignore=True,
    )

    def __init__(
        self, settings: Settings, drawing: Drawing = _UPLOAD, root: str = "upload/"
    ) -> None:
        self._classes = settings.classes
        self.categories: Mapping[str, str] = {name: name for name in settings.classes}
        self._drawing = drawing
        self._root = root

    def folder(self, item: Item) -> str | None:
        """Return the split's folder, with its slash."""
        return self._root + _split_folder(item)

    def write(self, picture: Picture) -> Written:
        """Return the image, and a line with its objects."""
        item = picture.item
        image, again = picture.image_file(picture.suffix)
        path = f"{self.folder(item)}{item.rel}"
        shapes = shapes_of(picture, self._classes, self._drawing)
        drawn = [shape for shape in shapes if shape.category != IGNORE]
        unknown = [shape for shape in shapes if shape.category == IGNORE]
        height, width = picture.image.shape[:2]
        line = {
            "folder": self.folder(item),
            "image": {"file_name": item.rel, "width": width, "height": height},
            "objects": [
                *map(annotation, drawn),
                *(entry for shape in unknown for entry in crowds(shape, self._classes)),
            ],
        }
        files, roles = soft_alpha(picture, f"{_split_folder(item)}{item.stem}")
        return Written(
            files={path: image, **files},
            roles={"image": path, **roles},
            lines={_TABLE: msgspec.json.encode(line), **_losses(item, drawn)},
            counts=counted(
                images_encoded_again=again,
                objects=len(drawn),
                polygons=sum(len(shape.rings) for shape in drawn),
                rle=sum(shape.outline is None for shape in drawn),
                alphas_cut=int(picture.mask is None),
            ),
        )

    def annotations(self, picture: Picture) -> bytes:
        """Return a sample's annotations."""
        return named(annotations_of(picture, self._classes, self._drawing))

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write the annotations of each split."""
        folders = sorted(
            {msgspec.json.decode(line, type=_FolderRow).folder for line in lines(_TABLE)}
        )
        for folder in folders:
            rows = partial(_rows, folder, lines)
            yield f"{folder}{ROBOFLOW_NAME}", coco_file(self._classes, rows, _HEAD)


def _split_folder(item: Item) -> str:
    if item.split is None:
        return ""
    return "valid/" if item.split == "val" else f"{side(item)}/"


class _FolderRow(msgspec.Struct):
    folder: str


def _rows(folder: str, lines: Callable[[str], Iterator[bytes]]) -> Iterator[dict[str, Any]]:
    rows = (msgspec.json.decode(line) for line in lines(_TABLE))
    return (row for row in rows if row["folder"] == folder)


def _losses(item: Item, drawn: list[Drawn]) -> dict[str, bytes]:
    rows = [msgspec.json.encode(shape.loss(item.key)) for shape in drawn]
    return {OUTLINES: b"\n".join(rows)} if rows else {}
