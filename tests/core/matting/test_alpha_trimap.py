"""Trimaps drawn around an alpha."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.matting.alpha_trimap import (
    SOFT_MARGIN,
    transition_pixels,
    trimap_band_px,
    trimap_of_alpha,
)
from datakit.errors import InputError


def disc(radius: float, softness: float, side: int = 96) -> npt.NDArray[np.float32]:
    rows, columns = np.mgrid[:side, :side] - side / 2
    edge = (radius - np.hypot(rows, columns)) / max(softness, 1e-6) + 0.5
    return np.clip(edge, 0, 1).astype(np.float32)


@given(st.floats(8, 25), st.floats(0, 8), st.floats(0, 12))
@settings(max_examples=40, deadline=None)
def test_sure_parts_are_sure_and_the_soft_part_is_unknown(
    radius: float, softness: float, band: float
) -> None:
    alpha = disc(radius, softness)
    trimap = trimap_of_alpha(alpha, band)
    assert set(np.unique(trimap)) <= {0, 128, 255}
    assert (alpha[trimap == 255] >= 1 - SOFT_MARGIN).all()
    assert (alpha[trimap == 0] <= SOFT_MARGIN).all()
    soft = (alpha > SOFT_MARGIN) & (alpha < 1 - SOFT_MARGIN)
    assert (trimap[soft] == 128).all()


@given(st.floats(10, 25), st.floats(0, 8), st.integers(2, 12))
@settings(max_examples=40, deadline=None)
def test_band_is_read_back(radius: float, softness: float, band: int) -> None:
    alpha = disc(radius, softness)
    assert trimap_band_px(alpha, trimap_of_alpha(alpha, band)) == pytest.approx(band, abs=1.0)


def test_hard_mask_has_a_transition_of_one_pixel_on_each_side() -> None:
    alpha = np.zeros((20, 20), np.float32)
    alpha[5:15, 5:15] = 1
    transition = transition_pixels(alpha)
    kernel = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inside = alpha.astype(np.uint8)
    expected = cv2.dilate(inside, kernel) - cv2.erode(inside, kernel)
    assert np.array_equal(transition, expected.astype(bool))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_constant_alpha_has_no_unknown(value: float) -> None:
    alpha = np.full((9, 9), value, np.float32)
    assert (trimap_of_alpha(alpha, 5) == round(value * 255)).all()
    assert trimap_band_px(alpha, np.full((9, 9), 128, np.uint8)) == 0


def test_noise_of_jpeg_coded_alphas_is_not_a_transition() -> None:
    rng = np.random.default_rng(0)
    alpha = rng.integers(0, 10, (32, 32)).astype(np.float32) / 255
    assert not transition_pixels(alpha).any()


def test_negative_band_and_unequal_sizes_are_refused() -> None:
    alpha = np.zeros((4, 4), np.float32)
    with pytest.raises(InputError, match="band: expected 0 pixels or more"):
        trimap_of_alpha(alpha, -1)
    with pytest.raises(InputError, match="expected the alpha's size"):
        trimap_band_px(alpha, np.zeros((4, 5), np.uint8))
