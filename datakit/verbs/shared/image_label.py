"""The label state of one image: what is painted, what is unknown, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from math import ceil, floor, inf, isfinite
from typing import Literal

import numpy as np
import numpy.typing as npt

from datakit.core.masks.polygons import polygon_counts_each
from datakit.core.masks.rings import MIN_POINTS, check_rings, ring_bounds, tolerance_px
from datakit.core.masks.rle import rle_to_counts
from datakit.core.masks.runs import (
    Counts,
    counts_bounds,
    counts_to_mask,
    mask_to_counts,
    union_counts,
)
from datakit.errors import InputError
from datakit.io.layouts import READERS
from datakit.io.layouts.base import Item
from datakit.records.failure import Failure
from datakit.records.labels import IGNORED, Box, ClassRules, LabelObject, LabelState, Ring, Role
from datakit.verbs.shared.packed_shapes import PackedShapes
from datakit.verbs.shared.shapes import Boxes, Rule, Shape, shape_counts

_TOLERATE = "draw it again; if the outline is right, coco2mask takes it with a larger --tolerance"
_DRAW_AGAIN = "draw it again or drop the annotation"

SMALLEST_NORMALISED_PX = 8
"""In smaller pictures an outline of one pixel is believed."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a shape may leave the image, or the box stated beside it, and still be believed.

    Parameters
    ----------
    text : str, optional
        Pixels (``3``, ``3px``) or a share of the longer side (``1%``); when None,
        `datakit.core.masks.rings.tolerance_px` decides.

    Raises
    ------
    InputError
        If the text is neither.

    Examples
    --------
    >>> Tolerance("1%").px(640, 480), Tolerance("3").px(640, 480), Tolerance().px(100, 100)
    (6.4, 3.0, 2.0)
    """

    text: str | None = None

    def __post_init__(self) -> None:
        self.px(1, 1)

    def px(self, width: int, height: int) -> float:
        """Return the tolerance in pixels, for an image of this size."""
        if self.text is None:
            return tolerance_px(width, height)
        number = self.text.removesuffix("px").removesuffix("%")
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if not 0 <= value < float("inf"):
            raise InputError(f"--tolerance: expected 3 (pixels) or 1%, got {self.text!r}")
        return value / 100 * max(width, height) if self.text.endswith("%") else value


@dataclass(frozen=True)
class ImageLabel:
    """What is known of one image.

    Attributes
    ----------
    canvas_wh : tuple of int
        The size that the shapes are drawn on.
    shapes : PackedShapes
        To be painted; those of role "background" cut what lies under them.
    ignored : list of Shape
        Regions drawn as unknown, and crowds where objects are distinguished.
    unknown : list of box
        Bounds (x0, y0, x1, y1 in whole pixels) of objects that are there and cannot be drawn.
    failures : list of Failure
    state : {"complete", "partial", "none"}
    refused : int
        Objects that are there and whose shape or class cannot be believed.
    """

    canvas_wh: tuple[int, int]
    shapes: PackedShapes = field(default_factory=PackedShapes)
    ignored: list[Shape] = field(default_factory=list)
    unknown: list[tuple[int, int, int, int]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    state: LabelState = "complete"
    refused: int = 0

    @property
    def objects(self) -> list[Shape]:
        """The shapes that are objects of a class."""
        return self._of("object")

    @property
    def cuts(self) -> list[Shape]:
        """The shapes that are background, drawn over objects."""
        return self._of("background")

    def _of(self, role: Role) -> list[Shape]:
        kinds = enumerate(self.shapes.kinds)
        return [self.shapes[number] for number, kind in kinds if kind.role == role]

    @property
    def categories(self) -> Counter[str]:
        """How many objects each class has, in the order of their first ones."""
        return Counter(kind.category for kind in self.shapes.kinds if kind.role == "object")

    @property
    def is_blank(self) -> bool:
        """Whether nothing is painted although something is there, or the image is not labelled."""
        return self.state == "none" or (self.state == "partial" and not self.categories)

    def ignore_mask(self, rule: Rule = "union") -> npt.NDArray[np.uint8] | None:
        """Return (H, W) uint8, 255 where the label is unknown; None when all is known."""
        if not self.ignored and not self.unknown:
            return None
        width, height = self.canvas_wh
        mask = np.zeros((height, width), np.uint8)
        if self.ignored:
            counts = union_counts(shape_counts(self.ignored, height, width, rule), height * width)
            mask = counts_to_mask(counts, height, width, IGNORED)
        for x0, y0, x1, y1 in self.unknown:
            mask[y0:y1, x0:x1] = IGNORED
        return mask if mask.any() else None


@dataclass(frozen=True, kw_only=True)
class LabelRules:
    """How objects become a label; see ``datakit coco2mask --help``.

    Attributes
    ----------
    classes : collection of str, optional
        Classes that take part; all when None. Objects of others are nobody's concern here.
    known : collection of str, optional
        Classes that the target has: an object of another one is a failure. All when None.
    mapping : ClassRules
        What ``--map`` says.
    boxes : {"skip", "paint"}
        What an object with a box and no outline is: an unknown region, or a rectangle.
    crowds : {"paint", "ignore"}
    tolerance : Tolerance
    """

    classes: Collection[str] | None = None
    known: Collection[str] | None = None
    mapping: ClassRules = field(default_factory=lambda: ClassRules({}))
    boxes: Boxes = "skip"
    crowds: Literal["paint", "ignore"] = "paint"
    tolerance: Tolerance = Tolerance()


def read_label(item: Item, canvas_wh: tuple[int, int], rules: LabelRules) -> ImageLabel:
    """Read what an item's annotations say of a picture of ``canvas_wh``.

    An object that cannot be drawn is a failure; its bounds, as far as they are known, are an
    unknown region, and the image is partial. A part that is wrong costs the part.

    Raises
    ------
    InputError
        If the annotations cannot be read at all.
    """
    if item.annotations is None:
        return ImageLabel(canvas_wh, state="none")
    label = ImageLabel(canvas_wh)
    unknown, refused = False, 0
    shapes = PackedShapes()
    for found in READERS.load(item.layout).objects(item, canvas_wh):
        one = _mapped(found, rules.mapping)
        if _is_foreign(one, rules):
            continue
        try:
            shape = _shape(one, rules, label, item)
        except InputError as error:
            label.failures.append(_failure(item, one, str(error)))
            shape, refused = None, refused + one.extent
        label.failures.extend(_failure(item, one, flaw) for flaw in one.flaws)
        if shape is not None:
            (label.ignored if _is_ignored(one, rules) else shapes).append(shape)
        elif one.extent:
            label.unknown.append(_bounds(one, canvas_wh))
            unknown = True
    label = replace(label, shapes=_merged(shapes, canvas_wh))
    return replace(label, state="partial", refused=refused) if unknown else label


def _mapped(found: LabelObject, mapping: ClassRules) -> LabelObject:
    """Give an object the class and role that ``--map`` or its class's name decides."""
    if found.role != "object":
        return found
    if found.alternatives and found.category not in mapping.renamed:
        return replace(
            found,
            category="",
            problem=f"category_id {found.category}: {' and '.join(map(repr, found.alternatives))} "
            "have this id; give each class its own, or say which one is meant with "
            f"--map {found.category}=CLASS",
        )
    category, role = mapping.category(found.category), mapping.role(found.category)
    if (category, role) == (found.category, found.role):
        return found
    return replace(found, category=category, role=role)


