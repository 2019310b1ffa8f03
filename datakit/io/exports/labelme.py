"""``labelme``: a JSON beside each image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

import msgspec

from datakit.io.layouts.base import Item
from datakit.io.layouts.drawn import Drawing, Drawn, draw
from datakit.io.layouts.objects import objects_of
from datakit.io.layouts.picture import Picture, side
from datakit.io.layouts.tool_files import SOFT, image_name, written
from datakit.io.layouts.writer import Facts, Settings, Written

VERSION = "5.2.1"
"""The labelme whose files these are; later ones read them."""

_SHAPES = Drawing(holes="bridge")


class LabelMe:
    """``SPLIT/NAME.jpg`` with ``SPLIT/NAME.json``: open the folder in labelme.

    A part of an object is a polygon; the parts of one object share a group id.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="labelme (open the folder)",
        loses=(
            "masks only: polygons keep an IoU of 0.99 and a boundary IoU of 0.95, holes hang on "
            f"their ring by a bridge without width; soft alphas wait in {SOFT}/ for the labels to "
            "come back"
        ),
    )

    def __init__(self, settings: Settings) -> None:
        self._classes = settings.classes

    def folder(self, item: Item) -> str | None:
        """Return the split's folder."""
        return side(item)

    def write(self, picture: Picture) -> Written:
        """Return image, JSON and alpha."""
        drawn = draw(objects_of(picture, self._classes), _SHAPES)
        height, width = picture.image.shape[:2]
        name = image_name(picture)
        document: dict[str, Any] = {
            "version": VERSION,
            "flags": {},
            "shapes": [
                entry for number, shape in enumerate(drawn, 1) for entry in _polygons(shape, number)
            ],
            "imagePath": name.rpartition("/")[2],
            "imageData": None,
            "imageHeight": height,
            "imageWidth": width,
            # labelme keeps what it does not know: so the label finds its image again.
            "sha256": picture.row.source.sha256,
        }
        text = msgspec.json.format(msgspec.json.encode(document), indent=2)
        return written(
            picture,
            "",
            files={f"{name.rpartition('.')[0]}.json": text + b"\n"},
            counts={"objects": len(drawn)},
        )

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write nothing more."""
        yield from ()


def _polygons(shape: Drawn, number: int) -> Iterator[dict[str, Any]]:
    rings = shape.rings
    for ring in rings:
        yield {
            "label": shape.category,
            "points": ring.tolist(),
            "group_id": number if len(rings) > 1 else None,
            "description": "",
            "shape_type": "polygon",
            "flags": {},
        }
