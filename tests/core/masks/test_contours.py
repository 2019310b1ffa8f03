"""Outlines along pixel borders: lossless, holes and all, also when holes are bridged."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco

from datakit.core.masks.contours import (
    MAX_TRACED_PIXELS,
    Part,
    bridge_holes,
    flat_rings,
    simplify_part,
    trace_parts,
)
from datakit.core.masks.polygons import polygon_mask
from datakit.errors import InputError
from tests.core.sample_masks import blobs

MASKS = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=12))


@given(MASKS)
def test_the_outlines_paint_the_mask_again(mask: np.ndarray) -> None:
    rings, owners = flat_rings(trace_parts(mask))
    assert (polygon_mask(rings, *mask.shape, "evenodd", owners) == mask).all()


@given(MASKS)
def test_bridged_outlines_paint_the_mask_in_pycocotools_too(mask: np.ndarray) -> None:
    rings = [bridge_holes(part) for part in trace_parts(mask)]
    assert (polygon_mask(rings, *mask.shape) == mask).all()
    if rings:
        flat = [ring.ravel().tolist() for ring in rings]
        theirs = coco.decode(coco.merge(coco.frPyObjects(flat, *mask.shape)))
        assert (theirs == mask).all()


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.floats(0.3, 8))
def test_a_bridge_changes_no_pixel_of_a_simplified_part(seed: int, tolerance: float) -> None:
    mask = blobs(seed, 60, 80)
    parts = [simplify_part(part, tolerance) for part in trace_parts(mask)]
    rings, owners = flat_rings(parts)
    with_holes = polygon_mask(rings, 60, 80, "evenodd", owners)
    bridged = polygon_mask([bridge_holes(part) for part in parts], 60, 80)
    assert (bridged == with_holes).all()


def test_parts_and_holes_are_counted_as_people_see_them() -> None:
    mask = np.zeros((9, 12), bool)
    mask[1:8, 1:8] = True
    mask[3:6, 3:6] = False
    mask[4, 4] = True  # an island in the hole
    mask[0, 0] = True  # touches the square at a corner: the same part
    mask[8, 11] = True
    parts = trace_parts(mask)
    assert len(parts) == 3
    assert sorted(len(part.holes) for part in parts) == [0, 0, 1]


def test_vertices_are_corners_only() -> None:
    [part] = trace_parts(np.ones((40, 7), np.uint8) * 255)
    assert len(part.outer) == 4
    assert part.outer.max(axis=0).tolist() == [7, 40]


def test_nothing_is_lost_by_a_huge_tolerance() -> None:
    mask = np.zeros((20, 20), bool)
    mask[2:18, 2:18] = True
    mask[9, 9] = False
    [part] = trace_parts(mask)
    simple = simplify_part(part, 50.0)
    assert len(simple.outer) >= 3
    assert len(simple.holes) == 1


def test_an_empty_mask_has_no_parts() -> None:
    assert trace_parts(np.zeros((3, 4), bool)) == []


@pytest.mark.parametrize(
    "mask", [np.zeros((2, 2, 1), bool), np.zeros((2, 2), np.float32), np.zeros(3, bool)]
)
def test_another_array_is_refused(mask: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"expected \(H, W\) bool or uint8"):
        trace_parts(mask)


def test_a_mask_too_large_to_trace_is_refused_before_it_is() -> None:
    mask = np.zeros((2, MAX_TRACED_PIXELS // 2 + 1), np.uint8)
    mask[0, 0] = mask[-1, -1] = 1
    with pytest.raises(InputError, match="write it as RLE"):
        trace_parts(mask)


def test_a_part_without_holes_is_its_own_bridge() -> None:
    ring = np.array([[0.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
    assert bridge_holes(Part(ring)) is ring