def _is_foreign(one: LabelObject, rules: LabelRules) -> bool:
    if one.role != "object" or not one.category or rules.classes is None:
        return False
    return one.category not in rules.classes


def _is_ignored(one: LabelObject, rules: LabelRules) -> bool:
    return one.role == "ignore" or (one.crowd and rules.crowds == "ignore")


def _failure(item: Item, one: LabelObject, error: str) -> Failure:
    return Failure(
        id=item.key,
        file=item.source_name,
        step="annotation",
        error=error,
        annotation=one.id,
        path=f"$.annotations[?(@.id=={one.id})]" if item.layout == "coco" else None,
    )


def _shape(one: LabelObject, rules: LabelRules, label: ImageLabel, item: Item) -> Shape | None:
    """Return an object's shape; None when only its box is known, and boxes are not painted."""
    width, height = label.canvas_wh
    if one.problem is not None:
        raise InputError(one.problem)
    if one.role == "object" and rules.known is not None and one.category not in rules.known:
        known = ", ".join(rules.known) or "none"
        raise InputError(
            f"class {one.category!r}: expected one of {known}; say what it is with "
            f"--map {one.category}=CLASS|background|ignore"
        )
    if one.rle is not None:
        return _as_shape(one, (), _checked_counts(one, rules, width, height))
    rings = one.rings
    if not rings:
        if one.bounds_xyxy is None:
            raise InputError("neither a segmentation nor a bbox; draw one or drop the annotation")
        if rules.boxes == "skip" and one.role == "object":
            return None
        rings = (_box_ring(one.bounds_xyxy),)
    else:
        rings, strays = _without_strays(rings)
        if rings:
            label.failures.extend(_failure(item, one, problem) for problem in strays)
    if one.rings and _is_normalised(one, label.canvas_wh):
        raise InputError(
            f"coordinates: expected pixels of the {width}x{height} image, found normalised ones "
            "(all between 0 and 1); multiply them by the image's size and read again"
        )
    bbox = None if one.bounds_xyxy is None else _xywh(one.bounds_xyxy)
    allowed = rules.tolerance.px(width, height)
    if problem := check_rings(rings or one.rings, width, height, bbox, allowed):
        anyhow = check_rings(rings or one.rings, width, height, bbox, inf)
        raise InputError(f"{problem}; {_DRAW_AGAIN if anyhow else _TOLERATE}")
    if not one.holes:
        return _as_shape(one, rings, None)
    outer, inner = (
        counts_to_mask(union_counts(counts, height * width), height, width, 1)
        for counts in (
            polygon_counts_each(list(parts), list(range(len(parts))), height, width, "union")
            for parts in (rings, one.holes)
        )
    )
    return _as_shape(one, (), mask_to_counts(outer & ~inner.astype(bool)))


