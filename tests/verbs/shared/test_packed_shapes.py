"""The shapes of an image in few blocks: nothing is lost, and a million of them fit."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest

from datakit.core.masks.polygons import polygon_spans
from datakit.io.layouts.base import Item
from datakit.verbs.shared import shapes as shapes_module
from datakit.verbs.shared.image_label import LabelRules, read_label
from datakit.verbs.shared.packed_shapes import PackedShapes
from datakit.verbs.shared.shapes import Shape, flat_rings, shape_counts, united_spans

SQUARE = np.array([[1.0, 1.0], [4.0, 1.0], [4.0, 4.0], [1.0, 4.0]])
SHAPES = [
    Shape("1", "person", (SQUARE,), None, instance="7", z_order=3, score=0.5),
    Shape("2", "person", (SQUARE, SQUARE[:3] + 0.25), None),
    Shape("3", "cat", (), np.array([2, 3, 95]), role="background"),
    Shape("4", "cat", (), np.array([9, 1, 90]), role="background"),
    Shape("5", "person", (SQUARE + 5,), None),
]


def _members(shape: Shape) -> tuple[object, ...]:
    rings = [ring.tolist() for ring in shape.rings]
    counts = None if shape.counts is None else shape.counts.tolist()
    rest = (shape.role, shape.instance, shape.z_order, shape.score)
    return (shape.annotation, shape.category, rings, counts, *rest)


def test_what_is_packed_comes_back() -> None:
    packed = PackedShapes(SHAPES)
    assert [*map(_members, packed)] == [*map(_members, SHAPES)]
    assert _members(packed[-2]) == _members(SHAPES[-2])
    assert [*map(_members, packed[1:4])] == [*map(_members, SHAPES[1:4])]
    assert [kind.role for kind in packed.kinds] == [shape.role for shape in SHAPES]


@pytest.mark.parametrize("rule", ["union", "evenodd"])
def test_batches_draw_the_same(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    polygons = [shape for shape in SHAPES if shape.counts is None]
    rings, owners = flat_rings(polygons)
    whole = polygon_spans(rings, 10, 10, rule, owners)  # type: ignore[arg-type]
    each = shape_counts(SHAPES, 10, 10, rule)  # type: ignore[arg-type]
    monkeypatch.setattr(shapes_module, "_BATCH", 2)
    batched = united_spans(PackedShapes(polygons), 10, 10, rule)  # type: ignore[arg-type]
    assert [edges.tolist() for edges in batched] == [edges.tolist() for edges in whole]
    again = shape_counts(PackedShapes(SHAPES), 10, 10, rule)  # type: ignore[arg-type]
    assert [one.tolist() for one in again] == [one.tolist() for one in each]


def test_reading_many_polygons_takes_little_beside_their_text() -> None:
    count = 4_000
    square = SQUARE.ravel().tolist()
    entries = [
        {"id": number, "image_id": 1, "category_id": 1, "segmentation": [square]}
        for number in range(count)
    ]
    item = Item(
        *("a.jpg", "a", "a.jpg"),
        layout="coco",
        annotations=json.dumps(entries).encode(),
        categories={"1": "person"},
    )
    tracemalloc.start()
    try:
        label = read_label(item, (10, 10), LabelRules())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert label.categories == {"person": count}
    assert peak < 300 * count
