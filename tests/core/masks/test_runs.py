from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask

from datakit.core.masks import runs
from datakit.errors import InputError

masks = hnp.arrays(
    np.uint8,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40),
    elements=st.integers(0, 1),
)


@settings(max_examples=200, deadline=None)
@given(masks, st.integers(1, 255))
def test_mask_to_counts_and_back(mask: np.ndarray, value: int) -> None:
    height, width = mask.shape
    counts = runs.mask_to_counts(mask)
    assert counts.dtype == np.int64
    assert (counts[1:] > 0).all()
    assert counts.sum() == mask.size
    painted = runs.counts_to_mask(counts, height, width, value)
    assert painted.dtype == np.uint8
    assert painted.flags.c_contiguous
    np.testing.assert_array_equal(painted, mask * value)
    buffer = np.full((height, width + 3), 7, np.uint8)
    runs.counts_to_mask(counts, height, width, value, out=buffer[:, 2:-1])
    np.testing.assert_array_equal(buffer[:, 2:-1], painted)
    assert (buffer[:, [0, 1, -1]] == 7).all()


@settings(max_examples=100, deadline=None)
@given(masks, st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_a_part_is_placed_in_its_image(
    mask: np.ndarray, x: int, y: int, right: int, below: int
) -> None:
    image = np.pad(mask, ((y, below), (x, right)))
    counts = runs.placed_counts(mask, (x, y), *image.shape)
    np.testing.assert_array_equal(counts, runs.mask_to_counts(image))


def test_a_part_outside_its_image_is_refused() -> None:
    with pytest.raises(InputError, match="expected a part within 4x4 pixels, found 2x2 at 3, 0"):
        runs.placed_counts(np.ones((2, 2), bool), (3, 0), 4, 4)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.data())
def test_union_is_what_pycocotools_merges(height: int, width: int, data: st.DataObject) -> None:
    arrays = data.draw(
        st.lists(
            hnp.arrays(np.uint8, (height, width), elements=st.integers(0, 1)),
            min_size=1,
            max_size=4,
        )
    )
    union = runs.union_counts([runs.mask_to_counts(a) for a in arrays], height * width)
    merged = coco_mask.merge([coco_mask.encode(np.asfortranarray(a)) for a in arrays])
    expected = coco_mask.decode(merged)
    np.testing.assert_array_equal(runs.counts_to_mask(union, height, width), expected)
    np.testing.assert_array_equal(union, runs.mask_to_counts(expected))
    assert runs.counts_area(union) == coco_mask.area(merged)


@settings(max_examples=200, deadline=None)
@given(masks)
def test_bounds_are_the_tight_box(mask: np.ndarray) -> None:
    rows, columns = np.nonzero(mask)
    found = runs.counts_bounds(runs.mask_to_counts(mask), mask.shape[0])
    if not len(rows):
        assert found is None
    else:
        assert found == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=30).filter(lambda n: sum(n) > 0))
def test_canonical_keeps_the_pixels(numbers: list[int]) -> None:
    counts = np.array(numbers, dtype=np.int64)
    short = runs.canonical(counts)
    assert (short[1:] > 0).all()
    total = sum(numbers)
    np.testing.assert_array_equal(
        runs.counts_to_mask(short, total, 1), runs.counts_to_mask(counts, total, 1)
    )


def test_union_of_none_is_empty_and_of_unequal_sizes_refused() -> None:
    assert runs.union_counts([], 6).tolist() == [6]
    with pytest.raises(InputError, match="expected 6 pixels each, found 5"):
        runs.union_counts([np.array([6]), np.array([5])], 6)


def test_wrong_buffers_and_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="out: expected"):
        runs.counts_to_mask(np.array([6]), 2, 3, out=np.zeros((3, 2), np.uint8))
    with pytest.raises(InputError, match="mask size"):
        runs.counts_to_mask(np.array([0]), 0, 3)
    with pytest.raises(InputError, match="non-empty"):
        runs.mask_to_counts(np.zeros((0, 3), np.uint8))