def _as_shape(one: LabelObject, rings: tuple[Ring, ...], counts: Counts | None) -> Shape:
    return Shape(
        one.id, one.category, rings, counts, one.role, one.instance, one.z_order, one.score
    )


def _without_strays(rings: tuple[Ring, ...]) -> tuple[tuple[Ring, ...], list[str]]:
    """Return the rings that enclose something, and what is wrong with the others."""
    kept = tuple(ring for ring in rings if len(ring) >= MIN_POINTS)
    strays = [
        f"a part of {len(ring)} points was left out; a polygon has at least {MIN_POINTS}"
        for ring in rings
        if len(ring) < MIN_POINTS
    ]
    return kept, strays


def _checked_counts(one: LabelObject, rules: LabelRules, width: int, height: int) -> Counts:
    if one.rle is None:
        raise InputError("expected a mask, found none")
    if one.rle.size != (height, width):
        raise InputError(
            f"RLE: expected size [{height}, {width}] of the image, found {list(one.rle.size)}; "
            "export again with images and annotations of one size"
        )
    counts = rle_to_counts(one.rle.counts, height, width)
    stated = one.bounds_xyxy
    drawn = counts_bounds(counts, height)
    if stated is None or drawn is None or not _has_area(stated):
        return counts
    excess = max(abs(a - b) for a, b in zip(drawn, stated, strict=True))
    if excess > rules.tolerance.px(width, height):
        raise InputError(
            f"RLE: its bounds ({', '.join(map(str, drawn))}) disagree with its bbox "
            f"({', '.join(f'{value:g}' for value in stated)}) by {excess:.1f} px; RLE runs down "
            f"the columns, one that was written row by row looks like this; {_TOLERATE}"
        )
    return counts


def _has_area(box: Box) -> bool:
    return all(map(isfinite, box)) and box[2] > box[0] and box[3] > box[1]


def _xywh(box: Box) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box
    return x0, y0, x1 - x0, y1 - y0


def _bounds(one: LabelObject, canvas_wh: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return where an object that cannot be drawn must be: its box and its shape's bounds.

    The whole picture, when neither says anything of it.
    """
    width, height = canvas_wh
    boxes = [ring_bounds(ring) for ring in one.rings if len(ring)]
    if _is_normalised(one, canvas_wh):
        boxes = [(x0 * width, y0 * height, x1 * width, y1 * height) for x0, y0, x1, y1 in boxes]
    if one.bounds_xyxy is not None and _has_area(one.bounds_xyxy):
        boxes.append(one.bounds_xyxy)
    boxes = [box for box in boxes if all(map(isfinite, box))]
    if boxes:
        lows = [min(box[axis] for box in boxes) for axis in (0, 1)]
        highs = [max(box[axis] for box in boxes) for axis in (2, 3)]
        x0, y0 = (max(floor(low), 0) for low in lows)
        x1, y1 = min(ceil(highs[0]), width), min(ceil(highs[1]), height)
        if x0 < x1 and y0 < y1:
            return x0, y0, x1, y1
    return 0, 0, width, height


def _is_normalised(one: LabelObject, canvas_wh: tuple[int, int]) -> bool:
    """Tell whether a shape's coordinates are shares of the picture instead of pixels."""
    if not one.rings or min(canvas_wh) <= SMALLEST_NORMALISED_PX:
        return False
    if len(one.rings[0]) and max(one.rings[0][0].tolist()) > 1:
        return False
    boxes = [ring_bounds(ring) for ring in one.rings if len(ring)]
    return bool(boxes) and all(min(box) >= 0 and 0 < max(box) <= 1 for box in boxes)


def _merged(shapes: PackedShapes, canvas_wh: tuple[int, int]) -> PackedShapes:
    """Make one shape of the parts of each instance, at the place of its first part."""
    parts: dict[tuple[str, str], list[Shape]] = {}
    for number, kind in enumerate(shapes.kinds):
        if kind.instance is not None:
            parts.setdefault((kind.instance, kind.category), []).append(shapes[number])
    if all(len(group) == 1 for group in parts.values()):
        return shapes
    width, height = canvas_wh
    merged = PackedShapes()
    for shape in shapes:
        group = parts.pop((shape.instance, shape.category), None) if shape.instance else [shape]
        if group is None:
            continue
        if len(group) > 1:
            counts = union_counts(shape_counts(group, height, width, "union"), height * width)
            shape = replace(shape, rings=(), counts=counts)
        merged.append(shape)
    return merged


def _box_ring(box: Box) -> Ring:
    x0, y0, x1, y1 = box
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)
