"""Parts of one object that a review brings back as objects of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from datakit.core.masks.runs import Counts, counts_to_mask, union_counts
from datakit.verbs.shared.packed_shapes import PackedShapes
from datakit.verbs.shared.shapes import Shape, shape_counts


def rejoined(
    found: Sequence[Shape], sent: Sequence[Shape], size_wh: tuple[int, int]
) -> Sequence[Shape]:
    """Return the shapes of a review, the parts of an object that was sent as one shape.

    Some exports lose what belongs together (Label Studio's JSON-MIN and COCO). Shapes of one class
    that together are, to the pixel, one object that was sent, and lie apart in it as its parts do,
    are that object. What people drew anew is never that.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])
    >>> sent = [Shape("1", "cat", (square, square + 4), None)]
    >>> back = [Shape("a", "cat", (square,), None), Shape("b", "cat", (square + 4,), None)]
    >>> [shape.annotation for shape in rejoined(back, sent, (8, 8))]
    ['a']
    >>> len(rejoined(back, back, (8, 8)))
    2
    """
    width, height = size_wh
    objects = [shape for shape in sent if shape.role == "object"]
    wholes = shape_counts(objects, height, width, "union")
    parts = shape_counts(found, height, width, "union")
    groups: dict[int, list[int]] = {}
    for number, (shape, counts) in enumerate(zip(found, parts, strict=True)):
        owners = [
            owner
            for owner, whole in enumerate(wholes)
            if objects[owner].category == shape.category and _starts_in(counts, whole)
        ]
        if shape.role == "object" and len(owners) == 1:
            groups.setdefault(owners[0], []).append(number)
    joined: dict[int, Counts] = {}
    spare: set[int] = set()
    for owner, numbers in groups.items():
        union = union_counts([parts[number] for number in numbers], height * width)
        whole = union_counts([wholes[owner]], height * width)
        if len(numbers) > 1 and np.array_equal(union, whole):
            regions, _ = cv2.connectedComponents(
                counts_to_mask(whole, height, width).astype(np.uint8), connectivity=4
            )
            if regions > len(numbers):
                joined[numbers[0]] = union
                spare.update(numbers[1:])
    if not joined:
        return found
    return PackedShapes(
        replace(shape, rings=(), counts=joined[number]) if number in joined else shape
        for number, shape in enumerate(found)
        if number not in spare
    )


def _starts_in(part: Counts, whole: Counts) -> bool:
    """Tell whether the first pixel of some runs is one of others."""
    if len(part) < 2:
        return False
    return bool(np.searchsorted(np.cumsum(whole), part[0], "right") % 2)
