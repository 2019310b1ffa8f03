"""The gradient error of a matte: how far its edges are from the true ones in strength.

Rhemann et al. 2009 compare the magnitudes of Gaussian derivatives (sigma 1.4 px) of both mattes.
Public evaluation codes agree on that and differ in the kernel's scale, its length and the border:
`GradientKernel` holds these choices, `UNIT_KERNEL` and `SCIPY_KERNEL` are the two in use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from datakit.core.images.tiles import Window, tiles, window_that_differs
from datakit.core.metrics.exact_sums import square_sum

FloatArray = NDArray[np.float32]
Region = NDArray[np.uint8] | None

GRADIENT_SIGMA_PX = 1.4
_TILE_ROWS = 128
_TILE_COLUMNS = 1024


@dataclass(frozen=True)
class GradientKernel:
    """A separable first derivative of a Gaussian.

    Parameters
    ----------
    smooth, derive : tuple of float
        The two factors, of one odd length.
    border : int
        OpenCV border type for pixels outside the image.
    """

    smooth: tuple[float, ...]
    derive: tuple[float, ...]
    border: int

    @property
    def radius_px(self) -> int:
        """Pixels the kernel reaches to each side."""
        return len(self.smooth) // 2


def _unit_kernel(sigma_px: float) -> GradientKernel:
    """Cut where the Gaussian falls below 1 %, both factors scaled to Euclidean length 1."""
    tail = np.sqrt(2 * np.pi) * sigma_px * 1e-2
    radius = int(np.ceil(sigma_px * np.sqrt(-2 * np.log(tail))))
    x = np.arange(-radius, radius + 1)
    smooth = np.exp(-(x**2) / (2 * sigma_px**2))
    derive = -x * smooth
    return GradientKernel(
        tuple(smooth / np.linalg.norm(smooth)),
        tuple(derive / np.linalg.norm(derive)),
        cv2.BORDER_REPLICATE,
    )


def _scipy_kernel(sigma_px: float) -> GradientKernel:
    """Cut at 4 sigma, the Gaussian scaled to sum 1, the border mirrored, as scipy.ndimage does."""
    radius = int(4 * sigma_px + 0.5)
    x = np.arange(-radius, radius + 1)
    smooth = np.exp(-(x**2) / (2 * sigma_px**2))
    smooth /= smooth.sum()
    return GradientKernel(tuple(smooth), tuple(-x / sigma_px**2 * smooth), cv2.BORDER_REFLECT)


UNIT_KERNEL = _unit_kernel(GRADIENT_SIGMA_PX)
SCIPY_KERNEL = _scipy_kernel(GRADIENT_SIGMA_PX)


def gradient_error(
    pred: FloatArray,
    gt: FloatArray,
    region: Region = None,
    *,
    kernel: GradientKernel = UNIT_KERNEL,
    stretch: bool = True,
) -> float:
    """Sum of squared differences of the two mattes' gradient magnitudes.

    Parameters
    ----------
    pred, gt : (H, W) float32 in [0, 1]
        The matte to judge and the true one.
    region : (H, W) uint8, optional
        Pixels to count (nonzero); the whole image when absent.
    kernel : GradientKernel
        Scale, length and border of the derivative.
    stretch : bool
        Bring each matte's minimum to 0 and maximum to 1 first, as MATLAB's ``mat2gray``.

    Returns
    -------
    float
        The raw sum, in squared gradient units; profiles scale it.

    References
    ----------
    Rhemann, Rother, Wang, Gelautz, Kohli, Rott: A Perceptually Motivated Online Benchmark for
    Image Matting. CVPR 2009.

    Examples
    --------
    >>> edge = np.repeat(np.float32([[0, 0, 0, 0, 1, 1, 1, 1]]), 8, axis=0)
    >>> gradient_error(edge, edge)
    0.0
    >>> round(gradient_error(np.zeros_like(edge), edge), 3)
    156.726
    """
    return gradient_errors(pred, gt, [region], kernel=kernel, stretch=stretch)[0]


def gradient_errors(
    pred: FloatArray,
    gt: FloatArray,
    regions: Sequence[Region],
    *,
    kernel: GradientKernel = UNIT_KERNEL,
    stretch: bool = True,
) -> list[float]:
    """`gradient_error` for several regions in one pass, in their order."""
    pred_gain = _stretch_gain(pred) if stretch else 1.0
    gt_gain = _stretch_gain(gt) if stretch else 1.0
    sums = [0.0] * len(regions)
    height, width = gt.shape
    for tile in tiles(height, width, _TILE_ROWS, _TILE_COLUMNS):
        window: Window | None = tile
        if pred_gain == gt_gain:
            window = window_that_differs(pred, gt, tile, kernel.radius_px)
        if window is None:
            continue
        pred_magnitude = _magnitude(pred, window, kernel, pred_gain)
        gt_magnitude = _magnitude(gt, window, kernel, gt_gain)
        for index, region in enumerate(regions):
            mask = None if region is None else region[window.slices]
            sums[index] += square_sum(pred_magnitude, gt_magnitude, mask)
    return sums


def _stretch_gain(alpha: FloatArray) -> float:
    """Factor of a min-max stretch; its offset drops out, since the derivative sums to zero."""
    low, high, _, _ = cv2.minMaxLoc(alpha)
    return 1.0 / (high - low) if high > low else 1.0


def _magnitude(
    alpha: FloatArray, window: Window, kernel: GradientKernel, gain: float
) -> FloatArray:
    """Gradient magnitude times gain on a window, seeing the pixels around the window."""
    around = window.grown(kernel.radius_px, *alpha.shape)
    smooth = np.asarray(kernel.smooth, np.float32)
    derive = np.asarray(kernel.derive, np.float32) * np.float32(gain)
    # A copy: OpenCV's filters round differently on rows at another alignment.
    seen = np.ascontiguousarray(alpha[around.slices])
    along_x = cv2.sepFilter2D(seen, cv2.CV_32F, derive, smooth, borderType=kernel.border)
    along_y = cv2.sepFilter2D(seen, cv2.CV_32F, smooth, derive, borderType=kernel.border)
    inner = np.s_[
        window.top - around.top : window.bottom - around.top,
        window.left - around.left : window.right - around.left,
    ]
    along_x, along_y = along_x[inner], along_y[inner]
    magnitude: FloatArray = along_x * along_x
    magnitude += along_y * along_y
    return np.sqrt(magnitude, out=magnitude)
