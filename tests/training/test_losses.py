"""Losses against their definitions, written out pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from datakit.core.metrics.ssim import ssim
from datakit.errors import InputError
from datakit.training.losses import PortraitLoss, alpha_bce, alpha_mse, ssim_loss


def pair(seed: int, height: int = 24, width: int = 17) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    true = 1 / (1 + np.exp(-(rows - columns + rng.normal())))
    pred = np.clip(true + rng.normal(0, 0.2, true.shape), 0, 1)
    return pred.astype(np.float32), true.astype(np.float32)


def batch(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array)[None, None]


def slow_ssim(pred: np.ndarray, true: np.ndarray) -> float:
    axis = np.arange(11) - 5.0
    kernel = np.exp(-(axis**2) / (2 * 1.5**2))
    window = np.outer(kernel, kernel) / kernel.sum() ** 2
    values = []
    for top in range(pred.shape[0] - 10):
        for left in range(pred.shape[1] - 10):
            x = pred[top : top + 11, left : left + 11].astype(float)
            y = true[top : top + 11, left : left + 11].astype(float)
            mean_x, mean_y = (window * x).sum(), (window * y).sum()
            var_x = (window * (x - mean_x) ** 2).sum()
            var_y = (window * (y - mean_y) ** 2).sum()
            covariance = (window * (x - mean_x) * (y - mean_y)).sum()
            upper = (2 * mean_x * mean_y + 1e-4) * (2 * covariance + 9e-4)
            values.append(upper / ((mean_x**2 + mean_y**2 + 1e-4) * (var_x + var_y + 9e-4)))
    return float(np.mean(values))


@pytest.mark.parametrize("seed", range(4))
def test_each_loss_is_its_definition(seed: int) -> None:
    pred, true = pair(seed)
    assert alpha_mse(batch(pred), batch(true)) == pytest.approx(((pred - true) ** 2).mean())
    expected = 1 - slow_ssim(pred, true)
    assert float(ssim_loss(batch(pred), batch(true))) == pytest.approx(expected, abs=2e-5)
    assert 1 - ssim(pred, true) == pytest.approx(expected, abs=1e-6)
    logits = np.random.default_rng(seed).normal(0, 3, pred.shape).astype(np.float32)
    total = 0.0
    for logit, truth in zip(logits.ravel().tolist(), true.ravel().tolist(), strict=True):
        p = 1 / (1 + math.exp(-logit))
        total -= truth * math.log(p) + (1 - truth) * math.log(1 - p)
    assert float(alpha_bce(batch(logits), batch(true))) == pytest.approx(
        total / pred.size, abs=1e-5
    )


def test_the_sum_weighs_its_parts_and_the_side_outputs() -> None:
    torch.manual_seed(0)
    logits = [torch.randn(2, 1, 16, 16) for _ in range(3)]
    true = torch.rand(2, 1, 16, 16)
    parts = PortraitLoss(2.0, 0.5, 3.0)(logits, true)
    pred = torch.sigmoid(logits[0])
    sides = alpha_bce(logits[1], true) + alpha_bce(logits[2], true)
    expected = (
        2 * alpha_mse(pred, true)
        + 0.5 * ssim_loss(pred, true)
        + 3 * (alpha_bce(logits[0], true) + sides)
    )
    assert float(parts["total"]) == pytest.approx(float(expected), rel=1e-6)
    assert float(parts["sides"]) == pytest.approx(float(sides), rel=1e-6)


def test_gradients_are_those_of_finite_differences() -> None:
    torch.manual_seed(1)
    logits = torch.randn(1, 1, 12, 12, dtype=torch.float64, requires_grad=True)
    true = torch.rand(1, 1, 12, 12, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: PortraitLoss()((x,), true)["total"], (logits,))


def test_equal_alphas_have_no_loss_but_the_labels_entropy() -> None:
    true = (torch.rand(1, 1, 16, 16) > 0.5).float()
    parts = PortraitLoss()(((true - 0.5) * 200,), true)
    assert float(parts["total"]) < 1e-5


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="11 px"):
        ssim_loss(torch.zeros(1, 1, 8, 20), torch.zeros(1, 1, 8, 20))
    for weights in ((0, 0, 0), (-1, 1, 1)):
        with pytest.raises(InputError, match="loss weights"):
            PortraitLoss(*weights)
