"""A canvas of hard-edged layers, larger than the picture, from which exact coverage is averaged."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

SCALE = 8
LENS_SIGMA_PX = 0.55

Colour = tuple[int, int, int]
Points = NDArray[np.float64]


class Easel:
    """A canvas of hard-edged layers, `SCALE` times the final size."""

    def __init__(self, height: int, width: int) -> None:
        self.hw = (height, width)
        self.colour = np.zeros((height * SCALE, width * SCALE, 3), np.uint8)
        self.covered = np.zeros((height * SCALE, width * SCALE), np.uint8)

    def polygon(self, points: Points, colour: Colour) -> None:
        """Fill a polygon given in final pixels, pixel edges at whole numbers."""
        fixed = np.rint((points * SCALE - 0.5) * 16).astype(np.int32)
        cv2.fillPoly(self.colour, [fixed], colour, cv2.LINE_8, 4)
        cv2.fillPoly(self.covered, [fixed], 1, cv2.LINE_8, 4)

    def ellipse(
        self,
        centre: Points,
        half_wh: tuple[float, float],
        colour: Colour,
        angle_deg: float = 0.0,
    ) -> None:
        """Fill an ellipse."""
        turn = np.linspace(0, 2 * np.pi, 72, endpoint=False)
        ring = np.stack([half_wh[0] * np.cos(turn), half_wh[1] * np.sin(turn)], axis=1)
        self.polygon(rotated(ring, np.zeros(2), angle_deg) + centre, colour)

    def strand(self, points: Points, width_px: tuple[float, float], colour: Colour) -> None:
        """Draw a curve whose width tapers from root to tip."""
        fixed = np.rint((points * SCALE - 0.5) * 16).astype(np.int32)
        widths = np.linspace(width_px[0], width_px[1], len(points) - 1) * SCALE
        for start, stop, width in zip(fixed[:-1], fixed[1:], widths, strict=True):
            thick = max(1, round(float(width)))
            cv2.line(self.colour, start, stop, colour, thick, cv2.LINE_8, 4)
            cv2.line(self.covered, start, stop, 1, thick, cv2.LINE_8, 4)

    def averaged(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the foreground (H, W, 3) in 0..255 and the alpha (H, W) in 0..1.

        The lens blurs coverage and covered colour alike, so alpha and foreground stay exact.
        """
        cells = (self.hw[0], SCALE, self.hw[1], SCALE)
        kept = self.colour * self.covered[..., None]
        count = self.covered.reshape(cells).sum(axis=(1, 3), dtype=np.int64)
        total = kept.reshape(*cells, 3).sum(axis=(1, 3), dtype=np.int64)
        soft_count = cv2.GaussianBlur(count.astype(np.float64), (0, 0), LENS_SIGMA_PX)
        soft_total = cv2.GaussianBlur(total.astype(np.float64), (0, 0), LENS_SIGMA_PX)
        foreground = soft_total / np.maximum(soft_count, 1e-9)[..., None]
        return foreground.astype(np.float32), (soft_count / SCALE**2).astype(np.float32)


def rotated(points: Points, pivot: Points, angle_deg: float) -> Points:
    """Rotate points about a pivot, clockwise on the screen."""
    angle = np.deg2rad(angle_deg)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (points - pivot) @ matrix + pivot


def curve(*knots: Sequence[float], count: int = 12) -> Points:
    """Sample the Bézier curve of any degree through its control points."""
    points = [np.asarray(knots, np.float64)] * count
    along = np.linspace(0, 1, count)
    control = np.stack(points)
    while control.shape[1] > 1:
        control = control[:, :-1] + (control[:, 1:] - control[:, :-1]) * along[:, None, None]
    return control[:, 0]


def shade(colour: Colour, factor: float) -> Colour:
    """Lighten (factor > 1) or darken a colour."""
    return tuple(int(np.clip(round(c * factor), 0, 255)) for c in colour)  # type: ignore[return-value]
