"""Guided filter: a map is made to follow a photo's edges, also across two resolutions."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
UInt8Image = NDArray[np.uint8]

_STRIP_ROWS = 256


def guided_filter(
    image: UInt8Image, source: FloatArray, radius_px: int, epsilon: float
) -> FloatArray:
    """Smooth a map so that, in every window, it is a linear function of the photo's colours.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB
        The guide.
    source : (H, W) float32
        The map.
    radius_px : int
        Half the window's side.
    epsilon : float
        Regularisation on colours in [0, 1]: below it, contrast counts as flat.

    Returns
    -------
    (H, W) float32
        Not clipped.

    References
    ----------
    He, Sun, Tang: Guided Image Filtering. IEEE Transactions on Pattern Analysis and Machine
    Intelligence, 2013. doi:10.1109/TPAMI.2012.213

    Examples
    --------
    >>> image = np.zeros((9, 16, 3), np.uint8)
    >>> image[:, 8:] = 255
    >>> late = np.zeros((9, 16), np.float32)
    >>> late[:, 9:] = 1
    >>> found = guided_filter(image, late, 3, 1e-4)
    >>> bool(found[4, 7] < 0.2 < 0.6 < found[4, 8])
    True
    """
    weights = _mean_coefficients(image, source, radius_px, epsilon)
    return _apply(image, weights)


def guided_upsample(
    image: UInt8Image,
    small_image: UInt8Image,
    small_source: FloatArray,
    radius_px: int,
    epsilon: float,
) -> FloatArray:
    """Enlarge a map to a photo's size along the photo's edges.

    The linear functions are found on the small pair and used on the large photo, in strips: memory
    grows by the map alone.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB
        The large photo.
    small_image : (h, w, 3) uint8 RGB
        The same photo, smaller.
    small_source : (h, w) float32
        The map at the small size.
    radius_px, epsilon : int, float
        As in `guided_filter`, at the small size.

    Returns
    -------
    (H, W) float32
        Not clipped.

    References
    ----------
    He, Sun: Fast Guided Filter. arXiv:1505.00996, 2015.
    """
    weights = _mean_coefficients(small_image, small_source, radius_px, epsilon)
    return _apply(image, weights)


def _mean_coefficients(
    image: UInt8Image, source: FloatArray, radius_px: int, epsilon: float
) -> FloatArray:
    """Weights of red, green, blue and the constant, averaged over windows, (h, w, 4)."""
    guide = image.astype(np.float64) / 255
    values = source.astype(np.float64)
    guide_mean = _box(guide, radius_px)
    value_mean = _box(values, radius_px)
    covariance = _box(guide * values[..., None], radius_px) - guide_mean * value_mean[..., None]
    spread = np.empty((*source.shape, 3, 3))
    for row in range(3):
        for column in range(row, 3):
            product = _box(guide[..., row] * guide[..., column], radius_px)
            product -= guide_mean[..., row] * guide_mean[..., column]
            spread[..., row, column] = spread[..., column, row] = product
    spread[..., range(3), range(3)] += epsilon
    slope = np.linalg.solve(spread, covariance[..., None])[..., 0]
    constant = value_mean - (slope * guide_mean).sum(axis=-1)
    weights = np.concatenate([slope, constant[..., None]], axis=-1)
    averaged: FloatArray = _box(weights, radius_px).astype(np.float32)
    return averaged


def _apply(image: UInt8Image, weights: FloatArray) -> FloatArray:
    """Evaluate the (enlarged) weights on the photo's colours, strip by strip."""
    height, width = image.shape[:2]
    result = np.empty((height, width), np.float32)
    for top in range(0, height, _STRIP_ROWS):
        rows = slice(top, min(top + _STRIP_ROWS, height))
        strip = _rows_of(weights, rows, (height, width))
        colours = image[rows].astype(np.float32) / 255
        result[rows] = (strip[..., :3] * colours).sum(axis=-1) + strip[..., 3]
    return result


def _rows_of(weights: FloatArray, rows: slice, full_hw: tuple[int, int]) -> FloatArray:
    """Rows of the weights as if enlarged to the full size (bilinear, pixel centres aligned)."""
    height, width = full_hw
    if weights.shape[:2] == full_hw:
        return weights[rows]
    scale_y, scale_x = weights.shape[0] / height, weights.shape[1] / width
    y = (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5) * scale_y - 0.5
    x = (np.arange(width, dtype=np.float32) + 0.5) * scale_x - 0.5
    grid_x, grid_y = np.meshgrid(x, y)
    enlarged: FloatArray = cv2.remap(
        weights, grid_x, grid_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return enlarged


def _box(values: NDArray[np.float64], radius_px: int) -> NDArray[np.float64]:
    side = 2 * radius_px + 1
    mean: NDArray[np.float64] = cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT)
    return mean
