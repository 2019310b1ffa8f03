"""What every warp counts on of OpenCV: the ranges in pyproject.toml admit only versions that do.

OpenCV 5.0.0 takes one array that is handed in as both maps for pairs of x and y. No warp does that.
"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

INTERPOLATIONS = [cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC]
SIZES_HW = [(8, 9), (61, 33), (5, 90), (1, 64)]


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_remap_fills_all_that_lies_outside(
    channels: int, dtype: type[np.generic], interpolation: int
) -> None:
    picture = np.full((30, 41, channels), 200, dtype)
    for size_hw in SIZES_HW:
        x, y = np.full(size_hw, -50, np.float32), np.full(size_hw, -50, np.float32)
        moved = cv2.remap(picture, x, y, interpolation, borderMode=cv2.BORDER_CONSTANT)
        assert not moved.any()


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_remap_at_whole_pixels_copies_them(channels: int, interpolation: int) -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(1, 256, (30, 41, channels), np.uint8)
    for height, width in SIZES_HW:
        x = rng.integers(-20, 60, (height, width))
        y = rng.integers(-20, 50, (height, width))
        inside = (x >= 0) & (x < 41) & (y >= 0) & (y < 30)
        expected = np.zeros((height, width, channels), np.uint8)
        expected[inside] = picture[y[inside], x[inside]]
        maps = x.astype(np.float32), y.astype(np.float32)
        moved = cv2.remap(picture, *maps, interpolation, borderMode=cv2.BORDER_CONSTANT)
        np.testing.assert_array_equal(moved.reshape(expected.shape), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_remap_between_pixels_is_bilinear(channels: int) -> None:
    rng = np.random.default_rng(1)
    picture = rng.uniform(0, 1, (30, 41, channels)).astype(np.float32)
    for size_hw in SIZES_HW:
        x = rng.uniform(0, 40, size_hw).astype(np.float32)
        y = rng.uniform(0, 29, size_hw).astype(np.float32)
        left, top = np.minimum(x.astype(int), 39), np.minimum(y.astype(int), 28)
        right_share, bottom_share = (x - left)[..., None], (y - top)[..., None]
        upper, lower = (
            picture[row, left] * (1 - right_share) + picture[row, left + 1] * right_share
            for row in (top, top + 1)
        )
        expected = upper * (1 - bottom_share) + lower * bottom_share
        moved = cv2.remap(picture, x, y, cv2.INTER_LINEAR).reshape(expected.shape)
        # OpenCV 4 knows 1/32 of a pixel.
        np.testing.assert_allclose(moved, expected, atol=1 / 32)
