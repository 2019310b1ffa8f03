"""Alpha estimation: exact Laplacian, truth on composites, priors and bounds, bounded work."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.matting.alpha import METHODS, estimate_alpha
from datakit.core.matting.laplacian import laplacian_rows
from datakit.core.matting.mask_prior import outline_prior
from datakit.core.matting.trimaps import half_band_px, mask_trimap
from datakit.errors import InputError
from tests.core.sample_mattes import disk


def slow_laplacian(image: np.ndarray, epsilon: float) -> np.ndarray:
    """Levin 2008, equation 12, window by window."""
    height, width = image.shape[:2]
    colours = image.reshape(-1, 3) / 255
    matrix = np.zeros((height * width, height * width))
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            members = [(y + dy) * width + x + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
            window = colours[members]
            centred = window - window.mean(0)
            inverse = np.linalg.inv(centred.T @ centred / 9 + epsilon / 9 * np.eye(3))
            terms = np.eye(9) - (1 + centred @ inverse @ centred.T) / 9
            matrix[np.ix_(members, members)] += terms
    return matrix


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1 << 30), height=st.integers(3, 9), width=st.integers(3, 9))
def test_laplacian_rows_are_the_definitions(seed: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    unknown = rng.random((height, width)) < 0.6
    expected = slow_laplacian(image, 1e-3)[unknown.ravel()]
    assert laplacian_rows(image, unknown, 1e-3).toarray() == pytest.approx(expected, abs=1e-8)


def coloured_disk(side_px: int = 96) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Photo, its true alpha and a mask of a soft disk before a slanted backdrop."""
    truth = disk(side_px, 0.3 * side_px, 8)
    ramp = np.linspace(0, 60, side_px)
    back = np.dstack(
        [ramp + np.zeros((side_px, 1)), np.full((side_px,) * 2, 60), 200 - 0 * ramp[:, None] - ramp]
    )
    front = np.dstack([np.full((side_px,) * 2, value) for value in (230, 180, 40)])
    photo = truth[..., None] * front + (1 - truth[..., None]) * back
    return np.rint(photo).astype(np.uint8), truth, truth > 0.5


@pytest.mark.parametrize("method", METHODS)
def test_every_method_beats_the_mask_on_a_composite(method: str) -> None:
    if method in ("knn", "lbdm"):
        pytest.importorskip("pymatting")
    photo, truth, mask = coloured_disk()
    trimap = mask_trimap(mask, band_share=0.07)
    prior = outline_prior(mask, half_band_px(mask.shape, band_share=0.07), exact=False)
    alpha = estimate_alpha(photo, trimap, prior, method=method)  # type: ignore[arg-type]
    unknown = trimap == 128
    assert alpha.dtype == np.float32 and alpha.min() >= 0 and alpha.max() <= 1
    assert (alpha[trimap == 0] == 0).all() and (alpha[trimap == 255] == 1).all()
    error = ((alpha - truth)[unknown] ** 2).mean()
    assert error < ((mask - truth)[unknown] ** 2).mean() / (1.5 if method == "guided" else 3)


def test_closed_form_without_a_prior_is_near_the_truth_and_pymattings() -> None:
    photo, truth, mask = coloured_disk(64)
    trimap = mask_trimap(mask, band_share=0.1)
    alpha = estimate_alpha(photo, trimap)
    assert np.abs(alpha - truth)[trimap == 128].mean() < 0.02
    pymatting = pytest.importorskip("pymatting")
    theirs = pymatting.estimate_alpha_cf(
        photo / 255, trimap / 255, laplacian_kwargs={"epsilon": 1e-5}
    )
    assert np.abs(alpha - theirs).mean() < 5e-3


def test_an_exact_masks_side_is_kept() -> None:
    photo, _, mask = coloured_disk()
    trimap = mask_trimap(mask, band_share=0.07)
    prior = outline_prior(mask, half_band_px(mask.shape, band_share=0.07), exact=True)
    alpha = estimate_alpha(photo, trimap, prior)
    assert (alpha[mask] >= 0.5).all() and (alpha[~mask] <= 0.5).all()


