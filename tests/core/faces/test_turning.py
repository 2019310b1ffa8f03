from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.faces.turning import turn_image


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 40), st.integers(2, 40), st.sampled_from([0, 90, 180, 270]))
def test_right_angles_are_exact(width, height, degrees):
    rng = np.random.default_rng(width * 100 + height)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    turned = turn_image(image, degrees)
    row, column = rng.integers(turned.image.shape[0]), rng.integers(turned.image.shape[1])
    x, y = turned.points_to_image(np.array([column + 0.5, row + 0.5]))
    assert (image[int(y), int(x)] == turned.image[row, column]).all()


@pytest.mark.parametrize("degrees", [45, 315, 30, 160])
def test_a_dot_is_found_where_the_map_says(degrees):
    image = np.zeros((60, 90, 3), np.uint8)
    image[20:23, 30:33] = 255
    turned = turn_image(image, degrees)
    rows, columns = np.nonzero(turned.image[..., 0] > 60)
    centre = turned.points_to_image(np.array([columns.mean() + 0.5, rows.mean() + 0.5]))
    assert np.allclose(centre, [31.5, 21.5], atol=0.3)


def test_boxes_of_quarter_turns_are_the_turned_corners():
    turned = turn_image(np.zeros((30, 50, 3), np.uint8), 90)
    box = np.array([2.0, 3, 12, 33])
    corners = turned.points_to_image(box.reshape(2, 2))
    expected = np.concatenate([corners.min(axis=0), corners.max(axis=0)])
    assert np.allclose(turned.box_to_image(box), expected)
