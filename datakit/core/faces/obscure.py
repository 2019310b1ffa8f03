"""Make the masked pixels of an image unrecognisable, and leave all others as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

# A Gaussian of more than 8 pixels is taken on an image shrunk to this many pixels a sigma: box and
# linear interpolation then change the variance by less than 1 %, at a fraction of the time.
_SIGMA_SHRUNK_PX = 8.0
_TRUNCATE = 3.0


def gaussian(image: Image, mask: Mask, sigma_px: float) -> Image:
    """Blur the masked pixels among themselves.

    A normalised convolution (Knutsson and Westin 1993): each masked pixel becomes the
    Gaussian-weighted mean of the masked pixels around it. Nothing outside feeds it, and nothing
    outside changes.

    Parameters
    ----------
    image : (H, W, 3) uint8
    mask : (H, W) bool
    sigma_px : float
        Standard deviation; must be positive.

    Returns
    -------
    (H, W, 3) uint8
        A copy, equal to `image` outside of `mask`.

    Raises
    ------
    InputError
        If the shapes do not fit or `sigma_px` is not positive.

    Examples
    --------
    >>> image = np.zeros((1, 4, 3), np.uint8); image[0, 1:3] = [[10] * 3, [30] * 3]
    >>> gaussian(image, np.array([[False, True, True, False]]), 100.0)[0, :, 0].tolist()
    [0, 20, 20, 0]
    """
    _check(image, mask, sigma_px)
    result = image.copy()
    window = _window(mask)
    if window is None:
        return result
    inside = mask[window]
    weight = inside.astype(np.float32)
    fed = np.dstack([image[window].astype(np.float32) * weight[..., None], weight])
    blurred = _blur(fed, sigma_px)
    # The own weight is at least the kernel's centre, so the sum is far from zero wherever the
    # pixel is masked; the floor only guards what interpolation could lose at a lone pixel.
    total = np.maximum(blurred[..., 3:], 1e-12)
    mean = np.clip(np.rint(blurred[..., :3] / total), 0, 255).astype(np.uint8)
    result[window][inside] = mean[inside]
    return result


def mosaic(image: Image, mask: Mask, cell_px: float) -> Image:
    """Replace the masked pixels of each square cell by their mean.

    Parameters
    ----------
    image : (H, W, 3) uint8
    mask : (H, W) bool
    cell_px : float
        Side of a cell; rounded to whole pixels, at least 1.

    Returns
    -------
    (H, W, 3) uint8
        A copy, equal to `image` outside of `mask`.

    Raises
    ------
    InputError
        If the shapes do not fit or `cell_px` is not positive.
    """
    _check(image, mask, cell_px)
    result = image.copy()
    window = _window(mask)
    if window is None:
        return result
    inside = mask[window]
    side = max(1, round(cell_px))
    rows, columns = np.nonzero(inside)
    across = inside.shape[1] // side + 1
    cell = (rows // side) * across + columns // side
    count = np.maximum(np.bincount(cell), 1)
    pixels = image[window][inside]
    means = [np.bincount(cell, weights=pixels[:, channel]) / count for channel in range(3)]
    result[window][inside] = np.rint(np.column_stack(means)).astype(np.uint8)[cell]
    return result


def solid(image: Image, mask: Mask, cell_px: float) -> Image:
    """Fill the masked pixels with one grey; nothing of the face is left to be recovered.

    Parameters
    ----------
    image : (H, W, 3) uint8
    mask : (H, W) bool
    cell_px : float
        Not used; here so that all methods are called alike.

    Returns
    -------
    (H, W, 3) uint8
        A copy, equal to `image` outside of `mask`.

    Raises
    ------
    InputError
        If the shapes do not fit.
    """
    _check(image, mask, max(cell_px, 1.0))
    result = image.copy()
    result[mask] = 128
    return result


METHODS: Mapping[str, Callable[[Image, Mask, float], Image]] = {
    "gaussian": gaussian,
    "solid": solid,
    "mosaic": mosaic,
}


def _check(image: Image, mask: Mask, size_px: float) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise InputError(f"image: expected (H, W, 3) uint8, found {image.shape} {image.dtype}")
    if mask.shape != image.shape[:2] or mask.dtype != np.bool_:
        raise InputError(f"mask: expected {image.shape[:2]} bool, found {mask.shape} {mask.dtype}")
    if not size_px > 0:
        raise InputError(f"blur: expected a strength above 0 pixels, found {size_px}")


def _window(mask: Mask) -> tuple[slice, slice] | None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return None
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _blur(fed: npt.NDArray[np.float32], sigma_px: float) -> npt.NDArray[np.float32]:
    # A constant border of zero has zero weight: it feeds nothing.
    border = cv2.BORDER_CONSTANT
    shrink = max(1, int(sigma_px / _SIGMA_SHRUNK_PX))
    kernel = 2 * int(np.ceil(_TRUNCATE * sigma_px / shrink)) + 1
    if shrink == 1:
        blurred = cv2.GaussianBlur(fed, (kernel, kernel), sigma_px, borderType=border)
        return np.asarray(blurred, np.float32)
    height, width = fed.shape[:2]
    whole = np.pad(fed, ((0, -height % shrink), (0, -width % shrink), (0, 0)))
    size_wh = (whole.shape[1], whole.shape[0])
    small_wh = (size_wh[0] // shrink, size_wh[1] // shrink)
    small = cv2.resize(whole, small_wh, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (kernel, kernel), sigma_px / shrink, borderType=border)
    blurred = cv2.resize(small, size_wh, interpolation=cv2.INTER_LINEAR)
    return np.asarray(blurred[:height, :width], np.float32)
