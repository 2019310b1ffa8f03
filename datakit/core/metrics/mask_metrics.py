"""How well a binary mask matches the true one: overlap, its boundary, precision and recall."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from datakit.errors import InputError

Mask = NDArray[np.bool_] | NDArray[np.uint8]
UInt8Array = NDArray[np.uint8]

BOUNDARY_REACH = 0.02
"""Width of the boundary band as a share of the image's diagonal (Cheng et al. 2021)."""


def iou(pred: Mask, gt: Mask) -> float:
    """Intersection over union of two masks, in [0, 1]; 1 when both are empty.

    Examples
    --------
    >>> iou(np.array([[1, 1, 0]], bool), np.array([[0, 1, 1]], bool))
    0.3333333333333333
    """
    return overlap(*_as_bytes(pred, gt))


def dice(pred: Mask, gt: Mask) -> float:
    """Dice coefficient (F1) of two masks, in [0, 1]; 1 when both are empty.

    Examples
    --------
    >>> dice(np.array([[1, 1, 0]], bool), np.array([[0, 1, 1]], bool))
    0.5
    """
    pred_bytes, gt_bytes = _as_bytes(pred, gt)
    shared = cv2.countNonZero(cv2.bitwise_and(pred_bytes, gt_bytes))
    return _share(2 * shared, cv2.countNonZero(pred_bytes) + cv2.countNonZero(gt_bytes))


def precision_recall(pred: Mask, gt: Mask) -> tuple[float, float]:
    """Share of the predicted pixels that are true, and of the true pixels that are predicted.

    Each is in [0, 1], and 1 when it has nothing to count (no predicted, or no true pixels).

    Examples
    --------
    >>> precision_recall(np.array([[1, 1, 1, 0]], bool), np.array([[0, 1, 1, 0]], bool))
    (0.6666666666666666, 1.0)
    """
    pred_bytes, gt_bytes = _as_bytes(pred, gt)
    shared = cv2.countNonZero(cv2.bitwise_and(pred_bytes, gt_bytes))
    return (
        _share(shared, cv2.countNonZero(pred_bytes)),
        _share(shared, cv2.countNonZero(gt_bytes)),
    )


def boundary_iou(pred: Mask, gt: Mask, reach_px: int | None = None) -> float:
    """Intersection over union of the two masks' inner boundary bands.

    Parameters
    ----------
    pred, gt : (H, W) bool or uint8
        Masks; nonzero is inside.
    reach_px : int, optional
        Width of the band; 2 % of the diagonal when absent, at least 1.

    Returns
    -------
    float
        In [0, 1]; 1 when both bands are empty. The outside of the image counts as background.

    Raises
    ------
    InputError
        If the shapes differ, a dtype is another one, or reach_px is below 1.

    References
    ----------
    Cheng, Girshick, Dollár, Berg, Kirillov: Boundary IoU. CVPR 2021.

    Examples
    --------
    >>> gt = np.zeros((40, 40), bool)
    >>> gt[10:30, 10:30] = True
    >>> shifted = np.roll(gt, 1, axis=1)
    >>> round(iou(shifted, gt), 3), round(boundary_iou(shifted, gt, 2), 3)
    (0.905, 0.6)
    """
    pred_bytes, gt_bytes = _as_bytes(pred, gt)
    reach = boundary_reach_px(gt.shape) if reach_px is None else reach_px
    if reach < 1:
        raise InputError(f"boundary reach: expected at least 1 px, found {reach}")
    return overlap(inner_band(pred_bytes, reach), inner_band(gt_bytes, reach))


def boundary_reach_px(shape_hw: tuple[int, ...]) -> int:
    """Width of the boundary band for an image: 2 % of its diagonal, rounded, at least 1 px."""
    return max(1, round(BOUNDARY_REACH * float(np.hypot(shape_hw[0], shape_hw[1]))))


def mask_scores(pred: Mask, gt: Mask) -> dict[str, float]:
    """All scores of one mask: iou, dice, boundary_iou, precision, recall (each in [0, 1])."""
    precision, recall = precision_recall(pred, gt)
    return {
        "iou": iou(pred, gt),
        "dice": dice(pred, gt),
        "boundary_iou": boundary_iou(pred, gt),
        "precision": precision,
        "recall": recall,
    }


def inner_band(mask: UInt8Array, reach_px: int) -> UInt8Array:
    """Return the pixels of a mask (0/1 bytes) that are within reach of a pixel outside it.

    Examples
    --------
    >>> inner_band(np.ones((3, 3), np.uint8), 1).tolist()
    [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
    """
    left, top, width, height = cv2.boundingRect(mask)
    band = np.zeros_like(mask)
    if width == 0:
        return band
    box = np.s_[top : top + height, left : left + width]
    # Beyond the box of the mask everything is background, as beyond the image.
    side = 2 * reach_px + 1
    core = cv2.erode(
        mask[box], np.ones((side, side), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    band[box] = cv2.subtract(mask[box], core)
    return band


def overlap(pred: UInt8Array, gt: UInt8Array) -> float:
    """Intersection over union of two masks of 0/1 bytes of one shape, as `iou` but unchecked.

    Examples
    --------
    >>> overlap(np.array([[1, 1, 0]], np.uint8), np.array([[0, 1, 0]], np.uint8))
    0.5
    """
    shared = cv2.countNonZero(cv2.bitwise_and(pred, gt))
    return _share(shared, cv2.countNonZero(cv2.bitwise_or(pred, gt)))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _as_bytes(pred: Mask, gt: Mask) -> tuple[UInt8Array, UInt8Array]:
    """Both masks as 0/1 bytes of one shape."""
    if pred.shape != gt.shape or pred.ndim != 2:
        raise InputError(
            f"masks: expected two of one shape (H, W), found {pred.shape} and {gt.shape}"
        )
    for mask, subject in ((pred, "prediction"), (gt, "ground truth")):
        if mask.dtype not in (np.bool_, np.uint8):
            raise InputError(f"{subject}: expected a bool or uint8 mask, found {mask.dtype}")
    return (pred != 0).view(np.uint8), (gt != 0).view(np.uint8)
