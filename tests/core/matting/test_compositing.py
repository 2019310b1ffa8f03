"""Composites: the equation, the frame, the colours, and no fringe of the old background."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.matting.compositing import composite, cover, match_colours
from datakit.core.matting.foreground import estimate_foreground
from datakit.errors import InputError

Image = npt.NDArray[np.uint8]


def noise(seed: int, shape: tuple[int, ...]) -> Image:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@given(st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_composite_is_the_over_operator(seed: int) -> None:
    front, back = noise(seed, (9, 11, 3)), noise(seed + 1, (9, 11, 3))
    alpha = np.random.default_rng(seed).random((9, 11), dtype=np.float32)
    exact = alpha[..., None] * front.astype(np.float64) + (1 - alpha[..., None]) * back
    assert np.abs(composite(front, alpha, back) - exact).max() <= 0.51


@pytest.mark.parametrize("linear_light", [True, False])
def test_certain_pixels_are_taken_exactly(linear_light: bool) -> None:
    front, back = noise(0, (64, 64, 3)), noise(1, (64, 64, 3))
    for value, expected in ((0.0, back), (1.0, front)):
        alpha = np.full((64, 64), value, np.float32)
        assert np.array_equal(composite(front, alpha, back, linear_light=linear_light), expected)


def test_linear_light_mixes_light() -> None:
    """Half of full white is code 188 in sRGB (IEC 61966-2-1), not 128."""
    white, black = np.full((1, 1, 3), 255, np.uint8), np.zeros((1, 1, 3), np.uint8)
    half = np.full((1, 1), 0.5, np.float32)
    assert (composite(white, half, black, linear_light=True) == 188).all()


def test_composite_refuses_unequal_sizes() -> None:
    with pytest.raises(InputError, match="composite: expected one size"):
        composite(noise(0, (4, 4, 3)), np.ones((4, 4), np.float32), noise(0, (4, 5, 3)))


@given(
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    st.floats(1, 4),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
    st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_cover_fills_the_frame_with_the_pictures_colours(
    source_hw: tuple[int, int],
    frame_hw: tuple[int, int],
    scale: float,
    place_xy: tuple[float, float],
    mirrored: bool,
) -> None:
    picture = np.full((*source_hw, 3), (10, 120, 240), np.uint8)
    shown = cover(picture, frame_hw, scale=scale, place_xy=place_xy, mirrored=mirrored)
    assert shown.shape == (*frame_hw, 3)
    assert (shown == (10, 120, 240)).all()


def test_cover_keeps_the_aspect_and_mirrors() -> None:
    columns = np.repeat(np.arange(200, dtype=np.uint8)[None, :, None], 100, axis=0)
    picture = np.repeat(columns, 3, axis=2)
    assert np.array_equal(cover(picture, (100, 100))[0, :, 0], np.arange(50, 150))
    assert np.array_equal(
        cover(picture, (100, 100), mirrored=True)[0, :, 0], np.arange(50, 150)[::-1]
    )
    # Twice as large: a pixel step of the frame is half a step of the picture.
    enlarged = cover(picture, (100, 100), scale=2.0)[50, 10:-10, 0].astype(int)
    assert np.allclose(np.polyfit(np.arange(80), enlarged, 1)[0], 0.5, atol=0.01)


@pytest.mark.parametrize(("scale", "place"), [(0.9, (0, 0)), (1.0, (1.1, 0)), (1.0, (0, -0.1))])
def test_cover_refuses_what_would_not_fill(scale: float, place: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="expected a scale from 1"):
        cover(noise(0, (4, 4, 3)), (4, 4), scale=scale, place_xy=place)


def test_match_colours_moves_the_mean_by_its_strength() -> None:
    front = (noise(0, (40, 40, 3)) // 4) + 150
    back = noise(1, (40, 40, 3)) // 4
    alpha = np.ones((40, 40), np.float32)
    means = [match_colours(front, alpha, back, s).mean() for s in (0.0, 0.5, 1.0)]
    assert means[0] == front.mean()
    assert means[0] > means[1] > means[2]
    assert means[2] == pytest.approx(back.mean(), abs=6)


def test_match_colours_ignores_what_is_transparent() -> None:
    front = np.full((20, 20, 3), 200, np.uint8)
    front[:, 10:] = 0
    alpha = np.zeros((20, 20), np.float32)
    alpha[:, :10] = 1
    back = np.full((20, 20, 3), 200, np.uint8)
    moved = match_colours(front, alpha, back, 1.0)
    assert np.abs(moved[:, :10].astype(int) - 200).max() <= 1
    nothing = match_colours(front, np.zeros_like(alpha), back, 1.0)
    assert np.array_equal(nothing, front)


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_match_colours_refuses_other_strengths(strength: float) -> None:
    with pytest.raises(InputError, match=r"strength in \[0, 1\]"):
        match_colours(
            noise(0, (4, 4, 3)), np.ones((4, 4), np.float32), noise(1, (4, 4, 3)), strength
        )


def read(path: Path) -> Image:
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize("name", ["dark_long_hair", "red_wind_blown"])
@pytest.mark.parametrize("new", [(30, 60, 200), (230, 230, 225)], ids=["blue", "bright"])
def test_fringe_is_three_times_smaller_than_without_foreground_colours(
    name: str, new: tuple[int, int, int], sample_data: Path
) -> None:
    """Portraits whose true foreground is known, put on another background."""
    folder = sample_data / "portraits"
    image = read(folder / "images" / f"{name}.png")
    truth = read(folder / "foregrounds" / f"{name}.png")
    alpha = cv2.imread(str(folder / "alphas" / f"{name}.png"), cv2.IMREAD_GRAYSCALE) / np.float32(
        255
    )
    background = np.full_like(image, new)
    ideal = composite(truth, alpha, background).astype(np.float64)
    soft = (alpha > 0.05) & (alpha < 0.5)
    assert soft.sum() > 500

    def fringe(front: Image) -> float:
        made = composite(front, alpha, background)
        return float(np.linalg.norm(made - ideal, axis=2)[soft].mean())

    assert fringe(estimate_foreground(image, alpha)) * 3 <= fringe(image)
