"""Albumentations' transforms made to move every label by its own rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import albumentations as A  # noqa: N812
import cv2
import numpy as np
import numpy.typing as npt
from albumentations.augmentations.geometric.distortion import BaseDistortion

from datakit.transforms.shrinking import RESIZING, keep_coverage

Points = npt.NDArray[np.float64]

PIXEL_CENTRE = 0.5
"""Labels count from pixel edges; Albumentations' points count from pixel centres."""
LABELS = ("mask", "alpha", "trimap", "ignore")
"""Targets that are moved with the image, each by its meaning."""
READ_THE_MASK = (A.CropNonEmptyMaskIfExists, A.MaskDropout)
SCALING = (A.CropAndPad, A.RandomResizedCrop, A.RandomSizedCrop)
"""Their points are multiplied by the scale, which is right when points count from edges."""


def keep_labels_exact(transform: Any, move_points: Callable[..., Points]) -> None:
    """Make a transform move each label by its meaning, alphas as their photo, and points exactly.

    Albumentations warps every mask-like target by nearest neighbour, which breaks soft edges, and
    converts and checks keypoints around every transform. Its table from target to function is where
    a target can be given another rule.

    Parameters
    ----------
    transform : albumentations.DualTransform
        Changed in place: its targets "image", `LABELS` and "points".
    move_points : callable
        ``move_points(points, map_x=, map_y=, …)``, for warps by a pair of maps.
    """
    table = transform._key2func
    table["alpha"] = _as_photo(transform)
    table["ignore"] = _touched(transform)
    keep_coverage(transform, LABELS)
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


def _touched(transform: Any) -> Callable[..., npt.NDArray[np.uint8]]:
    """Move an ignore mask such that whatever an ignored pixel has a part in is ignored."""

    def warp(ignore: npt.NDArray[np.uint8], **params: Any) -> Any:
        usual = getattr(transform, "mask_interpolation", None)
        if usual is not None:
            transform.mask_interpolation = cv2.INTER_LINEAR
        try:
            moved = transform.apply_to_mask(ignore, **params)
        finally:
            if usual is not None:
                transform.mask_interpolation = usual
        return np.where(moved > 0, np.uint8(255), np.uint8(0))

    return warp


def _as_photo(transform: Any) -> Callable[..., npt.NDArray[np.float32]]:
    def warp(alpha: npt.NDArray[np.float32], **params: Any) -> Any:
        if not hasattr(transform, "mask_interpolation"):
            return transform.apply_to_mask(alpha, **params)
        usual = transform.mask_interpolation
        transform.mask_interpolation = getattr(transform, "interpolation", cv2.INTER_LINEAR)
        try:
            return transform.apply_to_mask(alpha, **params)
        finally:
            transform.mask_interpolation = usual

    return warp
