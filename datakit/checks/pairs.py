"""Checks across the files of one sample: a swapped pair, contradicting labels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from datakit.checks.base import NOT_MEASURED, Check, Measured, Subject, value_of


def _luminance(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    gray: NDArray[np.float32] = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    return gray


def _correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    one, two = first.ravel() - first.mean(), second.ravel() - second.mean()
    length = float(np.linalg.norm(one) * np.linalg.norm(two))
    return float(one @ two) / length if length > 1e-6 else 0.0


def _measure_swapped(subject: Subject) -> Measured:
    if subject.small is None or subject.levels is None:
        return NOT_MEASURED
    image, alpha, _ = subject.small
    luminance = _luminance(image)
    middle = float(((alpha > 0.04) & (alpha < 0.96)).mean())
    spread = float((image.max(axis=2) - image.min(axis=2)).mean()) / 255
    extreme = float(((luminance < 0.02) | (luminance > 0.98)).mean())
    matte_like = spread < 0.01 and extreme > 0.7 and middle > 0.4
    correlation = _correlation(alpha, luminance)
    # A flat subject on a flat background correlates too, but its matte has few middle tones.
    photo = correlation if middle > 0.5 else 0.0
    return Measured(
        {
            "correlation": correlation,
            "middle": middle,
            "image_extreme": extreme,
            "swapped": 1.0 if matte_like else max(0.0, photo),
        }
    )


def _measure_mask(subject: Subject) -> Measured:
    if subject.alpha is None or subject.mask is None:
        return NOT_MEASURED
    if subject.mask.shape != subject.alpha.shape:
        return Measured({"iou": 0.0, "differs": 1.0})
    solid = subject.alpha > 0.5
    union = int(np.count_nonzero(solid | subject.mask))
    iou = np.count_nonzero(solid & subject.mask) / union if union else 1.0
    return Measured({"iou": float(iou), "differs": 1 - float(iou)})


def _measure_trimap(subject: Subject) -> Measured:
    if subject.alpha is None or subject.trimap is None:
        return NOT_MEASURED
    if subject.trimap.shape != subject.alpha.shape:
        return Measured({"share": 1.0})
    wrong = (subject.trimap == 0) & (subject.alpha > 0.1)
    wrong |= (subject.trimap == 255) & (subject.alpha < 0.9)
    unknown = int(np.count_nonzero(subject.trimap == 128))
    # Against the unknown band, not the image: a trimap has one job.
    return Measured({"share": np.count_nonzero(wrong) / max(unknown, 1) if wrong.any() else 0.0})


CHECKS = (
    Check(
        "swapped_pair",
        "image and alpha look swapped, or a photo stands in for the alpha (it correlates with "
        "the image's luminance by {correlation:.2f})",
        _measure_swapped,
        value_of("swapped"),
    ),
    Check(
        "mask_differs",
        "mask and alpha agree by an IoU of {iou:.2f} only",
        _measure_mask,
        value_of("differs"),
    ),
    Check(
        "trimap_differs",
        "the trimap is sure where alpha is not, on {share:.1%} of its unknown area",
        _measure_trimap,
        value_of("share"),
    ),
)
