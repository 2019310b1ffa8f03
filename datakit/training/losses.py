"""Losses between a predicted and a true alpha: squared error, structure, cross entropy."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from datakit.errors import InputError

WINDOW_PX = 11
SIGMA_PX = 1.5
_C1, _C2 = 0.01**2, 0.03**2


def alpha_mse(pred: Tensor, true: Tensor, known: Tensor | None = None) -> Tensor:
    """Mean squared error of alphas.

    Parameters
    ----------
    pred, true : (N, 1, H, W) float32 in [0, 1]
    known : (N, 1, H, W) bool, optional
        The pixels that count; all when None.

    Returns
    -------
    scalar tensor
        In [0, 1].

    Examples
    --------
    >>> alpha_mse(torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 0.5))
    tensor(0.2500)
    """
    return _mean(functional.mse_loss(pred, true, reduction="none"), known)


def ssim_loss(pred: Tensor, true: Tensor) -> Tensor:
    """One less the mean structural similarity, the mean over all windows that lie inside.

    The window is an 11 x 11 Gaussian of 1.5 px, variances are the window's own, K1 = 0.01,
    K2 = 0.03 and the dynamic range is 1: the definition of `datakit.core.metrics.ssim`, which
    ``eval`` uses, here with a gradient.

    Parameters
    ----------
    pred, true : (N, 1, H, W) float32 in [0, 1], each side at least 11 px

    Returns
    -------
    scalar tensor
        In [0, 2]; 0 for equal alphas.

    Raises
    ------
    InputError
        If a side is shorter than the window.

    References
    ----------
    Wang, Bovik, Sheikh, Simoncelli: Image Quality Assessment: From Error Visibility to Structural
    Similarity. IEEE TIP 13 (2004), doi:10.1109/TIP.2003.819861.

    Examples
    --------
    >>> ramp = torch.linspace(0, 1, 16).expand(1, 1, 16, 16)
    >>> bool(ssim_loss(ramp, ramp).abs() < 1e-6), bool(ssim_loss(ramp, 1 - ramp) > 0.5)
    (True, True)
    """
    if min(true.shape[-2:]) < WINDOW_PX:
        raise InputError(
            f"SSIM loss: expected sides of at least {WINDOW_PX} px, found {tuple(true.shape[-2:])}"
        )
    # Five filters in one pass: two means and three second moments.
    stacked = torch.cat((pred, true, pred * pred, true * true, pred * true), 1)
    mean_p, mean_t, square_p, square_t, product = _window_means(stacked).unbind(1)
    both = mean_p * mean_t
    covariance = product - both
    variances = square_p - mean_p * mean_p + square_t - mean_t * mean_t
    upper = (2 * both + _C1) * (2 * covariance + _C2)
    lower = (mean_p * mean_p + mean_t * mean_t + _C1) * (variances + _C2)
    return 1 - (upper / lower).mean()


def alpha_bce(logits: Tensor, true: Tensor, known: Tensor | None = None) -> Tensor:
    """Binary cross entropy of logits against soft labels, the mean over all pixels.

    ``- true log s(x) - (1 - true) log(1 - s(x))`` with the logistic function s, computed without
    overflow. Its least value is the labels' own entropy: 0 only for hard ones.

    Parameters
    ----------
    logits : (N, 1, H, W) float32
    true : (N, 1, H, W) float32 in [0, 1]
    known : (N, 1, H, W) bool, optional
        The pixels that count; all when None.

    Returns
    -------
    scalar tensor

    Examples
    --------
    >>> alpha_bce(torch.zeros(1, 1, 2, 2), torch.ones(1, 1, 2, 2))
    tensor(0.6931)
    """
    entropy = functional.binary_cross_entropy_with_logits(logits, true, reduction="none")
    return _mean(entropy, known)


class PortraitLoss(nn.Module):
    """``mse * alpha_mse + ssim * ssim_loss + bce * alpha_bce`` of the final map.

    A deeply supervised network's side outputs add their `alpha_bce` each, as U²-Net is trained.

    Parameters
    ----------
    mse, ssim, bce : float
        Weights of the three, 0 or more.

    Examples
    --------
    >>> parts = PortraitLoss()((torch.zeros(1, 1, 16, 16),), torch.ones(1, 1, 16, 16))
    >>> sorted(parts)
    ['bce', 'mse', 'sides', 'ssim', 'total']
    """

    def __init__(self, mse: float = 1.0, ssim: float = 1.0, bce: float = 1.0) -> None:
        super().__init__()
        if min(mse, ssim, bce) < 0 or max(mse, ssim, bce) == 0:
            raise InputError(
                f"loss weights: expected some above 0 and none below, found {mse}, {ssim}, {bce}"
            )
        self.weights = {"mse": mse, "ssim": ssim, "bce": bce}

    def forward(
        self, logits: Sequence[Tensor], true: Tensor, known: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Return ``total`` and its parts (before their weights) as scalar tensors.

        Parameters
        ----------
        logits : sequence of (N, 1, H, W) float32
            The final map, then side outputs.
        true : (N, 1, H, W) float32 in [0, 1]
        known : (N, 1, H, W) bool, optional
            False where the truth is unknown: these pixels have no part in the loss.
        """
        final = logits[0]
        pred = torch.sigmoid(final)
        alike = pred if known is None else torch.where(known, pred, true)
        parts = {
            "mse": alpha_mse(pred, true, known),
            "ssim": ssim_loss(alike, true),
            "bce": alpha_bce(final, true, known),
            "sides": torch.stack([alpha_bce(side, true, known) for side in logits[1:]]).sum()
            if len(logits) > 1
            else torch.zeros((), device=true.device),
        }
        total = parts["sides"] * self.weights["bce"]
        for name, weight in self.weights.items():
            if weight:
                total = total + weight * parts[name]
        return {"total": total, **parts}


def _mean(values: Tensor, known: Tensor | None) -> Tensor:
    """Return the mean over the pixels that count; 0 when none does."""
    if known is None:
        return values.mean()
    return (values * known).sum() / known.sum().clamp(min=1)


def _window_means(stacked: Tensor) -> Tensor:
    """Return the Gaussian means of every channel over the windows that lie inside."""
    channels = stacked.shape[1]
    axis = torch.arange(WINDOW_PX, dtype=stacked.dtype, device=stacked.device) - WINDOW_PX // 2
    kernel = torch.exp(-(axis**2) / (2 * SIGMA_PX**2))
    kernel = (kernel / kernel.sum()).expand(channels, 1, -1)
    down = functional.conv2d(stacked, kernel[..., None], groups=channels)
    return functional.conv2d(down, kernel[:, :, None], groups=channels)
