"""Foreground colours under a matte: the subject's own colour where alpha is partial.

In a photo the colour of a soft pixel is a mix, ``I = alpha F + (1 - alpha) B``. A cut-out that
keeps ``I`` carries the old background along (a halo); it needs ``F``. The solver is written with
numpy and OpenCV only, so that cut-outs and composites do not need the `matte` extra.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from datakit.errors import InputError

UInt8Image = NDArray[np.uint8]
FloatArray = NDArray[np.float32]

SOLVE_LONG_SIDE_PX = 2048
"""Longest side at which the smoothness problem is solved; larger photos are finished in strips."""

_REGULARIZATION = 1e-5
_GRADIENT_WEIGHT = 1.0
_SMALL_SIDE_PX = 32
_SMALL_ITERATIONS = 10
_BIG_ITERATIONS = 3
_STRIP_ROWS = 128


def estimate_foreground(image: UInt8Image, alpha: FloatArray) -> UInt8Image:
    """Estimate the foreground colour of every pixel by the multi-level method.

    Minimises the compositing residual plus the differences between neighbours' foreground and
    background colours, coarse to fine [1]_. Where the matte is opaque the photo itself is returned,
    exactly; where it is clear the colour is a smooth continuation of the subject's edge.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB
        The photo.
    alpha : (H, W) float32 in [0, 1]
        Its matte.

    Returns
    -------
    (H, W, 3) uint8 RGB
        Foreground colours, not multiplied by alpha. An image without any foreground comes back
        unchanged.

    Raises
    ------
    InputError
        If the shapes differ, a dtype is another one, or alpha leaves [0, 1] or holds NaN.

    Notes
    -----
    Deterministic. The memory in use is bounded for any size: above `SOLVE_LONG_SIDE_PX` the problem
    is solved on a smaller copy, enlarged, and corrected by each pixel's own compositing equation.

    References
    ----------
    .. [1] Germer, Uelwer, Conrad, Harmeling: Fast Multi-Level Foreground Estimation. ICPR 2020.

    Examples
    --------
    >>> red = np.zeros((8, 8, 3), np.uint8)
    >>> red[..., 0] = 200
    >>> ramp = np.tile(np.linspace(1, 0, 8, dtype=np.float32), (8, 1))
    >>> over_black = (red * ramp[..., None]).astype(np.uint8)
    >>> found = estimate_foreground(over_black, ramp)
    >>> found.shape, found.dtype.name
    ((8, 8, 3), 'uint8')
    >>> bool(found[4, 3, 0] > 150), int(over_black[4, 3, 0])
    (True, 114)
    """
    _require_pair(image, alpha)
    if not (alpha > 0).any() or not (alpha < 1).any():
        return image.copy()
    height, width = alpha.shape
    scale = min(1.0, SOLVE_LONG_SIDE_PX / max(height, width))
    solve_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    small_image = cv2.resize(image, solve_wh, interpolation=cv2.INTER_NEAREST)
    small_alpha = cv2.resize(alpha, solve_wh, interpolation=cv2.INTER_NEAREST)
    colours = _solve_pyramid(small_image, small_alpha)
    return _finish_in_strips(image, alpha, colours)


def _require_pair(image: UInt8Image, alpha: FloatArray) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise InputError(f"image: expected (H, W, 3) uint8, found {image.shape} {image.dtype}")
    if alpha.shape != image.shape[:2] or alpha.dtype != np.float32:
        raise InputError(
            f"alpha: expected {image.shape[:2]} float32 like the image, "
            f"found {alpha.shape} {alpha.dtype}"
        )
    if not (alpha.min(initial=0) >= 0 and alpha.max(initial=0) <= 1):
        raise InputError("alpha: expected values in [0, 1], found others or NaN; scale it first")


def _solve_pyramid(image: UInt8Image, alpha: FloatArray) -> FloatArray:
    """Foreground and background of a small photo, (6, H, W) float32 in [0, 255]."""
    height, width = alpha.shape
    colours = _mean_colours(image, alpha)
    level_count = max(1, int(np.ceil(np.log2(max(height, width)))))
    for level in range(level_count + 1):
        level_wh = (
            round(width ** (level / level_count)),
            round(height ** (level / level_count)),
        )
        # Nearest, not area: a mean of mixed pixels does not obey the compositing equation.
        level_image = cv2.resize(image, level_wh, interpolation=cv2.INTER_NEAREST)
        level_alpha = cv2.resize(alpha, level_wh, interpolation=cv2.INTER_NEAREST)
        colours = np.stack(
            [cv2.resize(plane, level_wh, interpolation=cv2.INTER_LINEAR) for plane in colours]
        )
        small = max(level_wh) <= _SMALL_SIDE_PX
        iterations = _SMALL_ITERATIONS if small else _BIG_ITERATIONS
        _relax(colours, level_image.reshape(level_wh[1], level_wh[0], 3), level_alpha, iterations)
    return colours


def _mean_colours(image: UInt8Image, alpha: FloatArray) -> FloatArray:
    """Mean colour of the sure foreground and background as a (6, 1, 1) start value."""
    means = []
    for sure, weight in ((alpha > 0.9, alpha), (alpha < 0.1, 1 - alpha)):
        if sure.any():
            means.append(image[sure].mean(axis=0))
        else:
            total = max(float(weight.sum()), 1e-6)
            means.append((weight[..., None] * image).sum(axis=(0, 1), dtype=np.float64) / total)
    start: FloatArray = np.concatenate(means).astype(np.float32)
    return start.reshape(6, 1, 1)


def _relax(
    colours: FloatArray, level_image: UInt8Image, alpha: FloatArray, iterations: int
) -> None:
    """Jacobi steps on one level, in place: each pixel's 2x2 system for its (F, B)."""
    image = np.ascontiguousarray(level_image.transpose(2, 0, 1), dtype=np.float32)
    beta = 1 - alpha
    down = _REGULARIZATION + _GRADIENT_WEIGHT * np.abs(np.diff(alpha, axis=0))
    right = _REGULARIZATION + _GRADIENT_WEIGHT * np.abs(np.diff(alpha, axis=1))
    total = np.full_like(alpha, _REGULARIZATION)
    total[1:] += down
    total[:-1] += down
    total[:, 1:] += right
    total[:, :-1] += right
    front_diagonal = alpha * alpha + total
    back_diagonal = beta * beta + total
    mixed = alpha * beta
    inverse = 1 / (front_diagonal * back_diagonal - mixed * mixed)
    data = np.concatenate([alpha * image, beta * image])
    for _ in range(iterations):
        pull = data + _REGULARIZATION * colours
        pull[:, 1:] += down * colours[:, :-1]
        pull[:, :-1] += down * colours[:, 1:]
        pull[:, :, 1:] += right * colours[:, :, :-1]
        pull[:, :, :-1] += right * colours[:, :, 1:]
        front, back = pull[:3], pull[3:]
        colours[:3] = inverse * (back_diagonal * front - mixed * back)
        colours[3:] = inverse * (front_diagonal * back - mixed * front)
        np.clip(colours, 0, 255, out=colours)


