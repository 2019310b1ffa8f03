"""Resizing by meaning: areas where it shrinks, and labels that keep fitting their photo."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.images.resizing import (
    Resizing,
    resample,
    resize_ignore,
    resize_mask,
    resize_trimap,
)
from datakit.errors import InputError

SIDES = st.integers(1, 60)


def strands(height: int = 240, width: int = 320) -> np.ndarray:
    """An alpha with strands of a pixel and less, (H, W) float32."""
    alpha = np.zeros((height, width), np.uint8)
    for k in range(40):
        cv2.line(alpha, (8 * k, height), (8 * k + 60, 0), 255, 1, cv2.LINE_AA)
    cv2.circle(alpha, (width // 2, height // 2), 50, 255, -1, cv2.LINE_AA)
    return alpha.astype(np.float32) / 255


def block_means(values: np.ndarray, factor: int) -> np.ndarray:
    height, width = (side // factor for side in values.shape)
    return values.reshape(height, factor, width, factor).mean(axis=(1, 3))


def test_an_alpha_shrinks_to_the_means_of_its_areas() -> None:
    alpha = strands()
    found = Resizing((320, 240), (80, 60)).alpha(alpha)
    assert np.abs(found - block_means(alpha, 4)).max() < 1e-5


@pytest.mark.parametrize("to_wh", [(80, 60), (100, 77), (500, 400), (90, 400), (500, 60)])
@pytest.mark.parametrize("fit", ["stretch", "letterbox", "crop"])
def test_a_picture_of_its_alpha_remains_one(to_wh: tuple[int, int], fit: str) -> None:
    alpha = strands()
    image = np.repeat(np.rint(alpha * 255).astype(np.uint8)[..., None], 3, axis=2)
    resizing = Resizing((320, 240), to_wh, fit)  # type: ignore[arg-type]
    small, shown = resizing.alpha(alpha), resizing.image(image)[..., 0] / 255
    band = (small > 0.01) & (small < 0.99)
    assert small.min() >= 0
    assert small.max() <= 1
    assert np.abs(small - shown)[band].mean() <= 0.003


@given(SIDES, SIDES, SIDES, SIDES, st.integers(0, 2**32 - 1))
@settings(max_examples=80, deadline=None)
def test_labels_of_any_size_keep_their_values(
    height: int, width: int, to_height: int, to_width: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.integers(0, 4, (height, width), np.uint8)
    to_wh = (to_width, to_height)
    found = resize_mask(mask, to_wh)
    assert found.shape == (to_height, to_width)
    assert set(np.unique(found)) <= set(np.unique(mask))
    trimap = rng.choice(np.uint8([0, 128, 255]), (height, width))
    assert set(np.unique(resize_trimap(trimap, to_wh))) <= {0, 128, 255}
    ignore = np.where(rng.random((height, width)) < 0.05, np.uint8(255), np.uint8(0))
    touched = resize_ignore(ignore, to_wh)
    assert set(np.unique(touched)) <= {0, 255}
    assert bool(touched.any()) == bool(ignore.any()) or to_height > height or to_width > width


def test_a_mask_of_one_value_is_what_covers_half() -> None:
    alpha = strands() > 0.5
    found = resize_mask(alpha.astype(np.uint16) * 300, (80, 60))
    assert found.dtype == np.uint16
    assert np.array_equal(found == 300, block_means(alpha.astype(float), 4) >= 0.5)


def test_a_pixel_that_is_touched_is_ignored() -> None:
    ignore = np.zeros((40, 40), np.uint8)
    ignore[13, 27] = 255
    assert np.argwhere(resize_ignore(ignore, (10, 10))).tolist() == [[3, 6]]


def test_each_axis_is_averaged_by_itself() -> None:
    stripes = np.tile(np.float32([0, 1, 0, 1]), (4, 10))
    found = resample(stripes, (20, 8))
    assert np.abs(found - 0.5).max() < 1e-6


def test_a_size_that_is_not_the_sources_is_refused() -> None:
    with pytest.raises(InputError, match="expected size"):
        Resizing((4, 4), (2, 2)).mask(np.zeros((3, 3), np.uint8))
