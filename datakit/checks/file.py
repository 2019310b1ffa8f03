"""File checks: damage, size, channels, depth, coding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from datakit.checks.base import NOT_MEASURED, Check, Measured, Subject, value_of
from datakit.core.quality.jpeg_traces import block_grid_ratio, residue_share

ASPECT_TOLERANCE = 0.01
JPEG_BY_NAME = 1.5


def _measure_unreadable(subject: Subject) -> Measured:
    files = {"image": subject.image_file, "alpha": subject.alpha_file}
    broken = {name: file for name, file in files.items() if file.error and not file.cut_off}
    error = "; ".join(file.error for file in broken.values())
    return Measured({"files": float(len(broken)), "which": " and ".join(broken), "error": error})


def _measure_truncated(subject: Subject) -> Measured:
    files = {"image": subject.image_file, "alpha": subject.alpha_file}
    cut = [name for name, file in files.items() if file.cut_off]
    return Measured({"files": float(len(cut)), "which": " and ".join(cut)})


def _size_case(image_wh: tuple[int, int], alpha_wh: tuple[int, int]) -> tuple[str, float]:
    """Return in which of three ways the sizes differ, and how much: the log of the ratio."""
    if image_wh == alpha_wh:
        return "equal", 0.0
    if image_wh == alpha_wh[::-1]:
        return "turned", 1.0
    width, height = np.log(alpha_wh[0] / image_wh[0]), np.log(alpha_wh[1] / image_wh[1])
    # A copy at another scale is rounded to whole pixels on both sides.
    rounding = 1 / min(*image_wh, *alpha_wh)
    if abs(width - height) > max(ASPECT_TOLERANCE, rounding):
        return "aspect", float(abs(width - height))
    return "scaled", float(max(abs(width), abs(height)))


def _measure_size(case: str) -> Callable[[Subject], Measured]:
    def measure(subject: Subject) -> Measured:
        if subject.image is None or subject.alpha is None:
            return NOT_MEASURED
        image_wh = (subject.image.shape[1], subject.image.shape[0])
        alpha_wh = (subject.alpha.shape[1], subject.alpha.shape[0])
        found, amount = _size_case(image_wh, alpha_wh)
        return Measured(
            {
                "amount": amount if found == case else 0.0,
                "image_size": "{} x {}".format(*image_wh),
                "alpha_size": "{} x {}".format(*alpha_wh),
                "orientation": float(getattr(subject.image_file.probe, "orientation", 1)),
            }
        )

    return measure


def _measure_channels(subject: Subject) -> Measured:
    if subject.decoded is None or subject.stored is None:
        return NOT_MEASURED
    oddness = {"gray": 0.0, "equal": 1.0, "alpha": 1.0, "red": 2.0}[subject.decoded.channel]
    return Measured(
        {
            "oddness": oddness,
            "taken": subject.decoded.channel,
            "channels": float(1 if subject.stored.ndim == 2 else subject.stored.shape[2]),
            "spread": subject.decoded.channel_spread,
        }
    )


def _measure_bit_depth(subject: Subject) -> Measured:
    if subject.stored is None or subject.alpha_file.probe is None:
        return NOT_MEASURED
    stored = 1 if subject.alpha_file.probe.mode == "1" else 8 * subject.stored.dtype.itemsize
    used = float(stored)
    if subject.stored.dtype == np.uint16:
        high, low = subject.stored >> 8, subject.stored & 255
        used = 8.0 if bool(np.isin(low, (0,)).all() or (high == low).all()) else 16.0
    return Measured({"stored_bits": float(stored), "used_bits": used, "lost": 8.0 - min(used, 8)})


def _measure_value_range(subject: Subject) -> Measured:
    return NOT_MEASURED if subject.decoded is None else Measured({"bad": subject.decoded.bad_share})


def _measure_coding(subject: Subject) -> Measured:
    if subject.decoded is None:
        return NOT_MEASURED
    scale, full = subject.decoded.scale, subject.decoded.full_scale
    return Measured({"opaque_is": scale, "expected": full, "darkened": 1 - scale / full})


def _measure_palette(subject: Subject) -> Measured:
    probe = subject.alpha_file.probe
    return NOT_MEASURED if probe is None else Measured({"palette": float(probe.mode == "P")})


def _measure_jpeg(subject: Subject) -> Measured:
    if subject.levels is None:
        return NOT_MEASURED
    probe = subject.alpha_file.probe
    by_name = probe is not None and probe.format == "JPEG"
    grid = block_grid_ratio(subject.levels)
    trace = float(np.nanmax([grid, JPEG_BY_NAME if by_name else 0.0]))
    return Measured({"grid_ratio": grid, "is_jpeg": float(by_name), "trace": trace})


def _measure_residue(subject: Subject) -> Measured:
    if subject.levels is None:
        return NOT_MEASURED
    return Measured({"share": residue_share(subject.levels)})


CHECKS = (
    Check("unreadable", "{which} cannot be read: {error}", _measure_unreadable, value_of("files")),
    Check(
        "truncated",
        "{which} was cut off: the file ends early",
        _measure_truncated,
        value_of("files"),
    ),
    Check(
        "turned",
        "alpha is {alpha_size}, the image as shown {image_size} (EXIF orientation "
        "{orientation:.0f}): one of the two was turned",
        _measure_size("turned"),
        value_of("amount"),
    ),
    Check(
        "aspect_differs",
        "alpha is {alpha_size}, the image {image_size}: it was cropped or stretched",
        _measure_size("aspect"),
        value_of("amount"),
    ),
    Check(
        "size_differs",
        "alpha is {alpha_size}, the image {image_size}: the same picture at another scale",
        _measure_size("scaled"),
        value_of("amount"),
    ),
    Check(
        "channels",
        "{channels:.0f} channels instead of one; alpha is taken from: {taken}",
        _measure_channels,
        value_of("oddness"),
    ),
    Check(
        "bit_depth",
        "{used_bits:.0f} bits of {stored_bits:.0f} are used: too few for a soft edge",
        _measure_bit_depth,
        value_of("lost"),
    ),
    Check(
        "value_range",
        "{bad:.2%} of the values are NaN, infinite or outside 0..1",
        _measure_value_range,
        value_of("bad"),
    ),
    Check(
        "coding",
        "opaque is stored as {opaque_is:.0f} instead of {expected:.0f}",
        _measure_coding,
        value_of("darkened"),
    ),
    Check(
        "palette",
        "the alpha is a palette picture: its values are indices",
        _measure_palette,
        value_of("palette"),
    ),
    Check(
        "jpeg_alpha",
        "the alpha went through JPEG (ripples end on an 8-px grid {trace:.2f} times too often)",
        _measure_jpeg,
        value_of("trace"),
    ),
    Check(
        "residue",
        "{share:.2%} of the pixels are nearly but not quite 0 or 255, away from any edge",
        _measure_residue,
        value_of("share"),
    ),
)
