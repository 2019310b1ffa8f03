"""``coco``: images and one ``instances_SPLIT.json`` a split, masks as lossless RLE."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, ClassVar

import msgspec

from datakit.io.layouts.base import Item
from datakit.io.layouts.coco_file import annotation, coco_file
from datakit.io.layouts.drawn import MASKS, draw
from datakit.io.layouts.objects import objects_of
from datakit.io.layouts.picture import JPEG, Picture, counted, side
from datakit.io.layouts.writer import Facts, Settings, Written

_TABLE = ".coco"
_KEPT = JPEG | {".png"}


class Coco:
    """``images/SPLIT/NAME.jpg`` and ``annotations/instances_SPLIT.json``.

    Objects are compressed RLE with ``iscrowd`` 0: any shape, holes and parts too, to the pixel.
    ``area`` counts the mask's pixels, ``bbox`` is [x, y, width, height]. Ids start at 1.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="the COCO API, detection and segmentation toolboxes",
        loses="masks only: an alpha is cut at one half where there is no mask",
        tables=(_TABLE,),
    )

    def __init__(self, settings: Settings) -> None:
        self._classes = settings.classes

    def folder(self, item: Item) -> str | None:
        """Return the folder of a split's images."""
        return f"images/{side(item)}"

    def write(self, picture: Picture) -> Written:
        """Return the image, and a line with its objects."""
        suffix = picture.suffix if picture.suffix in _KEPT else ".png"
        image, again = picture.image_file(suffix)
        file_name = f"{picture.name}{suffix}"
        height, width = picture.image.shape[:2]
        line = {
            "split": side(picture.item),
            "image": {"file_name": file_name, "width": width, "height": height},
            "objects": [
                annotation(shape) for shape in draw(objects_of(picture, self._classes), MASKS)
            ],
        }
        path = f"{self.folder(picture.item)}/{file_name}"
        return Written(
            files={path: image},
            roles={"image": path},
            lines={_TABLE: msgspec.json.encode(line)},
            counts=counted(
                images_encoded_again=again,
                objects=len(line["objects"]),
                alphas_cut=int(picture.mask is None),
            ),
        )

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write the annotations of each split."""
        splits = sorted({msgspec.json.decode(line)["split"] for line in lines(_TABLE)})
        for split in splits:
            rows = partial(_rows, split, lines)
            yield f"annotations/instances_{split}.json", coco_file(self._classes, rows)


def _rows(split: str, lines: Callable[[str], Iterator[bytes]]) -> Iterator[dict[str, Any]]:
    rows = (msgspec.json.decode(line) for line in lines(_TABLE))
    return (row for row in rows if row["split"] == split)
