"""Placements: inside the input, reversible, and bounded."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from datakit.core.images.network_input import (
    identity,
    place,
    resize_weights,
    to_image_size,
    to_input,
    without_padding,
)

SIDE = st.integers(1, 400)
SIZE = st.tuples(st.integers(8, 128), st.integers(8, 128))
FIT = st.sampled_from(["stretch", "letterbox", "multiple"])


@given(SIDE, SIDE, SIZE, FIT, st.sampled_from([1, 8, 32]))
def test_a_picture_lies_inside_the_input(height, width, size, fit, multiple):
    found = place((height, width), size, fit, multiple)
    x0, y0, x1, y1 = found.window_xyxy
    assert 0 <= x0 < x1 <= found.input_hw[1]
    assert 0 <= y0 < y1 <= found.input_hw[0]
    if fit == "multiple":
        assert found.input_hw[0] % multiple == found.input_hw[1] % multiple == 0
        assert max(found.input_hw) <= 4 * min(size) + multiple
    else:
        assert found.input_hw == size
    if fit == "letterbox":
        assert found.window_hw[0] == size[0] or found.window_hw[1] == size[1]


@given(SIDE, SIDE, SIZE, FIT)
def test_one_colour_stays_one_colour_both_ways(height, width, size, fit):
    found = place((height, width), size, fit, 8)
    image = np.full((height, width, 3), (200, 30, 90), np.uint8)
    small = to_input(image, found, (0, 0, 0))
    assert small.shape == (*found.input_hw, 3)
    x0, y0, x1, y1 = found.window_xyxy
    assert (small[y0:y1, x0:x1] == (200, 30, 90)).all()
    covered = (small[..., 0] == 200).astype(np.float32)
    # Padding is cut away before the map grows, so that it does not bleed in.
    np.testing.assert_allclose(to_image_size(covered, found), 1, atol=1e-6)
    assert without_padding(covered, found).shape == found.window_hw


@given(st.integers(1, 300), st.integers(1, 300))
def test_rows_of_resize_weights_sum_to_one(length, to):
    weights = resize_weights(length, to)
    assert weights.shape == (to, length)
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-4)


def test_a_picture_as_it_is():
    image = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    found = identity((4, 5))
    assert found.is_whole
    assert np.array_equal(to_input(image, found, (0, 0, 0)), image)
