"""Labelled objects as shapes: polygons that keep the mask, or runs, for formats of shapes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.masks.contours import bridge_holes
from datakit.core.masks.polygonize import (
    LEAST_BOUNDARY_IOU,
    LEAST_IOU,
    START_PX,
    Outline,
    fit_outline,
)
from datakit.core.masks.rings import Ring
from datakit.core.masks.rle import encode_counts
from datakit.core.masks.runs import placed_counts
from datakit.io.layouts.objects import Object
from datakit.records.outline import Outlining


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """How masks become shapes.

    Attributes
    ----------
    shapes : {"polygon", "rle"}
        Polygons, or runs, which lose nothing.
    holes : {"rle", "bridge"}
        What becomes of an object with holes, which a list of polygons cannot say: runs, or
        polygons whose holes hang on a bridge without width.
    instances : {"class", "component"}
        What one object is: all that a class has in the image, or each connected part of it.
    tolerance_px : float
        Where the search for the tolerance starts; 0: polygons along the pixels' borders.
    least_iou, least_boundary_iou : float
        What the polygons must keep of the mask.
    """

    shapes: Literal["polygon", "rle"] = "polygon"
    holes: Literal["rle", "bridge"] = "rle"
    instances: Literal["class", "component"] = "class"
    tolerance_px: float = START_PX
    least_iou: float = LEAST_IOU
    least_boundary_iou: float = LEAST_BOUNDARY_IOU


MASKS = Drawing(shapes="rle")
"""What a class has in the image as runs, which lose nothing."""


@dataclass(frozen=True)
class Drawn:
    """One object as a shape.

    Attributes
    ----------
    category : str
    mask : (h, w) bool
        The object within its tight box.
    bbox_xywh : tuple of int
        The box, in pixels of the image.
    image_hw : tuple of int
    outline : Outline, optional
        None: the object is written as runs.
    """

    category: str
    mask: npt.NDArray[np.bool_]
    bbox_xywh: tuple[int, int, int, int]
    image_hw: tuple[int, int]
    outline: Outline | None = None

    @property
    def area(self) -> int:
        """The number of the object's pixels, whatever its polygons paint."""
        return int(np.count_nonzero(self.mask))

    @property
    def rings(self) -> list[Ring]:
        """The polygons, one ring per part, holes bridged; none of an object written as runs."""
        return [bridge_holes(part) for part in self.outline.parts] if self.outline else []

    def segmentation(self) -> list[list[float]] | dict[str, Any]:
        """Return COCO's ``segmentation``: flat polygons, or compressed runs with their size."""
        if self.outline is not None:
            return [flat(ring) for ring in self.rings]
        height, width = self.image_hw
        counts = placed_counts(self.mask, self.bbox_xywh[:2], height, width)
        return {"size": [height, width], "counts": encode_counts(counts)}

    def loss(self, sample: str) -> Outlining:
        """Return what the shape has lost of the mask, as a row of a table."""
        outline = self.outline or Outline((), 0.0, 1.0, 1.0)
        return Outlining(
            id=sample,
            category=self.category,
            shape="polygon" if self.outline else "rle",
            points=outline.n_points,
            tolerance_px=outline.tolerance_px,
            iou=outline.iou,
            boundary_iou=outline.boundary_iou,
        )


def draw(objects: Iterable[Object], drawing: Drawing) -> list[Drawn]:
    """Turn the objects of one image into shapes, in their order; parts from the top.

    Raises
    ------
    InputError
        If a mask is too large to trace (see `datakit.core.masks.contours.trace_parts`).
    """
    return [
        _shape(found, crop, box, drawing)
        for found in objects
        for crop, box in _crops(found.mask, drawing.instances)
    ]


def flat(ring: Ring) -> list[float]:
    """Return a ring as COCO's flat list, whole numbers without a point.

    Examples
    --------
    >>> flat(np.array([[1.0, 2.5], [3.0, 4.0]]))
    [1, 2.5, 3, 4]
    """
    return [int(value) if value.is_integer() else value for value in ring.ravel().tolist()]


def _crops(
    mask: npt.NDArray[np.bool_], instances: str
) -> Iterator[tuple[npt.NDArray[np.bool_], tuple[int, int, int, int]]]:
    pixels = mask.view(np.uint8)
    if instances == "class":
        x, y, width, height = cv2.boundingRect(pixels)
        if width:
            yield mask[y : y + height, x : x + width], (x, y, width, height)
        return
    count, labels, stats, _ = cv2.connectedComponentsWithStats(pixels, connectivity=8)
    for number in range(1, count):
        x, y, width, height = (int(value) for value in stats[number, :4])
        yield labels[y : y + height, x : x + width] == number, (x, y, width, height)


def _shape(
    found: Object,
    crop: npt.NDArray[np.bool_],
    box: tuple[int, int, int, int],
    drawing: Drawing,
) -> Drawn:
    height, width = found.mask.shape
    outline = None
    if drawing.shapes == "polygon" and not (drawing.holes == "rle" and _has_holes(crop)):
        outline = fit_outline(
            crop,
            origin_xy=box[:2],
            image_hw=(height, width),
            least_iou=drawing.least_iou,
            least_boundary_iou=drawing.least_boundary_iou,
            start_px=drawing.tolerance_px,
        )
    return Drawn(found.category, crop, box, (height, width), outline)


def _has_holes(crop: npt.NDArray[np.bool_]) -> bool:
    """Tell whether background is enclosed, seen as `datakit.core.masks.contours` sees it."""
    around = np.pad(~crop, 1, constant_values=True).view(np.uint8)
    count, _ = cv2.connectedComponents(around, connectivity=4)
    return int(count) > 2
