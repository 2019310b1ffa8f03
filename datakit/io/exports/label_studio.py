"""``label-studio``: tasks with predictions, and the labeling interface that shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import msgspec

from datakit.core.masks.brush_rle import encode_brush
from datakit.core.masks.contours import bridge_holes
from datakit.core.masks.runs import counts_to_mask, placed_counts
from datakit.io.layouts.base import Item
from datakit.io.layouts.drawn import Drawing, Drawn, draw
from datakit.io.layouts.objects import objects_of
from datakit.io.layouts.picture import Picture, side
from datakit.io.layouts.tool_files import SOFT, image_name, written
from datakit.io.layouts.writer import Facts, Settings, Written

LOCAL_FILES = "/data/local-files/?d="
"""Label Studio's address of a file below LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT."""

_TABLE = ".label-studio"
_SHAPES = Drawing(holes="rle")


class LabelStudio:
    """``images/SPLIT/NAME.jpg``, ``tasks.json`` and ``config.xml``.

    An object without holes is a polygon for each of its parts, in percent of the picture; one with
    holes, which Label Studio's polygons cannot have, is a brush mask. Serve the folder as local
    storage, paste ``config.xml`` into the labeling interface, and import ``tasks.json``.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="Label Studio (tasks with predictions)",
        loses=(
            "masks only: polygons keep an IoU of 0.99 and a boundary IoU of 0.95, objects with "
            f"holes are lossless brush masks; soft alphas wait in {SOFT}/ for the labels to come "
            "back"
        ),
        tables=(_TABLE,),
    )

    def __init__(self, settings: Settings) -> None:
        self._classes = settings.classes

    def folder(self, item: Item) -> str | None:
        """Return the folder of a split's images."""
        return f"images/{side(item)}"

    def write(self, picture: Picture) -> Written:
        """Return image and alpha, and the task."""
        drawn = draw(objects_of(picture, self._classes), _SHAPES)
        result = [region for shape in drawn for region in _regions(shape)]
        for number, region in enumerate(result, 1):
            region["id"] = f"region{number}"
        path = f"images/{image_name(picture)}"
        task = {
            "data": {"image": LOCAL_FILES + quote(path)},
            "meta": {"id": picture.item.key, "sha256": picture.row.source.sha256},
            "predictions": [{"model_version": "datakit", "result": result}],
        }
        return written(
            picture,
            "images/",
            lines={_TABLE: msgspec.json.encode(task)},
            counts={"objects": len(drawn)},
        )

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write the tasks and the interface."""
        yield "tasks.json", _array(lines(_TABLE))
        yield "config.xml", [self._interface().encode()]

    def _interface(self) -> str:
        labels = "".join(f"<Label value={quoteattr(name)}/>" for name in self._classes)
        return (
            '<View>\n  <Image name="image" value="$image" zoom="true"/>\n'
            f'  <PolygonLabels name="polygon" toName="image">{labels}</PolygonLabels>\n'
            f'  <BrushLabels name="brush" toName="image">{labels}</BrushLabels>\n</View>\n'
        )


def _array(rows: Iterable[bytes]) -> Iterator[bytes]:
    yield b"["
    for number, row in enumerate(rows):
        yield (b",\n" if number else b"\n") + row.rstrip(b"\n")
    yield b"\n]\n"


def _regions(shape: Drawn) -> Iterator[dict[str, Any]]:
    height, width = shape.image_hw
    shared = {
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
    }
    if shape.outline is None:
        counts = placed_counts(shape.mask, shape.bbox_xywh[:2], height, width)
        code = encode_brush(counts_to_mask(counts, height, width))
        value: dict[str, Any] = {"format": "rle", "rle": code, "brushlabels": [shape.category]}
        yield {"from_name": "brush", "type": "brushlabels", **shared, "value": value}
        return
    for part in shape.outline.parts:
        percent = bridge_holes(part) * (100 / width, 100 / height)
        value = {"points": percent.tolist(), "closed": True, "polygonlabels": [shape.category]}
        yield {"from_name": "polygon", "type": "polygonlabels", **shared, "value": value}
