"""Checks of a restored background: seams, blur, repeated patches, remaining people."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from datakit.checks.base import NOT_MEASURED, Check, Measured, Subject, value_of
from datakit.core.quality.matte_regions import Box
from datakit.core.quality.plates import lost_detail, repetition, seam_ratio

_PERSON_CONFIDENCE = 0.5


def _measured_by(
    name: str, measure: Callable[[npt.NDArray[np.uint8], npt.NDArray[np.bool_]], float]
) -> Callable[[Subject], Measured]:
    """Return a check's measure: a number of the plate and its region; the region is its box."""

    def measured(subject: Subject) -> Measured:
        image, region = subject.image, subject.region
        if image is None or region is None or image.shape[:2] != region.shape:
            return NOT_MEASURED
        if not region.any():
            return NOT_MEASURED
        return Measured({name: measure(image, region)}, _box(region))

    return measured


def _measure_person(subject: Subject) -> Measured:
    alpha, confidence = subject.alpha, subject.confidence
    if subject.region is None or alpha is None or confidence is None:
        return NOT_MEASURED
    if not alpha.shape == confidence.shape == subject.region.shape:
        return NOT_MEASURED
    likely = ((confidence > _PERSON_CONFIDENCE) & (alpha < 0.5)).astype(np.uint8)
    # What is thinner than this is the edge of what the label has.
    side = max(3, round(0.01 * max(alpha.shape)))
    opened = cv2.morphologyEx(likely, cv2.MORPH_OPEN, np.ones((side, side), np.uint8)) > 0
    box = _box(opened) if opened.any() else None
    return Measured({"share": float(opened.mean())}, box)


def _box(region: npt.NDArray[np.bool_]) -> Box:
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


CHECKS = (
    Check(
        "seam",
        "the border of the filled region shows: its steps are {ratio:.2f} times those around it",
        _measured_by("ratio", seam_ratio),
        value_of("ratio"),
    ),
    Check(
        "plate_blur",
        "the filled region is blurred: {octaves:.1f} powers of two less detail than around it",
        _measured_by("octaves", lost_detail),
        value_of("octaves"),
    ),
    Check(
        "repeated_patches",
        "the filled region repeats itself: a correlation of {excess:.2f} more than around it",
        _measured_by("excess", repetition),
        value_of("excess"),
    ),
    Check(
        "remaining_person",
        "the segmenter sees somebody in {share:.1%} of the plate",
        _measure_person,
        value_of("share"),
    ),
)
