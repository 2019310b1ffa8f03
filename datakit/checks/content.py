"""Content checks: where a segmenter and the matte disagree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datakit.checks.base import NOT_MEASURED, Check, Measured, Subject, value_of
from datakit.core.drafts.hands import missing_hand
from datakit.core.quality.label_quality import extra_region, label_quality, missing_region

SLACK_OF_DIAGONAL = 0.008
"""A segmenter of 256 to 320 px resolution is off by up to three of its own pixels at an edge."""


def _pair(subject: Subject) -> tuple[NDArray[np.float32], NDArray[np.float32], int] | None:
    alpha, confidence = subject.alpha, subject.confidence
    if alpha is None or confidence is None or alpha.shape != confidence.shape:
        return None
    return alpha, confidence, max(1, round(SLACK_OF_DIAGONAL * subject.diagonal_px))


def _measure_missing(subject: Subject) -> Measured:
    pair = _pair(subject)
    if pair is None:
        return NOT_MEASURED
    found = missing_region(pair[0], pair[1], slack_px=pair[2])
    return Measured({"share": found.area_share}, found.box_xyxy)


def _measure_extra(subject: Subject) -> Measured:
    pair = _pair(subject)
    if pair is None:
        return NOT_MEASURED
    found = extra_region(pair[0], pair[1], slack_px=pair[2])
    return Measured({"share": found.area_share}, found.box_xyxy)


def _measure_hands(subject: Subject) -> Measured:
    if subject.hands is None or subject.paired is None:
        return NOT_MEASURED
    found = missing_hand(subject.paired[1], subject.hands)
    return Measured({"share": found.share}, found.box_xyxy)


def _measure_quality(subject: Subject) -> Measured:
    pair = _pair(subject)
    if pair is None:
        return NOT_MEASURED
    quality = label_quality(pair[0], pair[1])
    return Measured({"quality": quality, "error": 1 - quality})


CHECKS = (
    Check(
        "missing_region",
        "the segmenter sees more of the subject: a region of {share:.1%} of it is missing",
        _measure_missing,
        value_of("share"),
    ),
    Check(
        "missing_hand",
        "a hand of the subject is seen, and {share:.0%} of it is missing from the label",
        _measure_hands,
        value_of("share"),
    ),
    Check(
        "extra_region",
        "the segmenter sees background in a region of {share:.1%} of the subject",
        _measure_extra,
        value_of("share"),
    ),
    Check(
        "label_quality",
        "the segmenter gives the label a quality of {quality:.2f} (softmin over blocks)",
        _measure_quality,
        value_of("error"),
    ),
)
