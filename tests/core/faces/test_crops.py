from __future__ import annotations

import numpy as np
import pytest

from datakit.core.faces.crops import upright_crop


@pytest.mark.parametrize("roll_deg", [0, 30, 90, -135])
@pytest.mark.parametrize("side_px", [40.0, 64.0, 300.0])
def test_the_crop_shows_a_dot_where_its_map_says(roll_deg, side_px):
    image = np.zeros((400, 500, 3), np.uint8)
    image[150:162, 244:256] = 255
    crop = upright_crop(image, np.array([247.0, 152.0]), side_px, np.deg2rad(roll_deg), 64)
    rows, columns = np.nonzero(crop.image[..., 0] > 100)
    found = crop.points_to_image(np.array([[columns.mean() + 0.5, rows.mean() + 0.5]]))
    assert np.allclose(found, [[250, 156]], atol=max(0.6, crop.scale))
    assert crop.scale == pytest.approx(side_px / 64)


def test_depth_is_scaled_like_the_plane():
    crop = upright_crop(np.zeros((50, 50, 3), np.uint8), np.array([25.0, 25]), 20, 0.3, 10)
    assert crop.points_to_image(np.array([[1.0, 2.0, 3.0]]))[0, 2] == pytest.approx(6)


def test_a_crop_beside_the_image_is_black():
    image = np.full((20, 20, 3), 255, np.uint8)
    crop = upright_crop(image, np.array([100.0, 100.0]), 10, 0, 16)
    assert not crop.image.any()
    assert upright_crop(image[:1, :1], np.array([0.5, 0.5]), 8, 0.2, 16).image.shape == (16, 16, 3)