def test_a_larger_box_is_solved_smaller_and_comes_out_alike() -> None:
    photo, truth, mask = coloured_disk(256)
    trimap = mask_trimap(mask, band_share=0.05)
    prior = outline_prior(mask, half_band_px(mask.shape, band_share=0.05), exact=True)
    whole = estimate_alpha(photo, trimap, prior)
    capped = estimate_alpha(photo, trimap, prior, solve_long_side_px=96)
    unknown = trimap == 128
    assert np.abs(whole - capped)[unknown].mean() < 0.03
    binary = ((mask - truth)[unknown] ** 2).mean()
    assert ((capped - truth)[unknown] ** 2).mean() < binary / 3
    assert (capped[mask] >= 0.5).all() and (capped[~mask] <= 0.5).all()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1 << 30), height=st.integers(12, 40), width=st.integers(12, 40))
def test_any_photo_gives_a_whole_matte_twice_the_same(seed: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    photo = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    trimap = rng.choice(np.uint8([0, 128, 255]), (height, width), p=[0.2, 0.6, 0.2])
    trimap.flat[:3] = 0, 128, 255
    found = [estimate_alpha(photo, trimap) for _ in range(2)]
    assert np.array_equal(*found)
    assert found[0].min() >= 0 and found[0].max() <= 1
    assert (found[0][trimap == 255] == 1).all()


def test_a_photo_without_windows_keeps_the_start() -> None:
    trimap = np.uint8([[0, 128, 128, 255]])
    alpha = estimate_alpha(np.zeros((1, 4, 3), np.uint8), trimap)
    assert alpha.tolist() == [[0, 0.5, 0.5, 1]]


def test_flat_photos_do_not_break_the_solver() -> None:
    photo = np.full((40, 50, 3), 128, np.uint8)
    mask = np.zeros((40, 50), bool)
    mask[10:30, 15:35] = True
    trimap = mask_trimap(mask, band_share=0.08)
    alpha = estimate_alpha(photo, trimap)
    assert np.isfinite(alpha).all()


def test_hand_made_mattes_are_met_three_times_better_than_by_the_mask(shared_data: Path) -> None:
    errors = []
    for name in ("0", "2", "4", "6", "8"):
        folder = shared_data / "matting/foamliu_composition_crops"
        photo = cv2.imread(str(folder / f"image/{name}.png"))[..., ::-1].copy()
        truth = cv2.imread(str(folder / f"alpha/{name}.png"), cv2.IMREAD_GRAYSCALE) / 255
        mask = truth > 0.5
        trimap = mask_trimap(mask)
        unknown = trimap == 128
        prior = outline_prior(mask, half_band_px(mask.shape), exact=True)
        alpha = estimate_alpha(photo, trimap, prior)
        pair = [((guess - truth)[unknown] ** 2).mean() for guess in (alpha, mask)]
        errors.append(pair)
    ours, binary = np.mean(errors, axis=0)
    assert ours < binary / 3


GOOD = np.repeat(np.uint8([[0, 0, 128, 255, 255]]), 5, axis=0)


@pytest.mark.parametrize(
    ("photo", "trimap", "options", "words"),
    [
        (np.zeros((5, 5), np.uint8), GOOD, {}, "image"),
        (np.zeros((5, 6, 3), np.uint8), GOOD, {}, r"\(5, 6\)"),
        (np.zeros((5, 5, 3), np.uint8), np.where(GOOD == 128, 0, GOOD), {}, "unknown"),
        (np.zeros((5, 5, 3), np.uint8), GOOD, {"method": "magic"}, "closed-form, knn"),
        (np.zeros((5, 5, 3), np.uint8), GOOD, {"solve_long_side_px": 8}, "32 px"),
    ],
)
def test_wrong_input_is_refused_in_words(
    photo: np.ndarray, trimap: np.ndarray, options: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        estimate_alpha(photo, trimap.astype(np.uint8), **options)  # type: ignore[arg-type]


def test_a_missing_pymatting_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pymatting", None)
    with pytest.raises(InputError, match=r"datakit\[matte\]"):
        estimate_alpha(np.zeros((5, 5, 3), np.uint8), GOOD, method="knn")
