"""A dataset's labels as a pycocotools ``COCO`` in memory."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from datakit.notebook.sample import SampleView
from datakit.records.labels import BACKGROUND
from datakit.verbs.shared.coco_objects import coco_image

if TYPE_CHECKING:
    from pycocotools.coco import COCO


def to_coco(samples: Sequence[SampleView], label_map: Mapping[str, int]) -> COCO:
    """Return the samples' masks as COCO annotations, one for each object or class of an image.

    An alpha counts where it is at least one half. The unknown region is a crowd region of every
    class, which COCO's evaluation leaves out.
    """
    from pycocotools.coco import COCO

    names = [name for name in label_map if name != BACKGROUND]
    names = names or sorted({name for one in samples for name in one.row.categories})
    numbers = {name: number for number, name in enumerate(names, 1)}
    document: dict[str, Any] = {
        "images": [],
        "annotations": [],
        "categories": [{"id": number, "name": name} for name, number in numbers.items()],
    }
    for number, sample in enumerate(samples, 1):
        image = coco_image(sample.item, sample.label_map)
        document["images"].append(
            {
                "id": number,
                "file_name": sample.row.file_name or sample.item.source_name,
                "width": image.width,
                "height": image.height,
            }
        )
        for one in image.objects:
            for category in [one.category] if one.category else tuple(numbers):
                ids = {
                    "id": len(document["annotations"]) + 1,
                    "image_id": number,
                    "category_id": numbers.setdefault(category, len(numbers) + 1),
                }
                document["annotations"].append({**ids, **one.annotation(image)})
    document["categories"] = [{"id": value, "name": name} for name, value in numbers.items()]
    coco = COCO()
    coco.dataset = document
    # It prints what it does.
    with redirect_stdout(io.StringIO()):
        coco.createIndex()
    return coco
