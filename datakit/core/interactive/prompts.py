"""Prompts by a person (clicks, a box, a lasso, strokes) and their pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

Bools = npt.NDArray[np.bool_]
Point = tuple[float, float]
Ground = Literal["foreground", "background", "unknown"]

MOST_POINTS = 20_000
"""Of all strokes and lassos of one request."""
_FINE = 16
_FINE_BITS = 4


@dataclass(frozen=True, slots=True)
class Click:
    """One point of the picture.

    Attributes
    ----------
    x, y : float
        Pixel edges: (0, 0) is the upper left corner of the upper left pixel.
    positive : bool
        Whether the pixel belongs to the subject.
    """

    x: float
    y: float
    positive: bool = True


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line that was drawn with a round brush.

    Attributes
    ----------
    points : tuple of (x, y)
        Pixel edges.
    radius_px : float
        Of the brush, more than 0.
    positive : bool
        Whether what it covers belongs to the subject.
    """

    points: tuple[Point, ...]
    radius_px: float = 2.0
    positive: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """Everything that a person pointed at in one picture, each kind in the order it was made.

    Attributes
    ----------
    box : four floats, optional
        x1, y1, x2, y2 in pixel edges around an object.
    lasso : tuple of (x, y)
        A loose outline around an object; empty: none.
    strokes : tuple of Stroke
    clicks : tuple of Click

    Raises
    ------
    InputError
        If a number is not finite, a brush has no size, or there are too many points.

    Examples
    --------
    >>> Prompts(clicks=(Click(3, float("nan")),))
    Traceback (most recent call last):
    datakit.errors.InputError: prompts: expected finite coordinates, found nan
    """

    box: tuple[float, float, float, float] | None = None
    lasso: tuple[Point, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    clicks: tuple[Click, ...] = ()

    def __post_init__(self) -> None:
        lines = [self.lasso, *(stroke.points for stroke in self.strokes)]
        if sum(map(len, lines)) + len(self.clicks) > MOST_POINTS:
            raise InputError(f"prompts: expected at most {MOST_POINTS} points, found more")
        numbers = [*(self.box or ()), *(value for line in lines for xy in line for value in xy)]
        numbers += [value for click in self.clicks for value in (click.x, click.y)]
        strange = next((value for value in numbers if not math.isfinite(value)), None)
        if strange is not None:
            raise InputError(f"prompts: expected finite coordinates, found {strange}")
        for stroke in self.strokes:
            if not (0 < stroke.radius_px < 1e5 and stroke.points):
                raise InputError(
                    f"stroke: expected points and a radius above 0, found {len(stroke.points)} "
                    f"points, radius {stroke.radius_px}"
                )


def stroke_pixels(stroke: Stroke, size_hw: tuple[int, int]) -> Bools:
    """Return the pixels that a stroke covers, (H, W) bool; at least the one below each point.

    Examples
    --------
    >>> stroke_pixels(Stroke(((0.5, 0.5), (3.5, 0.5)), 0.4), (2, 5)).tolist()[0]
    [True, True, True, True, False]
    """
    drawn = np.zeros(size_hw, np.uint8)
    thickness = max(1, round(2 * stroke.radius_px))
    points = _fine(stroke.points, size_hw)
    cv2.polylines(drawn, [points], False, 1, thickness, cv2.LINE_8, _FINE_BITS)
    # OpenCV's thick lines end flat when they are short: a brush is round everywhere.
    for x, y in points[[0, -1]]:
        radius = round(stroke.radius_px * _FINE)
        cv2.circle(drawn, (int(x), int(y)), radius, 1, cv2.FILLED, cv2.LINE_8, _FINE_BITS)
    return drawn.astype(bool)


def ring_pixels(ring: tuple[Point, ...], size_hw: tuple[int, int]) -> Bools:
    """Return the pixels inside a closed line, its own included, (H, W) bool."""
    drawn = np.zeros(size_hw, np.uint8)
    cv2.fillPoly(drawn, [_fine(ring, size_hw)], 1, cv2.LINE_8, _FINE_BITS)
    return drawn.astype(bool)


def box_pixels(box: tuple[float, float, float, float], size_hw: tuple[int, int]) -> Bools:
    """Return the pixels whose middle lies in a box, (H, W) bool."""
    x1, x2 = sorted((box[0], box[2]))
    y1, y2 = sorted((box[1], box[3]))
    columns = np.arange(size_hw[1]) + 0.5
    rows = np.arange(size_hw[0]) + 0.5
    inside: Bools = ((rows >= y1) & (rows <= y2))[:, None] & ((columns >= x1) & (columns <= x2))
    return inside


def _fine(points: tuple[Point, ...], size_hw: tuple[int, int]) -> npt.NDArray[np.int32]:
    """Return points in OpenCV's fixed-point pixel centres, kept near the picture."""
    height, width = size_hw
    far = np.array([width, height], np.float64)
    near = np.clip(np.array(points, np.float64), -far, 2 * far)
    return np.asarray(np.rint((near - 0.5) * _FINE), np.int32)


def click_pixel(click: Click, size_hw: tuple[int, int]) -> tuple[int, int]:
    """Return row and column of the pixel below a click; InputError when it is outside."""
    height, width = size_hw
    if not (0 <= click.x <= width and 0 <= click.y <= height):
        raise InputError(
            f"click: expected a point within {width}x{height}, found {click.x:g}, {click.y:g}"
        )
    return min(int(click.y), height - 1), min(int(click.x), width - 1)


def regions(prompts: Prompts, size_hw: tuple[int, int]) -> list[Bools]:
    """Return the pixels of the box and of the lasso; InputError when either has none."""
    found = []
    if prompts.box is not None:
        found.append(box_pixels(prompts.box, size_hw))
    if prompts.lasso:
        found.append(ring_pixels(prompts.lasso, size_hw))
    if not all(region.any() for region in found):
        raise InputError("box or lasso: expected pixels of the picture in it, found none")
    return found
