"""Albumentations' transforms made to move every label by its own rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import albumentations as A  # noqa: N812
import cv2
import numpy as np
import numpy.typing as npt
from albumentations.augmentations.geometric.distortion import BaseDistortion

Points = npt.NDArray[np.float64]

PIXEL_CENTRE = 0.5
"""Labels count from pixel edges; Albumentations' points count from pixel centres."""
READ_THE_MASK = (A.CropNonEmptyMaskIfExists, A.MaskDropout)
RESIZING = (A.LongestMaxSize, A.RandomScale, A.Resize, A.SmallestMaxSize)
SCALING = (A.CropAndPad, A.RandomResizedCrop, A.RandomSizedCrop)
"""Their points are multiplied by the scale, which is right when points count from edges."""


def keep_labels_exact(transform: Any, move_points: Callable[..., Points]) -> None:
    """Make a transform move alphas bilinearly, and points exactly.

    Albumentations warps every mask-like target by nearest neighbour, which breaks soft edges, and
    converts and checks keypoints around every transform. Its table from target to function is where
    a target can be given another rule.

    Parameters
    ----------
    transform : albumentations.DualTransform
        Changed in place: its targets "alpha" and "points".
    move_points : callable
        ``move_points(points, map_x=, map_y=, …)``, for warps by a pair of maps.
    """
    table = transform._key2func
    table["alpha"] = _bilinear(transform)
    if isinstance(transform, BaseDistortion):
        table["points"] = move_points
    elif isinstance(transform, RESIZING):
        table["points"] = _as_resized(transform)
    elif isinstance(transform, SCALING):
        table["points"] = _from_edges(transform)
    else:
        table["points"] = transform.apply_to_keypoints


def _as_resized(transform: Any) -> Callable[..., Points]:
    def scale(points: Points, **params: Any) -> Points:
        height, width = params["shape"][:2]
        # Each rounds the new size in its own way and scales points as if it had not.
        frame = transform.apply(np.zeros((height, width), np.uint8), **params)
        factor = np.array(frame.shape[1::-1]) / (width, height)
        moved = points.copy()
        moved[:, :2] = (moved[:, :2] + PIXEL_CENTRE) * factor - PIXEL_CENTRE
        return moved

    return scale


def _from_edges(transform: Any) -> Callable[..., Points]:
    def scale(points: Points, **params: Any) -> Points:
        moved = points.copy()
        moved[:, :2] += PIXEL_CENTRE
        moved = np.array(transform.apply_to_keypoints(moved, **params))
        moved[:, :2] -= PIXEL_CENTRE
        return moved

    return scale


def _bilinear(transform: Any) -> Callable[..., npt.NDArray[np.float32]]:
    def warp(alpha: npt.NDArray[np.float32], **params: Any) -> Any:
        if not hasattr(transform, "mask_interpolation"):
            return transform.apply_to_mask(alpha, **params)
        usual = transform.mask_interpolation
        transform.mask_interpolation = cv2.INTER_LINEAR
        try:
            return transform.apply_to_mask(alpha, **params)
        finally:
            transform.mask_interpolation = usual

    return warp
