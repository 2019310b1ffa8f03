"""Shape checks: islands, holes, fragments, contact with the border."""

from __future__ import annotations

import cv2
import numpy as np

from datakit.checks.base import NOT_MEASURED, Check, Measured, Subject, value_of
from datakit.core.quality.edge_fit import edge_fit
from datakit.core.quality.matte_regions import Box, Regions, border_line_share, border_shares

FIT_MARGIN_PX = 14
FITS = 0.59
EXAMINED = 20
SPECK_SHARE = 1e-5
SUBJECT_SHARE = 0.15


def region_fit(subject: Subject, regions: Regions, number: int) -> float:
    """Return how well a region's outline lies on the image's edges (mean R2); NaN if unknown.

    An island or a hole that is really in the picture has edges there; one that was painted by
    mistake lies across skin, cloth or wall.
    """
    if subject.paired is None:
        return float("nan")
    image, alpha = subject.paired
    x1, y1, x2, y2 = (int(edge) for edge in regions.boxes_xyxy[number])
    window = np.s_[
        max(0, y1 - FIT_MARGIN_PX) : y2 + FIT_MARGIN_PX,
        max(0, x1 - FIT_MARGIN_PX) : x2 + FIT_MARGIN_PX,
    ]
    here = (regions.labels[window] == regions.ids[number]).astype(np.uint8)
    near = cv2.dilate(here, np.ones((5, 5), np.uint8)).astype(bool)
    fit = edge_fit(image[window], alpha[window], points=200, reach_px=1, where=near)
    return float(fit.r2.mean(axis=0).max()) if len(fit) else float("nan")


def _unfit(subject: Subject, regions: Regions, most_px: float) -> Measured:
    """Measure the regions whose outline lies on no edge: the largest one's share, and the rest.

    Regions of more than ``most_px`` are left out.
    """
    total = count = 0
    largest = 0
    worst = float("nan")
    box: Box | None = None
    pixels = regions.labels.size
    sizes = (regions.areas_px <= most_px) & (regions.areas_px >= SPECK_SHARE * pixels)
    for number in np.flatnonzero(sizes)[:EXAMINED]:
        area = int(regions.areas_px[number])
        fit = region_fit(subject, regions, number)
        if fit >= FITS:
            continue
        total, count = total + area, count + 1
        if box is None:
            x1, y1, x2, y2 = (int(edge) for edge in regions.boxes_xyxy[number])
            largest, worst, box = area, fit, (x1, y1, x2, y2)
    values = {
        "share": largest / pixels,
        "total_share": total / pixels,
        "count": float(count),
        "fit": worst,
    }
    return Measured(values, box)


def _measure_islands(subject: Subject) -> Measured:
    if subject.parts is None or not len(subject.parts):
        return NOT_MEASURED
    # A part of the main one's size is a second subject, not an island.
    main_px = float(subject.parts.areas_px[0])
    return _unfit(subject, subject.parts, min(main_px - 1, SUBJECT_SHARE * main_px))


def _measure_holes(subject: Subject) -> Measured:
    if subject.holes is None:
        return NOT_MEASURED
    return _unfit(subject, subject.holes, np.inf)


def _measure_specks(subject: Subject) -> Measured:
    if subject.parts is None or subject.holes is None:
        return NOT_MEASURED
    limit = SPECK_SHARE * subject.parts.labels.size
    parts = int((subject.parts.areas_px < limit).sum())
    return Measured({"count": float(parts)})


def _measure_subjects(subject: Subject) -> Measured:
    if subject.parts is None or not len(subject.parts):
        return NOT_MEASURED
    areas = subject.parts.areas_px
    ratio = float(areas[1] / areas[0]) if len(areas) > 1 else 0.0
    several = int((areas >= SUBJECT_SHARE * areas[0]).sum())
    box = None
    if several > 1:
        x1, y1, x2, y2 = (int(edge) for edge in subject.parts.boxes_xyxy[1])
        box = (x1, y1, x2, y2)
    return Measured({"ratio": ratio, "count": float(several)}, box)


def _measure_fragments(subject: Subject) -> Measured:
    if subject.parts is None or not len(subject.parts):
        return NOT_MEASURED
    areas = subject.parts.areas_px
    large = areas[areas >= SPECK_SHARE * subject.parts.labels.size]
    outside = float(1 - large[0] / large.sum()) if len(large) else 0.0
    return Measured({"count": float(len(large)), "outside_main": outside})


def _measure_border_contact(subject: Subject) -> Measured:
    if subject.alpha is None:
        return NOT_MEASURED
    top, right, bottom, left = border_shares(subject.alpha)
    return Measured({"top": top, "right": right, "bottom": bottom, "left": left})


def _measure_border_line(subject: Subject) -> Measured:
    if subject.alpha is None:
        return NOT_MEASURED
    inset_px = max(4, round(0.01 * min(subject.alpha.shape)))
    return Measured({"share": border_line_share(subject.alpha, inset_px=inset_px)})


CHECKS = (
    Check(
        "islands",
        "{count:.0f} part(s) apart from the subject, {total_share:.3%} of the image, with no edge "
        "of the image under their outline",
        _measure_islands,
        value_of("share"),
    ),
    Check(
        "holes",
        "{count:.0f} hole(s), {total_share:.3%} of the image, with no edge of the image under "
        "their outline",
        _measure_holes,
        value_of("share"),
    ),
    Check(
        "specks",
        "{count:.0f} specks smaller than 1e-5 of the image",
        _measure_specks,
        value_of("count"),
    ),
    Check(
        "several_subjects",
        "{count:.0f} parts of similar size (the second has {ratio:.0%} of the first)",
        _measure_subjects,
        value_of("ratio"),
    ),
    Check(
        "fragments",
        "the subject is in {count:.0f} pieces",
        _measure_fragments,
        value_of("count"),
    ),
    Check(
        "border_contact",
        "the subject leaves the picture at the top along {top:.0%} of it",
        _measure_border_contact,
        value_of("top"),
    ),
    Check(
        "border_line",
        "an opaque line runs along {share:.0%} of a border",
        _measure_border_line,
        value_of("share"),
    ),
)
