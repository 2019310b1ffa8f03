"""Structural similarity of two mattes (Wang, Bovik, Sheikh, Simoncelli 2004)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from datakit.core.images.tiles import Window, tiles, window_that_differs
from datakit.errors import InputError

FloatArray = NDArray[np.float32]
DoubleArray = NDArray[np.float64]

WINDOW_PX = 11
_HALF_PX = WINDOW_PX // 2
_SIGMA_PX = 1.5
_C1 = 0.01**2
_C2 = 0.03**2
_TILE_ROWS = 128
_TILE_COLUMNS = 512


def ssim(pred: FloatArray, gt: FloatArray) -> float:
    """Mean structural similarity over all windows that lie inside the image.

    Parameters
    ----------
    pred, gt : (H, W) float32 in [0, 1]
        Two mattes, each side at least 11 px.

    Returns
    -------
    float
        In [-1, 1]; 1 for equal mattes. Symmetric in its arguments. The window is an 11 x 11
        Gaussian of 1.5 px, variances are the window's own (not sample estimates), K1 = 0.01,
        K2 = 0.03, the range is 1: the definition of the paper, which
        ``skimage.metrics.structural_similarity(..., gaussian_weights=True,
        use_sample_covariance=False, data_range=1)`` computes too.

    Raises
    ------
    InputError
        If the shapes differ or a side is below 11 px.

    References
    ----------
    Wang, Bovik, Sheikh, Simoncelli: Image Quality Assessment: From Error Visibility to Structural
    Similarity. IEEE Transactions on Image Processing, 2004. doi:10.1109/TIP.2003.819861

    Examples
    --------
    >>> ramp = np.tile(np.linspace(0, 1, 32, dtype=np.float32), (32, 1))
    >>> ssim(ramp, ramp)
    1.0
    >>> round(ssim(ramp, 1 - ramp), 3)
    -0.501
    """
    if pred.shape != gt.shape:
        raise InputError(f"ssim: expected mattes of one shape, found {pred.shape} and {gt.shape}")
    height, width = gt.shape
    if min(height, width) < WINDOW_PX:
        raise InputError(f"ssim: expected sides of at least 11 px, found {width}x{height}")
    total = 0.0
    for tile in tiles(height - 2 * _HALF_PX, width - 2 * _HALF_PX, _TILE_ROWS, _TILE_COLUMNS):
        # A tile is of window centres; they start half a window inside the image.
        centres = Window(*(edge + _HALF_PX for edge in tile))
        total += _similarity_sum(pred, gt, centres)
    return total / ((height - 2 * _HALF_PX) * (width - 2 * _HALF_PX))


def ssim_map(pred: FloatArray, gt: FloatArray) -> DoubleArray:
    """Return the structural similarity of the window around each pixel.

    Parameters
    ----------
    pred, gt : (H, W) float32 in [0, 1]
        Beyond their border they are mirrored.

    Returns
    -------
    (H, W) float64
        In [-1, 1], by the definition of `ssim`.

    Examples
    --------
    >>> ramp = np.tile(np.linspace(0, 1, 32, dtype=np.float32), (32, 1))
    >>> bool(abs(ssim_map(ramp, 1 - ramp)[5:-5, 5:-5].mean() - ssim(ramp, 1 - ramp)) < 1e-9)
    True
    """
    border = (_HALF_PX,) * 4
    padded = (
        cv2.copyMakeBorder(one, *border, cv2.BORDER_REFLECT_101).astype(np.float64)
        for one in (pred, gt)
    )
    return _similarity(*padded)


def _similarity_sum(pred: FloatArray, gt: FloatArray, centres: Window) -> float:
    """Sum of the similarity over the windows with these centres."""
    count = (centres.bottom - centres.top) * (centres.right - centres.left)
    changed = window_that_differs(pred, gt, centres, _HALF_PX)
    if changed is None:
        return float(count)
    seen = changed.grown(_HALF_PX, *gt.shape).slices
    similarity = _similarity(pred[seen].astype(np.float64), gt[seen].astype(np.float64))
    # Windows without a differing pixel are exactly 1 and are not computed.
    return float(similarity.sum()) + count - similarity.size


def _similarity(pred: DoubleArray, gt: DoubleArray) -> DoubleArray:
    """Similarity of each window that lies inside the arrays."""
    mean_pred, mean_gt = _window_mean(pred), _window_mean(gt)
    # Sum and difference carry all three second moments in two filters instead of three.
    mean_square_sum = _window_mean(np.square(pred + gt))
    mean_square_difference = _window_mean(np.square(pred - gt))
    product = mean_pred * mean_gt
    squares = mean_pred * mean_pred + mean_gt * mean_gt
    variances = 0.5 * (mean_square_sum + mean_square_difference) - squares
    covariance = 0.25 * (mean_square_sum - mean_square_difference) - product
    upper = (2 * product + _C1) * (2 * covariance + _C2)
    lower = (squares + _C1) * (variances + _C2)
    similarity: DoubleArray = upper / lower
    return similarity


def _window_mean(values: DoubleArray) -> DoubleArray:
    axis = np.arange(-_HALF_PX, _HALF_PX + 1)
    kernel = np.exp(-(axis**2) / (2 * _SIGMA_PX**2))
    kernel /= kernel.sum()
    means = cv2.sepFilter2D(values, cv2.CV_64F, kernel, kernel)
    inside: DoubleArray = means[_HALF_PX:-_HALF_PX, _HALF_PX:-_HALF_PX]
    return inside
