"""Matting errors: the definitions, the profiles' differences, and known values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.metrics.matting_metrics import PROFILES, mad, matting_errors, mse, sad
from datakit.errors import InputError
from tests.core import slow_metrics as slow
from tests.core.sample_mattes import disk, random_pair, real_pairs


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1 << 30), height=st.integers(1, 40), width=st.integers(1, 40))
def test_random_mattes_give_the_definitions_values(seed: int, height: int, width: int) -> None:
    pred, gt, region = random_pair(seed, height, width)
    for where in (None, region):
        assert sad(pred, gt, where) == pytest.approx(slow.slow_sad(pred, gt, where), abs=1e-6)
        assert mse(pred, gt, where) == pytest.approx(slow.slow_mse(pred, gt, where), abs=1e-6)
        assert mad(pred, gt, where) == pytest.approx(slow.slow_mad(pred, gt, where), abs=1e-6)


def test_real_mattes_give_the_definitions_values_in_every_profile(shared_data: Path) -> None:
    for name, pred, gt in real_pairs(shared_data, 160)[:3]:
        trimap = np.where((gt > 0.05) & (gt < 0.95), 128, np.where(gt >= 0.95, 255, 0))
        trimap = trimap.astype(np.uint8)
        unknown = (trimap == 128).astype(np.uint8)
        forced = pred.copy()
        forced[trimap == 255], forced[trimap == 0] = 1, 0
        dim = matting_errors(pred, gt, trimap, "dim")
        p3m = matting_errors(pred, gt, trimap, "p3m")
        rvm = matting_errors(pred, gt, trimap, "rvm")
        expected = {
            "sad": slow.slow_sad(pred, gt),
            "mse_unknown": slow.slow_mse(pred, gt, unknown),
            "grad_unknown": slow.slow_gradient_unit(pred, gt, unknown) / 1000,
            "conn_unknown": slow.slow_connectivity(pred, gt, unknown) / 1000,
            "sad_fg": slow.slow_sad(pred, gt, (trimap == 255).astype(np.uint8)),
            "sad_bg": slow.slow_sad(pred, gt, (trimap == 0).astype(np.uint8)),
        }
        for key, value in expected.items():
            assert dim[key] == pytest.approx(value, rel=1e-6, abs=1e-6), (name, key)
        assert rvm["mad"] == pytest.approx(1000 * slow.slow_mad(pred, gt), rel=1e-6), name
        assert p3m["sad_unknown"] == pytest.approx(slow.slow_sad(forced, gt), rel=1e-6), name
        assert p3m["grad"] == pytest.approx(slow.slow_gradient_scipy(pred, gt) / 10, rel=1e-6), name


def test_a_shifted_disk_has_the_known_area_of_difference() -> None:
    side, radius, shift = 400, 120.0, 30.0
    pred, gt = disk(side, radius, 1, shift), disk(side, radius, 1)
    # Two circles of radius r whose centres are d apart share 2 r^2 acos(d/2r) - d/2 sqrt(4r^2-d^2).
    shared = 2 * radius**2 * np.arccos(shift / (2 * radius))
    shared -= shift / 2 * np.sqrt(4 * radius**2 - shift**2)
    difference = 2 * (np.pi * radius**2 - shared)
    errors = matting_errors(pred, gt)
    assert errors["sad"] * 1000 == pytest.approx(difference, rel=2e-3)
    assert errors["mad"] == pytest.approx(difference / side**2, rel=2e-3)


@pytest.mark.parametrize("profile", PROFILES)
def test_equal_mattes_have_no_error(profile: str) -> None:
    gt = disk(64, 20)
    trimap = np.where(gt == 0, 0, np.where(gt == 1, 255, 128)).astype(np.uint8)
    errors = matting_errors(gt, gt, trimap, profile)
    assert len(errors) == 12
    assert all(value == 0 for value in errors.values())


def test_sad_grows_with_the_resolution_and_mse_does_not() -> None:
    pred, gt = disk(100, 30, 8), disk(100, 32, 8)
    twice = [np.repeat(np.repeat(alpha, 2, 0), 2, 1) for alpha in (pred, gt)]
    small, large = matting_errors(pred, gt), matting_errors(twice[0], twice[1])
    assert large["sad"] == pytest.approx(4 * small["sad"])
    assert large["mse"] == pytest.approx(small["mse"])


def test_parts_of_sad_add_up() -> None:
    pred, gt = disk(80, 22, 6, 4), disk(80, 24, 6)
    trimap = np.where(gt < 0.1, 0, np.where(gt > 0.9, 255, 128)).astype(np.uint8)
    errors = matting_errors(pred, gt, trimap, "dim")
    parts = errors["sad_unknown"] + errors["sad_fg"] + errors["sad_bg"]
    assert parts == pytest.approx(errors["sad"], rel=1e-7)


FLAT = np.zeros((4, 6), np.float32)


@pytest.mark.parametrize(
    ("pred", "gt", "trimap", "words"),
    [
        (FLAT[:3], FLAT, None, r"\(4, 6\).*\(3, 6\)"),
        (FLAT + np.nan, FLAT, None, "prediction.*NaN"),
        (FLAT, FLAT + np.nan, None, "ground truth.*NaN"),
        (FLAT + 255, FLAT, None, r"\[0, 1\], found 255"),
        (FLAT.astype(np.uint8), FLAT, None, "float32"),
        (FLAT[..., None], FLAT, None, r"\(H, W\)"),
        (FLAT, FLAT, np.zeros((4, 5), np.uint8), r"\(4, 5\)"),
        (FLAT, FLAT, np.zeros((4, 6), np.uint8), "unknown"),
        (FLAT, FLAT, np.full((4, 6), 127, np.uint8), "24 other"),
    ],
)
def test_wrong_arrays_are_refused_in_words(
    pred: np.ndarray, gt: np.ndarray, trimap: np.ndarray | None, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        matting_errors(pred, gt, trimap)


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="dim, p3m, p3m-arange, rvm"):
        matting_errors(FLAT, FLAT, profile="dimm")
