"""Sums equal their definitions, and do not depend on where the arrays lie."""

from __future__ import annotations

import numpy as np
import pytest

from datakit.core.metrics.exact_sums import absolute_sum, square_sum
from datakit.core.metrics.matting_metrics import matting_errors
from datakit.core.metrics.ssim import ssim
from tests.core.sample_mattes import random_pair


def moved(array: np.ndarray, by: int) -> np.ndarray:
    """Return a copy that starts at another alignment."""
    buffer = np.empty(array.size + 64, array.dtype)
    start = (-buffer.ctypes.data // array.itemsize) % 16 + by
    copy = buffer[start : start + array.size].reshape(array.shape)
    copy[:] = array
    return copy


def test_sums_are_the_definitions() -> None:
    pred, gt, region = random_pair(3, 31, 45)
    inside = region > 0
    wide = pred.astype(np.float64) - gt
    assert absolute_sum(pred, gt) == pytest.approx(np.abs(wide).sum(), rel=1e-6)
    assert absolute_sum(pred, gt, region) == pytest.approx(np.abs(wide)[inside].sum(), rel=1e-6)
    assert square_sum(pred, gt) == pytest.approx((wide**2).sum(), rel=1e-6)
    assert square_sum(pred, gt, region) == pytest.approx((wide**2)[inside].sum(), rel=1e-6)


def test_metrics_are_the_same_to_the_last_bit_at_every_alignment() -> None:
    pred, gt, region = random_pair(5, 71, 83)
    trimap = np.where(region > 0, 128, 0).astype(np.uint8)
    found = set()
    for by in range(16):
        first, second = moved(pred, by), moved(gt, (5 * by) % 16)
        errors = matting_errors(first, second, moved(trimap, by))
        found.add((*errors.values(), ssim(first, second)))
    assert len(found) == 1
