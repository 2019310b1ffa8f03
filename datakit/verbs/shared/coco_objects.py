"""The objects of one image as COCO knows them: runs, box and area, and a model's confidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from datakit.core.images.orientation import orient
from datakit.core.masks.foreground import foreground
from datakit.core.masks.rle import encode_counts
from datakit.core.masks.runs import counts_area, counts_bounds, counts_to_mask, mask_to_counts
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import decode_ignored, decode_label
from datakit.io.pixels.decoders import decode_alpha
from datakit.io.pixels.native import probe
from datakit.records.failure import Failure
from datakit.records.labels import BACKGROUND, is_binary, only_class
from datakit.verbs.shared.image_label import LabelRules, read_label
from datakit.verbs.shared.labelled import image_bytes
from datakit.verbs.shared.shapes import canvas_of, shape_counts

Mask = npt.NDArray[Any]


class CocoObject(NamedTuple):
    """An object of an image.

    Parameters
    ----------
    category : str
        Its class; empty for a region of every class.
    counts : str
        Compressed column-major runs of its pixels.
    area_px : int
    bbox_xywh : tuple of int
    crowd : bool
        A region that an evaluation leaves out: a crowd, or the unknown region.
    score : float, optional
        A model's confidence.
    """

    category: str
    counts: str
    area_px: int
    bbox_xywh: tuple[int, int, int, int]
    crowd: bool = False
    score: float | None = None

    def annotation(self, image: CocoImage) -> dict[str, Any]:
        """Return it as an annotation without ids, with its score where it has one."""
        found: dict[str, Any] = {
            "segmentation": {"size": [image.height, image.width], "counts": self.counts},
            "area": self.area_px,
            "bbox": list(self.bbox_xywh),
            "iscrowd": int(self.crowd),
        }
        return found if self.score is None else {**found, "score": self.score}


class CocoImage(NamedTuple):
    """An image's size as shown, its objects, and what of them could not be drawn."""

    width: int
    height: int
    objects: tuple[CocoObject, ...]
    failures: tuple[Failure, ...] = ()


def coco_image(item: Item, label_map: Mapping[str, int]) -> CocoImage:
    """Return an image's objects on the picture as it is shown.

    A mask of classes is one object for each class, an alpha one where it is at least one half.
    The unknown region is a crowd of every class.

    Parameters
    ----------
    item : Item
    label_map : mapping
        Class name -> value in the item's mask.

    Raises
    ------
    InputError
        If the item has no mask, alpha, ignore mask or annotations, or they cannot be read.
    """
    if item.annotations is not None:
        return _drawn(item)
    ignored = decode_ignored(item)
    if item.mask is not None:
        mask = decode_label(item, "mask", item.mask)
        found = _of_mask(mask, item, label_map)
    elif item.alpha is not None:
        mask = decode_alpha(item.alpha.read(), item.alpha.name) >= 0.5
        found = [_encoded(_only_class(item, label_map), mask)]
    elif ignored is not None:
        # Nothing on it could be drawn: only where something is, is known.
        mask, found = np.zeros(ignored.shape, bool), []
    else:
        raise InputError(f"{item.source_name}: expected a mask or objects, found none")
    if ignored is not None:
        found.append(_encoded("", ignored > 0, crowd=True))
    height, width = mask.shape
    return CocoImage(width, height, tuple(one for one in found if one.area_px))


def _of_mask(mask: Mask, item: Item, label_map: Mapping[str, int]) -> list[CocoObject]:
    instances = item.sample.instances if item.sample else ()
    if instances:
        return [_encoded(one.category, mask == one.id) for one in instances]
    if is_binary(label_map):
        return [_encoded(_only_class(item, label_map), foreground(mask))]
    classes = {name: value for name, value in label_map.items() if name != BACKGROUND}
    return [_encoded(name, mask == value) for name, value in classes.items()]


def _only_class(item: Item, label_map: Mapping[str, int]) -> str:
    return only_class(label_map, item.sample.categories if item.sample else ())


def _drawn(item: Item) -> CocoImage:
    facts = probe(image_bytes(item), item.source_name)
    canvas_wh, turn = canvas_of(item, facts)
    known = read_label(item, canvas_wh, LabelRules(crowds="ignore"))
    width, height = canvas_wh
    cut = np.zeros((height, width), bool)
    for runs in shape_counts(known.cuts, height, width, "union"):
        cut |= counts_to_mask(runs, height, width) > 0
    found = []
    for shapes, crowd in ((known.objects, False), (known.ignored, True)):
        for shape, runs in zip(shapes, shape_counts(shapes, height, width, "union"), strict=True):
            pixels = counts_to_mask(runs, height, width).astype(bool) & ~cut
            one = _encoded(shape.category, orient(pixels, turn), crowd=crowd)
            found.append(one._replace(score=shape.score))
    unknown = np.zeros((height, width), bool)
    for x0, y0, x1, y1 in known.unknown:
        unknown[y0:y1, x0:x1] = True
    found.append(_encoded("", orient(unknown, turn), crowd=True))
    shown = tuple(one for one in found if one.area_px)
    return CocoImage(*facts.size_wh, shown, tuple(known.failures))


def _encoded(category: str, mask: Mask, *, crowd: bool = False) -> CocoObject:
    height = mask.shape[0]
    counts = mask_to_counts(mask)
    x0, y0, x1, y1 = counts_bounds(counts, height) or (0, 0, 0, 0)
    box = (x0, y0, x1 - x0, y1 - y0)
    return CocoObject(category, encode_counts(counts), counts_area(counts), box, crowd)
