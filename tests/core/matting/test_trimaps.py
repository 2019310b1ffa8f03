"""Trimaps: bands of the right width, sure pixels of both kinds, the styles' definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.matting.trimaps import (
    dim_trimap,
    half_band_px,
    mask_trimap,
    p3m_trimap,
    require_trimap,
)
from datakit.errors import InputError
from tests.core.sample_mattes import disk


def bar_mask(height: int, width: int) -> np.ndarray:
    mask = np.zeros((height, width), bool)
    mask[:, width // 3 : 2 * width // 3] = True
    return mask


def test_the_band_is_relative_to_the_longest_side() -> None:
    for width in (600, 1200):
        trimap = mask_trimap(bar_mask(300, width), band_share=0.02)
        unknown = (trimap[150] == 128).sum()
        assert unknown == pytest.approx(4 * 0.02 * width, abs=4)


def test_the_band_is_wider_around_and_above_a_head() -> None:
    mask = bar_mask(600, 600)
    face = np.array([[250.0, 200.0, 350.0, 320.0]])
    reach = half_band_px(mask.shape, face, head_factor=3)
    base = reach[599, 0]
    assert reach[150, 300] == pytest.approx(3 * base)
    assert reach[260, 240] == pytest.approx(3 * base)
    assert reach[560, 300] == pytest.approx(base)
    assert (np.diff(reach[320:, 300]) <= 0).all()
    plain, wide = mask_trimap(mask), mask_trimap(mask, face, head_factor=3)
    assert ((wide == 128) | (plain != 128)).all()
    assert (wide == 128).sum() > 1.2 * (plain == 128).sum()


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1 << 30),
    height=st.integers(2, 60),
    width=st.integers(2, 60),
    band_share=st.floats(0.001, 0.25),
)
def test_any_mask_keeps_sure_pixels_of_both_kinds(
    seed: int, height: int, width: int, band_share: float
) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((height, width)) < rng.uniform(0.05, 0.95)
    mask.flat[0], mask.flat[-1] = True, False
    trimap = mask_trimap(mask, band_share=band_share)
    assert set(np.unique(trimap)) <= {0, 128, 255}
    assert (trimap == 255).any() and (trimap == 0).any()
    assert mask[trimap == 255].all() and not mask[trimap == 0].any()


def test_a_thin_second_person_keeps_a_core_and_a_speck_does_not() -> None:
    mask = np.zeros((300, 400), bool)
    mask[50:250, 40:140] = True
    mask[50:250, 250:256] = True
    mask[10:14, 350:354] = True
    trimap = mask_trimap(mask, band_share=0.03)
    assert (trimap[50:250, 250:256] == 255).any()
    assert not (trimap[10:14, 350:354] == 255).any()


def test_a_thin_person_inside_a_ring_keeps_a_core() -> None:
    mask = (disk(200, 90) > 0.5) & (disk(200, 60) < 0.5)
    mask[45:155, 93:107] = True
    trimap = mask_trimap(mask, band_share=0.04)
    assert (trimap[45:155, 93:107] == 255).any()


def test_a_subject_cut_off_by_the_border_is_sure_there() -> None:
    trimap = mask_trimap(bar_mask(200, 300))
    assert trimap[0, 150] == 255 and trimap[199, 150] == 255


@pytest.mark.parametrize("value", [False, True])
def test_one_kind_alone_is_refused(value: bool) -> None:
    with pytest.raises(InputError, match="both foreground and background"):
        mask_trimap(np.full((8, 8), value))


@pytest.mark.parametrize("options", [{"band_share": 0.0}, {"head_factor": 0.5}])
def test_wrong_options_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(InputError, match="band share"):
        mask_trimap(bar_mask(20, 30), **options)  # type: ignore[arg-type]


def test_p3m_grows_from_every_edge_and_dim_from_soft_pixels_only() -> None:
    hard = (disk(60, 20, 0.01) > 0.5).astype(np.float32)
    assert (dim_trimap(hard, 5) != 128).all()
    ring = p3m_trimap(hard, 11) == 128
    assert ring.any()
    soft = disk(60, 20, 6)
    unknown = dim_trimap(soft, 0) == 128
    assert np.array_equal(unknown, (soft > 0) & (soft < 1))
    assert (dim_trimap(soft, 4) == 128)[unknown].all()
    assert (p3m_trimap(soft, 1) == 128).sum() == unknown.sum()


def test_p3m_is_what_its_kernel_leaves() -> None:
    alpha = disk(90, 30, 8)
    trimap = p3m_trimap(alpha, 15)
    assert (alpha[trimap == 255] == 1).all() and (alpha[trimap == 0] == 0).all()
    axis = np.arange(90) + 0.5 - 45
    distance = np.hypot(axis[:, None], axis[None, :])
    assert (trimap[distance < 26 - 8.5] == 255).all()
    assert (trimap[distance > 34 + 8.5] == 0).all()


@pytest.mark.parametrize("missing", [0, 128, 255])
def test_a_trimap_needs_all_three(missing: int) -> None:
    trimap = np.repeat(np.uint8([[0, 128, 255]]), 3, axis=0)
    require_trimap(trimap, (3, 3))
    trimap[trimap == missing] = 0 if missing else 255
    with pytest.raises(InputError, match="found no"):
        require_trimap(trimap, (3, 3))


def test_wrong_trimaps_are_refused_in_words() -> None:
    with pytest.raises(InputError, match="9 other pixels"):
        require_trimap(np.full((3, 3), 7, np.uint8), (3, 3))
    with pytest.raises(InputError, match="uint8"):
        require_trimap(np.zeros((3, 3)), (3, 3))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="kernel"):
        p3m_trimap(disk(9, 3), 0)
    with pytest.raises(InputError, match="reach"):
        dim_trimap(disk(9, 3), -1)
