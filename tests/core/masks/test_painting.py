from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datakit.core.masks.painting import order_by_area, paint_labels
from datakit.core.masks.runs import mask_to_counts
from datakit.errors import InputError


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.data())
def test_later_objects_lie_on_top(height: int, width: int, data: st.DataObject) -> None:
    one = hnp.arrays(np.bool_, (height, width))
    objects = data.draw(st.lists(one, max_size=4))
    labels = data.draw(
        st.lists(st.integers(0, 65535), min_size=len(objects), max_size=len(objects))
    )
    expected = np.zeros((height, width), np.uint16)
    for mask, label in zip(objects, labels, strict=True):
        expected[mask] = label
    counts = [mask_to_counts(mask) for mask in objects]
    painted = paint_labels(counts, labels, height, width, np.uint16)
    assert painted.dtype == np.uint16
    np.testing.assert_array_equal(painted, expected)


def test_order_by_area_puts_small_objects_last_and_keeps_ties() -> None:
    objects = [np.array([3, 1]), np.array([0, 4]), np.array([1, 1, 2]), np.array([2, 2])]
    assert order_by_area(objects) == [1, 3, 0, 2]


def test_labels_and_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="label: expected 0 to 255"):
        paint_labels([np.array([0, 4])], [256], 2, 2, np.uint8)
    with pytest.raises(InputError, match="object: expected 4 pixels"):
        paint_labels([np.array([0, 5])], [1], 2, 2, np.uint8)
