"""Shapes on the canvas of one image: polygons and runs, painted over one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from datakit.core.images.orientation import oriented_wh
from datakit.core.masks.painting import order_by_area, paint_labels
from datakit.core.masks.polygons import polygon_counts_each, polygon_spans
from datakit.core.masks.runs import Counts, unite_sorted
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.records.labels import IGNORED, Ring, Role
from datakit.records.probe import Probe

Boxes = Literal["skip", "paint"]

_BATCH = 1 << 15
"""Shapes that are drawn at once: drawing takes 800 bytes for a shape of four points meanwhile."""


Rule = Literal["union", "evenodd"]


Overlap = Literal["area", "order"]


@dataclass(frozen=True, slots=True)
class Shape:
    """A valid object on its canvas: polygons, or column-major runs.

    Attributes
    ----------
    annotation : str
        The id of the annotation in the source, of its first part when there are several.
    category : str
    rings : tuple of (N, 2) float64
        Empty when the shape is given by ``counts``.
    counts : array, optional
        Column-major runs.
    role : {"object", "background", "ignore"}
    instance : str, optional
    z_order : int
    score : float, optional
        A model's confidence.
    """

    annotation: str
    category: str
    rings: tuple[Ring, ...]
    counts: Counts | None
    role: Role = "object"
    instance: str | None = None
    z_order: int = 0
    score: float | None = None


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
    if item.shown and stated == facts.stored_wh:
        return facts.size_wh, 1
    if stated == facts.stored_wh and oriented_wh(stated, facts.orientation) == facts.size_wh:
        return stated, facts.orientation
    raise InputError(
        f"{item.source_name}: expected the {stated[0]} x {stated[1]} pixels that its annotations "
        f"are for, found {facts.size_wh[0]} x {facts.size_wh[1]}; export again with these images"
    )


def flat_rings(shapes: Iterable[Shape]) -> tuple[list[Ring], list[int]]:
    """Return the rings of the polygon shapes and, for each, the number of its shape among these."""
    polygons = [shape for shape in shapes if shape.counts is None]
    rings = [ring for shape in polygons for ring in shape.rings]
    owners = [number for number, shape in enumerate(polygons) for _ in shape.rings]
    return rings, owners


def shape_counts(shapes: Sequence[Shape], height: int, width: int, rule: Rule) -> list[Counts]:
    """Return the column-major runs of each shape, in the order of the shapes."""
    found: list[Counts] = []
    for batch in _batches(shapes):
        rings, owners = flat_rings(batch)
        painted = iter(polygon_counts_each(rings, owners, height, width, rule))
        found += [next(painted) if shape.counts is None else shape.counts for shape in batch]
    return found


def united_spans(
    shapes: Sequence[Shape], height: int, width: int, rule: Rule
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the spans of all polygons together, as `datakit.core.masks.span_mask` takes them."""
    starts = ends = np.empty(0, np.int64)
    for batch in _batches(shapes):
        rings, owners = flat_rings(batch)
        more = polygon_spans(rings, height, width, rule, owners)
        # Sorted where they are: of a million shapes each copy is tens of megabytes.
        starts, ends = np.concatenate([starts, more[0]]), np.concatenate([ends, more[1]])
        starts.sort()
        ends.sort()
        starts, ends = unite_sorted(starts, ends)
    return starts, ends


def _batches(shapes: Sequence[Shape]) -> Iterator[Sequence[Shape]]:
    return (shapes[first : first + _BATCH] for first in range(0, len(shapes), _BATCH))


def paint(
    shapes: Sequence[Shape],
    values: Sequence[int],
    canvas_wh: tuple[int, int],
    rule: Rule,
    overlap: Overlap,
) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """Paint shapes over one another: by z-order, then the smaller on top, or in given order.

    Parameters
    ----------
    values : sequence of int
        Of each shape; a shape of role "background" takes 0 and erases.

    Returns
    -------
    (H, W) uint8, or uint16 when a value needs it
    """
    width, height = canvas_wh
    objects = shape_counts(shapes, height, width, rule)
    order = order_by_area(objects) if overlap == "area" else list(range(len(objects)))
    z_orders = [shape.z_order for shape in shapes]
    order.sort(key=z_orders.__getitem__)
    painted = [objects[number] for number in order]
    painted_values = [values[number] for number in order]
    if max(values, default=0) > IGNORED:
        return paint_labels(painted, painted_values, height, width, np.uint16)
    return paint_labels(painted, painted_values, height, width, np.uint8)