def _finish_in_strips(image: UInt8Image, alpha: FloatArray, colours: FloatArray) -> UInt8Image:
    """Bring solved colours to the photo's size and let them meet the compositing equation."""
    height, width = alpha.shape
    foreground = np.empty_like(image)
    for top in range(0, height, _STRIP_ROWS):
        rows = slice(top, min(top + _STRIP_ROWS, height))
        strip = _resized_rows(colours, rows, (height, width))
        front, back = strip[..., :3], strip[..., 3:]
        opacity = alpha[rows, :, None]
        photo = image[rows].astype(np.float32)
        residual = photo - opacity * front - (1 - opacity) * back
        weight = opacity * opacity + (1 - opacity) ** 2
        front = front + opacity * residual / weight
        np.clip(front, 0, 255, out=front)
        foreground[rows] = np.where(opacity == 1, image[rows], np.rint(front)).astype(np.uint8)
    return foreground


def _resized_rows(colours: FloatArray, rows: slice, full_hw: tuple[int, int]) -> FloatArray:
    """Rows of the enlarged colours as (rows, W, 6), without enlarging the whole array."""
    height, width = full_hw
    if colours.shape[1:] == full_hw:
        return np.ascontiguousarray(colours[:, rows].transpose(1, 2, 0))
    scale_y, scale_x = colours.shape[1] / height, colours.shape[2] / width
    map_y = (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5) * scale_y - 0.5
    map_x = (np.arange(width, dtype=np.float32) + 0.5) * scale_x - 0.5
    grid_x, grid_y = np.meshgrid(map_x, map_y)
    planes = [
        cv2.remap(plane, grid_x, grid_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for plane in colours
    ]
    return np.stack(planes, axis=-1)
