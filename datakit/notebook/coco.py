"""A dataset's labels as a pycocotools ``COCO`` in memory."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from datakit.core.masks.rle import encode_counts
from datakit.core.masks.runs import counts_area, counts_bounds, mask_to_counts
from datakit.notebook.sample import SampleView
from datakit.records.labels import BACKGROUND

if TYPE_CHECKING:
    from pycocotools.coco import COCO


def to_coco(samples: Sequence[SampleView], label_map: Mapping[str, int]) -> COCO:
    """Return the samples' masks as COCO annotations, one for each object or class of an image.

    An alpha counts where it is at least one half. What nobody knows is a crowd region of every
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
        document["images"].append(
            {
                "id": number,
                "file_name": sample.row.file_name or sample.item.source_name,
                "width": sample.row.width,
                "height": sample.row.height,
            }
        )
        for category, mask, crowd in _objects(sample, tuple(numbers)):
            numbers.setdefault(category, len(numbers) + 1)
            document["annotations"].append(
                _annotation(
                    len(document["annotations"]) + 1, number, numbers[category], mask, crowd=crowd
                )
            )
    document["categories"] = [{"id": value, "name": name} for name, value in numbers.items()]
    coco = COCO()
    coco.dataset = document
    # It prints what it does.
    with redirect_stdout(io.StringIO()):
        coco.createIndex()
    return coco


def _objects(
    sample: SampleView, classes: tuple[str, ...]
) -> Iterator[tuple[str, npt.NDArray[np.bool_], bool]]:
    """Yield (class, (H, W) bool, whether it is a crowd) of an image."""
    mask = sample.mask
    if mask is None and sample.alpha is not None:
        mask = sample.alpha >= 0.5
    if mask is not None:
        if sample.row.instances:
            found = [(one.category, mask == one.id) for one in sample.row.instances]
        elif mask.dtype == np.bool_:
            found = [(name, mask) for name in classes[:1]]
        else:
            found = [(name, mask == sample.label_map[name]) for name in classes]
        yield from ((name, inside, False) for name, inside in found if inside.any())
    if sample.ignore is not None:
        yield from ((name, sample.ignore, True) for name in classes)


def _annotation(
    number: int, image: int, category: int, mask: npt.NDArray[np.bool_], *, crowd: bool
) -> dict[str, Any]:
    height, width = mask.shape
    counts = mask_to_counts(mask)
    x0, y0, x1, y1 = counts_bounds(counts, height) or (0, 0, 0, 0)
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "segmentation": {"size": [height, width], "counts": encode_counts(counts)},
        "area": counts_area(counts),
        "bbox": [x0, y0, x1 - x0, y1 - y0],
        "iscrowd": int(crowd),
    }
