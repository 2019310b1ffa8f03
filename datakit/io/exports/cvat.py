"""``cvat``: CVAT for images 1.1, each object a mask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar
from xml.sax.saxutils import escape, quoteattr

import msgspec

from datakit.core.masks.row_runs import encode_rows
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.drawn import MASKS, Drawn, draw
from datakit.io.layouts.objects import objects_of
from datakit.io.layouts.picture import Picture, side
from datakit.io.layouts.tool_files import SOFT, image_name, written
from datakit.io.layouts.writer import Facts, Settings, Written

_TABLE = ".cvat"
_FIRST_PRINTABLE = 32


class Cvat:
    """``images/SPLIT/NAME.jpg`` and ``annotations.xml``: upload both as "CVAT 1.1".

    A class is a label of the task, an object a mask shape; nothing of a mask is lost.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="CVAT (import as CVAT 1.1)",
        loses=f"masks only: soft alphas wait in {SOFT}/ for the labels to come back",
        tables=(_TABLE,),
    )

    def __init__(self, settings: Settings) -> None:
        self._classes = settings.classes
        for name in self._classes:
            if any(ord(character) < _FIRST_PRINTABLE for character in name):
                raise InputError(
                    f"class {name!r}: expected printable characters, which XML can hold; "
                    "rename the class"
                )

    def folder(self, item: Item) -> str | None:
        """Return the folder of a split's images."""
        return f"images/{side(item)}"

    def write(self, picture: Picture) -> Written:
        """Return image and alpha, and the image's element."""
        drawn = draw(objects_of(picture, self._classes), MASKS)
        height, width = picture.image.shape[:2]
        row = {
            "name": image_name(picture),
            "width": width,
            "height": height,
            "masks": "".join(_mask(shape) for shape in drawn),
        }
        return written(
            picture,
            "images/",
            lines={_TABLE: msgspec.json.encode(row)},
            counts={"objects": len(drawn)},
        )

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write ``annotations.xml``."""
        yield "annotations.xml", self._document(lines)

    def _document(self, lines: Callable[[str], Iterator[bytes]]) -> Iterator[bytes]:
        labels = "".join(
            f"<label><name>{escape(name)}</name><type>mask</type><attributes></attributes></label>"
            for name in self._classes
        )
        yield (
            '<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version>'
            f"<meta><task><labels>{labels}</labels></task></meta>\n"
        ).encode()
        for number, line in enumerate(lines(_TABLE)):
            row = msgspec.json.decode(line)
            yield (
                f'<image id="{number}" name={quoteattr(row["name"])} width="{row["width"]}" '
                f'height="{row["height"]}">{row["masks"]}</image>\n'
            ).encode()
        yield b"</annotations>\n"


def _mask(shape: Drawn) -> str:
    left, top, width, height = shape.bbox_xywh
    runs = ", ".join(map(str, encode_rows(shape.mask)))
    return (
        f'<mask label={quoteattr(shape.category)} source="auto" occluded="0" rle="{runs}" '
        f'left="{left}" top="{top}" width="{width}" height="{height}" z_order="0"></mask>'
    )
