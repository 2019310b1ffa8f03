"""Direct implementations from the definitions, in float64 and without any short cut.

They are the references that the fast ones in datakit.core must meet to 1e-6.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np


def slow_sad(pred: np.ndarray, gt: np.ndarray, region: np.ndarray | None = None) -> float:
    weight = np.ones(gt.shape) if region is None else (region > 0)
    return float((np.abs(pred.astype(np.float64) - gt) * weight).sum() / 1000)


def slow_mse(pred: np.ndarray, gt: np.ndarray, region: np.ndarray | None = None) -> float:
    inside = np.ones(gt.shape, bool) if region is None else region > 0
    return float(((pred.astype(np.float64) - gt) ** 2)[inside].mean())


def slow_mad(pred: np.ndarray, gt: np.ndarray, region: np.ndarray | None = None) -> float:
    inside = np.ones(gt.shape, bool) if region is None else region > 0
    return float(np.abs(pred.astype(np.float64) - gt)[inside].mean())


def bell(x: float, sigma: float) -> float:
    return math.exp(-(x**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))


def bell_slope(x: float, sigma: float) -> float:
    return -x * bell(x, sigma) / sigma**2


def dense_unit_kernel(sigma: float = 1.4) -> np.ndarray:
    """The two-dimensional kernel, element by element, then divided by its Frobenius norm."""
    half = math.ceil(sigma * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * sigma * 0.01)))
    kernel = np.array(
        [
            [bell(row, sigma) * bell_slope(column, sigma) for column in range(-half, half + 1)]
            for row in range(-half, half + 1)
        ]
    )
    return kernel / np.sqrt((kernel**2).sum())


def dense_filter(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Convolution with the edge repeated, one kernel element at a time."""
    half = len(kernel) // 2
    padded = np.pad(image, half, mode="edge")
    height, width = image.shape
    total = np.zeros(image.shape)
    for row in range(len(kernel)):
        for column in range(len(kernel)):
            flipped = kernel[len(kernel) - 1 - row, len(kernel) - 1 - column]
            total += flipped * padded[row : row + height, column : column + width]
    return total


def slow_stretch(alpha: np.ndarray) -> np.ndarray:
    low, high = alpha.min(), alpha.max()
    return (alpha - low) / (high - low) if high > low else np.zeros(alpha.shape)


def slow_gradient_unit(pred: np.ndarray, gt: np.ndarray, region: np.ndarray | None = None) -> float:
    kernel = dense_unit_kernel()
    magnitudes = []
    for alpha in (pred, gt):
        stretched = slow_stretch(alpha.astype(np.float64))
        along_x, along_y = dense_filter(stretched, kernel), dense_filter(stretched, kernel.T)
        magnitudes.append(np.sqrt(along_x**2 + along_y**2))
    squares = (magnitudes[0] - magnitudes[1]) ** 2
    return float(squares.sum() if region is None else squares[region > 0].sum())


def slow_gradient_scipy(
    pred: np.ndarray, gt: np.ndarray, region: np.ndarray | None = None
) -> float:
    from scipy.ndimage import gaussian_filter

    magnitudes = []
    for alpha in (pred.astype(np.float64), gt.astype(np.float64)):
        along_y = gaussian_filter(alpha, 1.4, order=[1, 0])
        along_x = gaussian_filter(alpha, 1.4, order=[0, 1])
        magnitudes.append(np.sqrt(along_x**2 + along_y**2))
    squares = (magnitudes[0] - magnitudes[1]) ** 2
    return float(squares.sum() if region is None else squares[region > 0].sum())


def largest_component(at_level: np.ndarray) -> np.ndarray:
    """Breadth-first search from every pixel in reading order; the first largest one wins."""
    seen = np.zeros(at_level.shape, bool)
    best: list[tuple[int, int]] = []
    height, width = at_level.shape
    for start in zip(*np.nonzero(at_level), strict=True):
        if seen[start]:
            continue
        seen[start] = True
        members, queue = [start], deque([start])
        while queue:
            y, x = queue.popleft()
            for pixel in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                inside = 0 <= pixel[0] < height and 0 <= pixel[1] < width
                if inside and at_level[pixel] and not seen[pixel]:
                    seen[pixel] = True
                    members.append(pixel)
                    queue.append(pixel)
        if len(members) > len(best):
            best = members
    found = np.zeros(at_level.shape, bool)
    for pixel in best:
        found[pixel] = True
    return found


def slow_connectivity(
    pred: np.ndarray,
    gt: np.ndarray,
    region: np.ndarray | None = None,
    *,
    levels: tuple[float, ...] = tuple(step / 10 for step in range(11)),
    keep_when_empty: bool = False,
) -> float:
    limits = np.float32(levels)
    pred, gt = pred.astype(np.float64), gt.astype(np.float64)
    connected = np.full(gt.shape, -1.0)
    for step in range(1, len(levels)):
        at_level = (pred >= limits[step]) & (gt >= limits[step])
        if keep_when_empty and not at_level.any():
            continue
        omega = largest_component(at_level)
        connected[(connected == -1) & ~omega] = levels[step - 1]
    connected[connected == -1] = 1
    pred_excess, gt_excess = pred - connected, gt - connected
    pred_phi = 1 - pred_excess * (pred_excess >= 0.15)
    gt_phi = 1 - gt_excess * (gt_excess >= 0.15)
    difference = np.abs(pred_phi - gt_phi)
    return float(difference.sum() if region is None else difference[region > 0].sum())


def slow_ssim(pred: np.ndarray, gt: np.ndarray) -> float:
    """Wang et al. 2004: an 11 x 11 Gaussian window of 1.5 px, windows inside the image only."""
    axis = np.arange(-5, 6)
    window = np.exp(-(axis[:, None] ** 2 + axis[None, :] ** 2) / (2 * 1.5**2))
    window /= window.sum()
    values = []
    for y in range(gt.shape[0] - 10):
        for x in range(gt.shape[1] - 10):
            a = pred[y : y + 11, x : x + 11].astype(np.float64)
            b = gt[y : y + 11, x : x + 11].astype(np.float64)
            mean_a, mean_b = (window * a).sum(), (window * b).sum()
            var_a = (window * (a - mean_a) ** 2).sum()
            var_b = (window * (b - mean_b) ** 2).sum()
            cov = (window * (a - mean_a) * (b - mean_b)).sum()
            values.append(
                (2 * mean_a * mean_b + 0.01**2)
                * (2 * cov + 0.03**2)
                / ((mean_a**2 + mean_b**2 + 0.01**2) * (var_a + var_b + 0.03**2))
            )
    return float(np.mean(values))


def slow_boundary(mask: np.ndarray, reach_px: int) -> np.ndarray:
    """Pixels of the mask with a pixel outside of it, or the outside of the image, within reach."""
    height, width = mask.shape
    found = np.zeros(mask.shape, bool)
    padded = np.pad(mask.astype(bool), reach_px)
    for y in range(height):
        for x in range(width):
            around = padded[y : y + 2 * reach_px + 1, x : x + 2 * reach_px + 1]
            found[y, x] = mask[y, x] and not around.all()
    return found
