"""The gradient error equals its definition, and ignores what it must ignore."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.metrics.gradient_error import (
    SCIPY_KERNEL,
    UNIT_KERNEL,
    gradient_error,
    gradient_errors,
)
from tests.core.sample_mattes import disk, random_pair, real_pairs
from tests.core.slow_metrics import dense_unit_kernel, slow_gradient_scipy, slow_gradient_unit


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 30), height=st.integers(1, 150), width=st.integers(1, 60))
def test_random_mattes_give_the_definitions_values(seed: int, height: int, width: int) -> None:
    pred, gt, region = random_pair(seed, height, width)
    for where in (None, region):
        fast = gradient_error(pred, gt, where)
        assert fast == pytest.approx(slow_gradient_unit(pred, gt, where), rel=2e-6, abs=2e-6)
        fast = gradient_error(pred, gt, where, kernel=SCIPY_KERNEL, stretch=False)
        assert fast == pytest.approx(slow_gradient_scipy(pred, gt, where), rel=2e-6, abs=2e-6)


def test_real_mattes_give_the_definitions_values(shared_data: Path) -> None:
    for name, pred, gt in real_pairs(shared_data, 400):
        slow = slow_gradient_unit(pred, gt)
        assert gradient_error(pred, gt) == pytest.approx(slow, rel=1e-6, abs=1e-6), name
        slow = slow_gradient_scipy(pred, gt)
        fast = gradient_error(pred, gt, kernel=SCIPY_KERNEL, stretch=False)
        assert fast == pytest.approx(slow, rel=1e-6, abs=1e-6), name


def test_the_unit_kernel_is_the_dense_one_in_two_factors() -> None:
    product = np.outer(UNIT_KERNEL.smooth, UNIT_KERNEL.derive)
    assert np.allclose(product, dense_unit_kernel(), rtol=0, atol=1e-15)
    assert UNIT_KERNEL.radius_px == 4 and SCIPY_KERNEL.radius_px == 6


def test_p3m_is_dims_kernel_scaled_with_two_more_taps() -> None:
    inner = np.outer(SCIPY_KERNEL.smooth, SCIPY_KERNEL.derive)[2:-2, 2:-2]
    dense = np.outer(UNIT_KERNEL.smooth, UNIT_KERNEL.derive)
    scale = inner[0, 0] / dense[0, 0]
    assert np.allclose(inner, scale * dense, rtol=1e-12, atol=0)
    # P3M divides the sum of squares by 10 and DIM by 1000.
    assert scale**2 * 100 == pytest.approx(1.0357, abs=1e-4)
    pred, gt = disk(200, 60, 2), disk(200, 62, 1)
    dim = gradient_error(pred, gt) / 1000
    p3m = gradient_error(pred, gt, kernel=SCIPY_KERNEL, stretch=False) / 10
    assert p3m / dim == pytest.approx(1.0357, rel=0.03)


def test_stretching_makes_the_error_blind_to_contrast() -> None:
    gt = disk(120, 40)
    pale = (0.25 + 0.5 * gt).astype(np.float32)
    assert gradient_error(pale, gt) == pytest.approx(0, abs=1e-6)
    assert gradient_error(pale, gt, stretch=False) > 1


def test_equal_is_zero_swapped_is_the_same_and_parts_add_up() -> None:
    pred, gt = disk(90, 30), disk(90, 28, 8, 3)
    inside = (gt > 0.5).astype(np.uint8)
    assert gradient_error(gt, gt) == 0
    assert gradient_error(pred, gt) == pytest.approx(gradient_error(gt, pred), rel=1e-9)
    whole, one, other = gradient_errors(pred, gt, [None, inside, 1 - inside])
    assert one + other == pytest.approx(whole, rel=1e-7)


def test_a_step_has_the_known_value() -> None:
    step = np.zeros((1, 64), np.float32)
    step[:, 32:] = 1
    # On one row the derivative sums the smoothing factor, and the step sums the derivative's tail.
    derive, smooth = np.array(UNIT_KERNEL.derive), np.array(UNIT_KERNEL.smooth)
    response = np.convolve(step[0], derive, "same")[8:-8] * smooth.sum()
    assert gradient_error(np.zeros_like(step), step) == pytest.approx((response**2).sum(), rel=1e-6)
