"""Transforms that shrink a picture, made to average what a pixel covers, labels as well.

Albumentations resizes and warps by point samples: a strand of hair is there or not by chance, and
another chance in the label. Here the photo and its alpha take the same averages; masks, trimaps and
ignore masks are decided from the share of each pixel that they cover.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import albumentations as A  # noqa: N812
import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.images.resizing import (
    resample,
    resize_ignore,
    resize_mask,
    resize_trimap,
)

Array = npt.NDArray[Any]
Apply = Callable[..., Array]

RESIZING: Final = (A.LongestMaxSize, A.RandomScale, A.Resize, A.SmallestMaxSize)
"""They resize the whole picture."""
WINDOWED: Final = (A.RandomResizedCrop, A.RandomSizedCrop)
"""They cut out a window and resize it."""
WARPING: Final = (A.Affine, A.Perspective)
"""They warp by a matrix; subclasses (ShiftScaleRotate, SafeRotate) too."""

_MOST_SAMPLES: Final = 8
_LARGEST_SIDE: Final = 30_000
"""OpenCV warps no picture of more than 32,767 pixels per side."""
_BARELY: Final = 0.98
"""From this scale on a pixel covers little more than one pixel."""

RESIZERS: Final[dict[str, Callable[[Array, tuple[int, int]], Array]]] = {
    "mask": resize_mask,
    "trimap": resize_trimap,
    "ignore": resize_ignore,
}

_SAMPLING: Final = {
    "mask": cv2.INTER_NEAREST,
    "trimap": cv2.INTER_NEAREST,
    "ignore": cv2.INTER_LINEAR,
}
"""How a warp takes its samples of what is no picture."""


def keep_coverage(transform: Any, kinds: tuple[str, ...]) -> None:
    """Give a transform that may shrink another way to move photo and labels.

    Parameters
    ----------
    transform : albumentations.DualTransform
        Changed in place: its targets "image" and ``kinds``.
    kinds : tuple of str
        The labels that are moved: "mask", "alpha", "trimap", "ignore".
    """
    table = transform._key2func
    for kind in ("image", *kinds):
        if isinstance(transform, RESIZING):
            table[kind] = _resizing(transform, kind)
        elif isinstance(transform, WINDOWED):
            table[kind] = _windowed(transform, kind)
        elif isinstance(transform, A.CropAndPad):
            table[kind] = _cropping(transform, kind)
        elif isinstance(transform, WARPING):
            table[kind] = _warping(transform, kind, table[kind])


def samples_per_pixel(matrix: npt.NDArray[np.float64], size_wh: tuple[int, int]) -> int:
    """Return how many samples a side of a pixel needs, so that no part of the source is missed.

    Parameters
    ----------
    matrix : (3, 3)
        From places in the source to places in the result.
    size_wh : tuple of int
        The source's.

    Examples
    --------
    >>> samples_per_pixel(np.diag([0.5, 0.5, 1.0]), (100, 100))
    2
    >>> samples_per_pixel(np.eye(3), (100, 100))
    1
    """
    width, height = size_wh
    places = np.array([[x, y, 1.0] for x in (0, width / 2, width) for y in (0, height / 2, height)])
    moved = places @ matrix.T
    least = 1.0
    for x, y, w in moved:
        if abs(w) < 1e-9:
            return _MOST_SAMPLES
        slopes = (matrix[:2, :2] - np.outer([x / w, y / w], matrix[2, :2])) / w
        least = min(least, float(np.linalg.svd(slopes, compute_uv=False)[-1]))
    if least >= _BARELY:
        return 1
    return min(_MOST_SAMPLES, math.ceil(1 / max(least, 1 / _MOST_SAMPLES) - 1e-6))


def _resized(transform: Any, kind: str, array: Array, size_wh: tuple[int, int]) -> Array:
    """Resize by a label's meaning; a photo and its alpha with the transform's interpolation."""
    if kind in RESIZERS:
        return RESIZERS[kind](array, size_wh)
    how = transform.interpolation
    out = resample(array, size_wh, cv2.INTER_CUBIC if how == cv2.INTER_AREA else how)
    return np.clip(out, 0, 1) if kind == "alpha" else out


def _resizing(transform: Any, kind: str) -> Apply:
    plain = transform.apply_to_mask

    def apply(array: Array, **params: Any) -> Array:
        # Each rounds the new size in its own way; of an empty picture it is cheap to ask.
        frame = plain(np.empty(array.shape[:2], np.uint8), **params)
        return _resized(transform, kind, array, (frame.shape[1], frame.shape[0]))

    return apply


def _windowed(transform: Any, kind: str) -> Apply:
    def apply(array: Array, crop_coords: tuple[int, int, int, int], **params: Any) -> Array:
        left, top, right, bottom = crop_coords
        height, width = getattr(transform, "size", None) or (transform.height, transform.width)
        window = np.ascontiguousarray(array[top:bottom, left:right])
        return _resized(transform, kind, window, (width, height))

    return apply


def _cropping(transform: Any, kind: str) -> Apply:
    plain = transform.apply if kind == "image" else transform.apply_to_mask

    def apply(array: Array, **params: Any) -> Array:
        keeps = transform.keep_size
        transform.keep_size = False
        try:
            cut = np.ascontiguousarray(plain(array, **params))
        finally:
            transform.keep_size = keeps
        height, width = params["shape"][:2]
        return _resized(transform, kind, cut, (width, height)) if keeps else cut

    return apply


def _warping(transform: Any, kind: str, plain: Apply) -> Apply:
    fill = "fill" if kind == "image" else "fill_mask"

    def apply(array: Array, **params: Any) -> Array:
        matrix, size_wh = _place(transform, params)
        samples = samples_per_pixel(matrix, (array.shape[1], array.shape[0]))
        samples = max(1, min(samples, _LARGEST_SIDE // max(size_wh)))
        if samples == 1 or (kind == "mask" and not _is_binary(array)):
            return plain(array, **params)
        # Pixel centres lie at whole numbers: the middle of a block is not at a multiple.
        shift = (samples - 1) / 2
        enlarge = np.array([[samples, 0, shift], [0, samples, shift], [0, 0, 1]], np.float64)
        dense = cv2.warpPerspective(
            array,
            enlarge @ matrix,
            (size_wh[0] * samples, size_wh[1] * samples),
            flags=_SAMPLING.get(kind, transform.interpolation),
            borderMode=transform.border_mode,
            borderValue=_channels(getattr(transform, fill), array),
        )
        if kind in RESIZERS:
            return RESIZERS[kind](dense, size_wh)
        return resample(np.clip(dense, 0, 1) if kind == "alpha" else dense, size_wh)

    return apply


def _place(
    transform: Any, params: dict[str, Any]
) -> tuple[npt.NDArray[np.float64], tuple[int, int]]:
    """Return the (3, 3) matrix of a warp and the (width, height) of its result."""
    matrix = np.asarray(params["matrix"], np.float64)
    if not isinstance(transform, A.Perspective):
        height, width = params["output_shape"][:2]
        return matrix, (round(width), round(height))
    size_wh = (int(params["max_width"]), int(params["max_height"]))
    if not transform.keep_size:
        return matrix, size_wh
    height, width = params["shape"][:2]
    return np.diag([width / size_wh[0], height / size_wh[1], 1.0]) @ matrix, (width, height)


def _is_binary(mask: Array) -> bool:
    top = mask.max(initial=0)
    return bool(np.count_nonzero(mask) == np.count_nonzero(mask == top))


def _channels(value: Any, array: Array) -> tuple[float, ...]:
    channels = 1 if array.ndim == 2 else array.shape[2]
    return tuple(np.broadcast_to(value, channels).astype(float).tolist())
