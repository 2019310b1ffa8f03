"""The annotations of one image as shapes on its canvas, and the reasons for those that are none."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np

from datakit.core.images.orientation import oriented_wh
from datakit.core.masks.polygons import polygon_counts_each
from datakit.core.masks.rings import check_rings
from datakit.core.masks.rle import rle_to_counts
from datakit.core.masks.runs import Counts
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.coco_annotations import Annotation, Ring, read_annotations
from datakit.records.failure import Failure
from datakit.records.probe import Probe

Boxes = Literal["skip", "paint"]
Rule = Literal["union", "evenodd"]


@dataclass(frozen=True, slots=True)
class Shape:
    """A valid annotation on its canvas: polygons, or column-major runs."""

    annotation: str
    category: str
    rings: tuple[Ring, ...]
    counts: Counts | None


def read_shapes(
    item: Item,
    canvas_wh: tuple[int, int],
    *,
    boxes: Boxes = "skip",
    classes: Collection[str] | None = None,
) -> tuple[list[Shape], list[Failure]]:
    """Return what can be painted, and a failure for each annotation that must not be.

    Parameters
    ----------
    item : Item
        Its ``annotations`` and ``categories`` are read.
    canvas_wh : tuple of int
        The size that the coordinates are for (see `canvas_of`).
    boxes : {"skip", "paint"}
        What becomes of an annotation that has a box and no outline.
    classes : collection of str, optional
        Only these; all when None.
    """
    shapes: list[Shape] = []
    failures: list[Failure] = []
    for annotation in read_annotations(item.annotations or b"[]"):
        try:
            category = _category(annotation, item)
            if classes is None or category in classes:
                shape = _shape(annotation, category, canvas_wh, boxes)
                shapes.extend([shape] if shape else [])
        except InputError as error:
            failures.append(
                Failure(
                    id=item.key,
                    file=item.source_name,
                    step="annotation",
                    error=str(error),
                    annotation=annotation.id,
                    path=f"$.annotations[?(@.id=={annotation.id})]",
                )
            )
    return shapes, failures


def canvas_of(item: Item, facts: Probe) -> tuple[tuple[int, int], int]:
    """Return the size that the annotations speak of, and how their mask is then turned.

    Most tools annotate the picture as shown. Some write the size as stored: then the mask is drawn
    there and turned with the picture.

    Raises
    ------
    InputError
        For any other size: the annotations are somebody else's picture's.
    """
    stated = item.stated_wh
    if stated is None or stated == facts.size_wh:
        return facts.size_wh, 1
    if stated == facts.stored_wh and oriented_wh(stated, facts.orientation) == facts.size_wh:
        return stated, facts.orientation
    raise InputError(
        f"{item.source_name}: expected the {stated[0]} x {stated[1]} pixels that its annotations "
        f"are for, found {facts.size_wh[0]} x {facts.size_wh[1]}; export again with these images"
    )


def flat_rings(shapes: list[Shape]) -> tuple[list[Ring], list[int]]:
    """Return the rings of the polygon shapes and, for each, the number of its shape among these."""
    polygons = [shape for shape in shapes if shape.counts is None]
    rings = [ring for shape in polygons for ring in shape.rings]
    owners = [number for number, shape in enumerate(polygons) for _ in shape.rings]
    return rings, owners


def shape_counts(shapes: list[Shape], height: int, width: int, rule: Rule) -> list[Counts]:
    """Return the column-major runs of each shape, in the order of the shapes."""
    rings, owners = flat_rings(shapes)
    painted = iter(polygon_counts_each(rings, owners, height, width, rule))
    return [next(painted) if shape.counts is None else shape.counts for shape in shapes]


def _category(annotation: Annotation, item: Item) -> str:
    if annotation.problem:
        raise InputError(annotation.problem)
    if annotation.category_id not in item.categories:
        known = ", ".join(item.categories) or "none"
        raise InputError(
            f"category_id {annotation.category_id}: expected one of the categories ({known})"
        )
    return item.categories[annotation.category_id]


def _shape(
    annotation: Annotation, category: str, canvas_wh: tuple[int, int], boxes: Boxes
) -> Shape | None:
    width, height = canvas_wh
    if annotation.rle:
        if annotation.rle.size != (height, width):
            raise InputError(
                f"RLE: expected size [{height}, {width}] of the image, "
                f"found {list(annotation.rle.size)}"
            )
        counts = rle_to_counts(annotation.rle.counts, height, width)
        return Shape(annotation.id, category, (), counts)
    rings = annotation.rings
    if not rings:
        if boxes == "skip":
            return None
        rings = (_box_ring(annotation),)
    if problem := check_rings(rings, width, height, annotation.bbox_xywh):
        raise InputError(problem)
    return Shape(annotation.id, category, rings, None)


def _box_ring(annotation: Annotation) -> Ring:
    if annotation.bbox_xywh is None:
        raise InputError("neither a segmentation nor a bbox; draw one or drop the annotation")
    x, y, width, height = annotation.bbox_xywh
    return np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], np.float64)
