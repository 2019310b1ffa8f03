"""Foreground colours: exact where the matte is opaque, true colours under a soft edge."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.matting import foreground as foreground_module
from datakit.core.matting.foreground import estimate_foreground
from datakit.errors import InputError


def soft_disk(side_px: int, radius_px: float, soft_px: float) -> np.ndarray:
    axis = np.arange(side_px) + 0.5 - side_px / 2
    distance = np.hypot(axis[:, None], axis[None, :])
    return np.clip((radius_px - distance) / soft_px + 0.5, 0, 1).astype(np.float32)


def composite(front: np.ndarray, back: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    mixed = alpha[..., None] * front + (1 - alpha[..., None]) * back
    return np.rint(mixed).astype(np.uint8)


def test_flat_colours_are_recovered_under_the_soft_edge() -> None:
    alpha = soft_disk(96, 28, 16)
    front = np.full((96, 96, 3), (200, 120, 40), np.uint8)
    back = np.full((96, 96, 3), (10, 60, 220), np.uint8)
    found = estimate_foreground(composite(front, back, alpha), alpha)
    under = alpha > 0.1
    assert np.abs(found[under].astype(int) - front[under]).max() <= 12
    assert np.abs(found[under].astype(int) - front[under]).mean() < 3


def test_opaque_pixels_are_the_photo_exactly() -> None:
    rng = np.random.default_rng(3)
    photo = rng.integers(0, 256, (50, 70, 3), dtype=np.uint8)
    alpha = np.zeros((50, 70), np.float32)
    alpha[10:40, 10:50] = 1
    alpha[20:30, 50:60] = 0.5
    found = estimate_foreground(photo, alpha)
    assert np.array_equal(found[alpha == 1], photo[alpha == 1])


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_constant_matte_leaves_the_photo_as_it_is(value: float) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (5, 9, 3), dtype=np.uint8)
    assert np.array_equal(estimate_foreground(photo, np.full((5, 9), value, np.float32)), photo)


def test_above_the_solving_size_the_colours_still_match(monkeypatch: pytest.MonkeyPatch) -> None:
    alpha = soft_disk(160, 50, 20)
    front = np.full((160, 160, 3), (200, 120, 40), np.uint8)
    back = np.full((160, 160, 3), (10, 60, 220), np.uint8)
    photo = composite(front, back, alpha)
    monkeypatch.setattr(foreground_module, "SOLVE_LONG_SIDE_PX", 64)
    found = estimate_foreground(photo, alpha)
    under = alpha > 0.2
    assert np.abs(found[under].astype(int) - front[under]).mean() < 4


@settings(max_examples=30, deadline=None)
@given(
    height=st.integers(1, 24),
    width=st.integers(1, 24),
    seed=st.integers(0, 10_000),
)
def test_any_pair_gives_a_whole_image_and_leaves_its_input(
    height: int, width: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    photo = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    alpha = rng.random((height, width), dtype=np.float32)
    before = photo.copy(), alpha.copy()
    found = estimate_foreground(photo, alpha)
    assert found.shape == photo.shape and found.dtype == np.uint8
    assert np.array_equal(photo, before[0]) and np.array_equal(alpha, before[1])
    assert np.array_equal(found, estimate_foreground(photo, alpha))


@pytest.mark.parametrize(
    ("photo", "alpha", "words"),
    [
        (np.zeros((4, 4), np.uint8), np.zeros((4, 4), np.float32), "image"),
        (np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.float32), "uint8"),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5), np.float32), r"\(4, 5\)"),
        (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8), "float32"),
        (np.zeros((4, 4, 3), np.uint8), np.full((4, 4), np.nan, np.float32), "NaN"),
        (np.zeros((4, 4, 3), np.uint8), np.full((4, 4), 255, np.float32), r"\[0, 1\]"),
    ],
)
def test_wrong_arrays_are_refused_in_words(
    photo: np.ndarray, alpha: np.ndarray, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        estimate_foreground(photo, alpha)
