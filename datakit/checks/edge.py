"""Edge checks: width, position, halo, fringe, stairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datakit.checks.base import (
    NOT_MEASURED,
    Check,
    Measured,
    Population,
    Subject,
    Values,
    value_of,
)
from datakit.core.quality.contour_profiles import fringe_ratio, halo_px
from datakit.core.quality.edge_fit import edge_fit, offset_of, shift_of
from datakit.core.quality.matte_edges import transition_width_px
from datakit.core.quality.stair_steps import repeated_lines_share

MIN_POINTS = 40
REFERENCE_DIAGONAL_PX = 2000
LOG_WIDTH_FLOOR = 0.2
"""Spread of the log width below which a set counts as uniform: 20 % of the width."""


def _measure_width(subject: Subject) -> Measured:
    if subject.alpha is None or subject.edge is None:
        return NOT_MEASURED
    width = transition_width_px(subject.alpha, subject.edge)
    return Measured({"width_px": width, "of_diagonal": width / subject.diagonal_px})


def _log(width: NDArray[np.float64]) -> NDArray[np.float64]:
    logs: NDArray[np.float64] = np.log(np.maximum(width, 1e-6))
    return logs


def _score_width_outlier(sample: str, values: Values, population: Population) -> float:
    if "of_diagonal" not in values:
        return float("nan")
    return abs(
        population.robust_z(
            sample, "edge_width_outlier", "of_diagonal", transform=_log, floor=LOG_WIDTH_FLOOR
        )
    )


def _measure_misaligned(subject: Subject) -> Measured:
    if subject.paired is None:
        return NOT_MEASURED
    fit = edge_fit(*subject.paired)
    if len(fit) < MIN_POINTS:
        return NOT_MEASURED
    shift, offset = shift_of(fit), offset_of(fit)
    # A matte that is too fat all round, on a subject that leaves the picture at the bottom, fits
    # better when moved down: that is edge_offset's to report.
    gain = shift.gain if shift.r2 > offset.r2 else 0.0
    return Measured(
        {
            "dx_px": float(shift.dx_px),
            "dy_px": float(shift.dy_px),
            "r2": shift.r2,
            "gain": gain,
            "growth_px": float(offset.offset_px),
            "growth_gain": offset.gain,
        }
    )


def _measure_off_edge(subject: Subject) -> Measured:
    fit = subject.small_fit
    if fit is None or len(fit) < MIN_POINTS:
        return NOT_MEASURED
    r2 = offset_of(fit).r2
    return Measured({"r2": r2, "unexplained": 1 - r2})


def _measure_edge_offset(subject: Subject) -> Measured:
    fit = subject.small_fit
    if fit is None or subject.small is None or len(fit) < MIN_POINTS:
        return NOT_MEASURED
    offset, scale = offset_of(fit), subject.small[2]
    return Measured(
        {
            "offset_px": offset.offset_px / scale,
            "side": "outside" if offset.offset_px > 0 else "inside",
            "r2": offset.r2,
            "gain": offset.gain,
        }
    )


def _measure_halo(subject: Subject) -> Measured:
    edge = subject.edge_colours
    if edge is None or len(edge.yx) < MIN_POINTS:
        return NOT_MEASURED
    halo = float(np.median(halo_px(edge)))
    relative = halo / max(1.0, subject.diagonal_px / REFERENCE_DIAGONAL_PX)
    return Measured({"halo_px": halo, "relative_px": relative, "points": float(len(edge.yx))})


def _measure_fringe(subject: Subject) -> Measured:
    if subject.edge_colours is None:
        return NOT_MEASURED
    ratio = fringe_ratio(subject.edge_colours)
    if np.count_nonzero(np.isfinite(ratio)) < MIN_POINTS:
        return NOT_MEASURED
    return Measured({"ratio": float(np.nanmedian(ratio))})


def _measure_stairs(subject: Subject) -> Measured:
    if subject.levels is None:
        return NOT_MEASURED
    return Measured({"repeated": repeated_lines_share(subject.levels)})


CHECKS = (
    Check(
        "soft_edge",
        "the edge is {width_px:.1f} px wide, {of_diagonal:.2%} of the diagonal: the matte is "
        "blurred",
        _measure_width,
        value_of("of_diagonal"),
    ),
    Check(
        "edge_width_outlier",
        "the edge is {width_px:.1f} px wide: {score:.1f} robust deviations from the set's median",
        _measure_width,
        _score_width_outlier,
    ),
    Check(
        "misaligned",
        "the matte lies ({dx_px:+.0f}, {dy_px:+.0f}) px beside the image's edge (gain {gain:.2f})",
        _measure_misaligned,
        value_of("gain"),
    ),
    Check(
        "off_edge",
        "the edge fits the image there by {r2:.0%} only: another picture's matte, or a torn one",
        _measure_off_edge,
        value_of("unexplained"),
    ),
    Check(
        "edge_offset",
        "the outline runs {offset_px:+.1f} px {side} the image's edge (gain {gain:.2f})",
        _measure_edge_offset,
        value_of("gain"),
    ),
    Check(
        "halo",
        "{halo_px:.1f} px of background colour lie inside the matte's edge",
        _measure_halo,
        value_of("relative_px"),
    ),
    Check(
        "fringe",
        "the edge's colours are {ratio:.1f} times as foreign as those beside it: a fringe",
        _measure_fringe,
        value_of("ratio"),
    ),
    Check(
        "stair_steps",
        "{repeated:.0%} of the lines across the edge repeat: it was enlarged by repeating pixels",
        _measure_stairs,
        value_of("repeated"),
    ),
)
