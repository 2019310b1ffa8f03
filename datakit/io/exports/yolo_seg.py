"""``yolo-seg``: images, polygons as text, and ``data.yaml``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from datakit.core.masks.contours import bridge_holes, trace_parts
from datakit.io.layouts.base import Item
from datakit.io.layouts.objects import objects_of
from datakit.io.layouts.picture import JPEG, Picture, counted, side
from datakit.io.layouts.writer import Facts, Settings, Written

_KEPT = JPEG | {".png"}
_KNOWN_SPLITS = ("train", "val", "test")


class YoloSeg:
    """``images/SPLIT/NAME.jpg``, ``labels/SPLIT/NAME.txt``, ``data.yaml``.

    A line of a label is ``class x1 y1 x2 y2 …``, a ring along the borders of the pixels, as shares
    of width and height. A label without lines says that nothing is there.
    """

    FACTS: ClassVar[Facts] = Facts(
        reader="YOLO segmentation trainings (Ultralytics)",
        loses=(
            "masks only: an alpha is cut at one half where there is no mask; each part of an "
            "object is a line, and holes hang on their ring by a bridge without width"
        ),
    )

    def __init__(self, settings: Settings) -> None:
        self._classes = settings.classes
        self._splits = sorted({split or "train" for split in settings.splits})

    def folder(self, item: Item) -> str | None:
        """Return the folder of a split's images."""
        return f"images/{side(item)}"

    def write(self, picture: Picture) -> Written:
        """Return image and label."""
        suffix = picture.suffix if picture.suffix in _KEPT else ".png"
        image, again = picture.image_file(suffix)
        height, width = picture.image.shape[:2]
        rows = []
        for found in objects_of(picture, self._classes):
            number = self._classes.index(found.category)
            for part in trace_parts(found.mask):
                ring = bridge_holes(part) / (width, height)
                rows.append(f"{number} " + " ".join(f"{value:.6f}" for value in ring.ravel()))
        names = {
            "image": f"images/{side(picture.item)}/{picture.name}{suffix}",
            "label": f"labels/{side(picture.item)}/{picture.name}.txt",
        }
        text = "".join(f"{row}\n" for row in rows)
        return Written(
            files={names["image"]: image, names["label"]: text.encode()},
            roles={"image": names["image"]},
            counts=counted(
                images_encoded_again=again,
                polygons=len(rows),
                alphas_cut=int(picture.mask is None),
            ),
        )

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Write ``data.yaml``."""
        # JSON strings are YAML strings, whatever a class is called.
        text = ["path: .\n"]
        text += [f"{name}: images/{name}\n" for name in _KNOWN_SPLITS if name in self._splits]
        text += [f"nc: {len(self._classes)}\n", "names:\n"]
        text += [f"  {n}: {json.dumps(name)}\n" for n, name in enumerate(self._classes)]
        yield "data.yaml", [line.encode() for line in text]
