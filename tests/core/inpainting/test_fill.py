"""Holes in textures: filled better than by diffusion, the same every time, the rest untouched."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.inpainting import fill as filling
from datakit.core.inpainting.diffusion import fill_by_diffusion
from datakit.core.inpainting.exemplar import fill_by_patches
from datakit.core.inpainting.fill import fill_hole
from datakit.errors import InputError


def checks(side_px: int = 96) -> np.ndarray:
    """Bricks: a texture of which a hole hides nothing that is not elsewhere."""
    y, x = np.mgrid[:side_px, :side_px]
    wall = np.full((side_px, side_px, 3), (170, 90, 60), np.uint8)
    joint = (y % 8 == 0) | ((x + 8 * (y // 8 % 2)) % 16 == 0)
    wall[joint] = (215, 210, 200)
    return wall


def hole_in(side_px: int = 96) -> np.ndarray:
    hole = np.zeros((side_px, side_px), bool)
    hole[side_px // 3 : side_px // 3 + 28, side_px // 2 - 10 : side_px // 2 + 14] = True
    return hole


def error(found: np.ndarray, truth: np.ndarray, hole: np.ndarray) -> float:
    return float(((found.astype(float) - truth)[hole] ** 2).mean())


def spoilt(photo: np.ndarray, hole: np.ndarray, value: int = 0) -> np.ndarray:
    return np.where(hole[..., None], np.uint8(value), photo)


def test_a_texture_is_continued_where_diffusion_smears_it() -> None:
    truth, hole = checks(), hole_in()
    photo = spoilt(truth, hole)
    found = fill_hole(photo, hole, fill_by_patches, np.random.default_rng(0))
    smeared = fill_by_diffusion(photo, hole, "telea")
    assert error(found, truth, hole) < error(smeared, truth, hole) / 4


def test_what_is_under_the_hole_does_not_matter_and_the_rest_stays() -> None:
    truth, hole = checks(), hole_in()
    one, other = (
        fill_hole(spoilt(truth, hole, value), hole, fill_by_patches, np.random.default_rng(3))
        for value in (0, 255)
    )
    assert np.array_equal(one, other)
    assert np.array_equal(one[~hole], truth[~hole])


def test_a_seed_is_a_fill() -> None:
    truth, hole = np.random.default_rng(0).integers(0, 256, (96, 96, 3)).astype(np.uint8), hole_in()
    first, again, other = (
        fill_hole(spoilt(truth, hole), hole, fill_by_patches, np.random.default_rng(seed))
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_large_photo_gets_its_detail_from_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    truth = checks(192)
    hole = np.zeros((192, 192), bool)
    hole[70:120, 80:120] = True
    monkeypatch.setattr(filling, "SOLVE_PX", 96 * 96)
    found = fill_hole(spoilt(truth, hole), hole, fill_by_patches, np.random.default_rng(0))
    contrast = found[hole].std() / truth[hole].std()
    assert 0.8 < contrast < 1.2


def test_people_far_apart_are_removed_one_by_one_each_from_its_own_surroundings() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (90, 900, 3)).astype(np.uint8)
    hole = np.zeros((90, 900), bool)
    hole[40:60, 40:50] = hole[40:60, 56:66] = hole[30:60, 800:820] = True
    solved = []

    def solve(small: np.ndarray, gap: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        solved.append((gap.shape[1], int(gap.sum())))
        return np.where(gap[..., None], np.float32(7 + len(solved)), small)

    found = fill_hole(photo, hole, solve, np.random.default_rng(0))
    # The two that stand together share their surroundings.
    assert [pixels for _, pixels in solved] == [400, 600]
    assert max(width for width, _ in solved) < 200
    assert np.array_equal(found[~hole], photo[~hole])


@settings(max_examples=15, deadline=None)
@given(
    st.integers(20, 60),
    st.integers(20, 60),
    st.data(),
)
def test_any_hole_is_filled_or_refused(height: int, width: int, data: st.DataObject) -> None:
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    bottom = data.draw(st.integers(top + 1, height))
    right = data.draw(st.integers(left + 1, width))
    hole = np.zeros((height, width), bool)
    hole[top:bottom, left:right] = True
    photo = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    try:
        found = fill_hole(photo, hole, fill_by_patches, np.random.default_rng(0))
    except InputError as refusal:
        assert "smaller region" in str(refusal)
        return
    assert found.dtype == np.uint8
    assert np.array_equal(found[~hole], photo[~hole])


def test_a_hole_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match="expected the photo's shape"):
        fill_hole(checks(), np.zeros((3, 3), bool), fill_by_patches, np.random.default_rng(0))


def test_no_hole_is_the_photo() -> None:
    photo = checks()
    found = fill_hole(photo, np.zeros((96, 96), bool), fill_by_patches, np.random.default_rng(0))
    assert np.array_equal(found, photo)
