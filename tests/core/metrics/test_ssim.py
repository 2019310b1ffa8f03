"""SSIM equals the paper's definition, and scikit-image's implementation of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.metrics.ssim import ssim
from datakit.errors import InputError
from tests.core.sample_mattes import disk, random_pair, real_pairs
from tests.core.slow_metrics import slow_ssim


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1 << 30), height=st.integers(11, 90), width=st.integers(11, 30))
def test_random_mattes_give_the_definitions_values(seed: int, height: int, width: int) -> None:
    pred, gt, _ = random_pair(seed, height, width)
    assert ssim(pred, gt) == pytest.approx(slow_ssim(pred, gt), abs=1e-6)


def test_real_mattes_give_scikit_images_values(shared_data: Path) -> None:
    metrics = pytest.importorskip("skimage.metrics")
    for name, pred, gt in real_pairs(shared_data, 600):
        expected = metrics.structural_similarity(
            pred.astype(np.float64),
            gt.astype(np.float64),
            data_range=1,
            gaussian_weights=True,
            use_sample_covariance=False,
        )
        assert ssim(pred, gt) == pytest.approx(expected, abs=1e-6), name


def test_equal_is_one_and_swapped_is_the_same() -> None:
    pred, gt = disk(90, 30), disk(90, 28, 8, 3)
    assert ssim(gt, gt) == 1
    assert ssim(pred, gt) == pytest.approx(ssim(gt, pred), rel=1e-12)


def test_flat_mattes_have_the_known_value() -> None:
    low, high = np.float32(0.25), np.float32(0.75)
    expected = (2 * 0.25 * 0.75 + 1e-4) / (0.25**2 + 0.75**2 + 1e-4)
    assert ssim(np.full((20, 30), low), np.full((20, 30), high)) == pytest.approx(expected)


def test_small_or_unequal_mattes_are_refused_in_words() -> None:
    with pytest.raises(InputError, match="30x10"):
        ssim(np.zeros((10, 30), np.float32), np.zeros((10, 30), np.float32))
    with pytest.raises(InputError, match="one shape"):
        ssim(np.zeros((20, 30), np.float32), np.zeros((20, 31), np.float32))
