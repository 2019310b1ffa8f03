"""MediaPipe's pose networks: the crop of each body, and its map put back in place.

The rectangle is that of its graphs (Bazarevsky et al. 2020, "BlazePose", arXiv:2006.10204): around
the middle of the hips, turned so that the body stands upright, a quarter larger than the circle
that holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.faces.blazeface import Rect

Map = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]

GROWTH = 1.25
SAME_BODY_IOU = 0.05
"""From this overlap on a body's own map and a draft speak of the same person."""
WEIGHT = 0.5
"""What a body's map counts against that of the whole photo, where the body was looked at."""


@dataclass(frozen=True, eq=False)
class Body:
    """A person whom the pose networks found.

    Attributes
    ----------
    score, presence : float in [0, 1]
        Of the detection, and of the closer look.
    points_xy : (33, 2) float64
        Pixel edges of the photo; nose first, feet last, as MediaPipe numbers them.
    visibility : (33,) float64 in [0, 1]
        How likely each point is in the photo and not hidden.
    rect : Rect
        Where the network looked.
    probability : (s, s) float32 in [0, 1]
        Where in `rect` this person is.
    """

    score: float
    presence: float
    points_xy: Points
    visibility: npt.NDArray[np.float64]
    rect: Rect
    probability: Map


def body_rect(hips_xy: Points, reach_xy: Points) -> Rect:
    """Return the square around a body, given the middle of its hips and a point on its circle.

    Examples
    --------
    >>> rect = body_rect(np.array([50.0, 60.0]), np.array([50.0, 20.0]))
    >>> rect.size_wh, rect.roll_rad
    ((100.0, 100.0), 0.0)
    """
    side = 2 * float(np.hypot(*(reach_xy - hips_xy))) * GROWTH
    centre_xy = (float(hips_xy[0]), float(hips_xy[1]))
    return Rect(centre_xy, (side, side), upright_roll(hips_xy, reach_xy))


def upright_roll(base_xy: Points, top_xy: Points) -> float:
    """Return how far a rectangle is turned in which one point is straight above another.

    Returns
    -------
    float
        In radians, clockwise, from -pi on and below pi.

    Examples
    --------
    >>> round(upright_roll(np.array([0.0, 0.0]), np.array([5.0, 0.0])), 3)
    1.571
    """
    across, down = top_xy - base_xy
    roll = np.pi / 2 - np.arctan2(-down, across)
    return float((roll + np.pi) % (2 * np.pi) - np.pi)


def on_photo(values: Map, rect: Rect, photo_wh: tuple[int, int], size_wh: tuple[int, int]) -> Map:
    """Put a map of a rectangle back on its photo, at any size; 0 outside of the rectangle.

    Parameters
    ----------
    values : (s, s) float32
    rect : Rect
        In pixels of the photo.
    photo_wh : (width, height)
    size_wh : (width, height)
        Of the result.

    Returns
    -------
    (height, width) float32
    """
    turned = (rect.centre_xy, rect.size_wh, float(np.rad2deg(rect.roll_rad)))
    scale = np.array(size_wh, np.float32) / np.array(photo_wh, np.float32)
    corners = np.asarray(cv2.boxPoints(turned), np.float32) * scale
    side = values.shape[0]
    source = np.array([[0, side], [0, 0], [side, 0], [side, side]], np.float32)
    placed = cv2.warpPerspective(
        values, cv2.getPerspectiveTransform(source, corners), size_wh, flags=cv2.INTER_LINEAR
    )
    return np.asarray(placed, np.float32)


def with_bodies(probability: Map, bodies: Sequence[Body], photo_wh: tuple[int, int]) -> Map:
    """Let each body's own map speak where the network looked at it; without any nothing changes.

    Parameters
    ----------
    probability : (h, w) float32 in [0, 1]
        Of the whole photo.
    bodies : sequence of Body
        Those that are there (`is_there`).
    photo_wh : (width, height)

    Returns
    -------
    (h, w) float32 in [0, 1]
    """
    if not bodies:
        return probability
    size_wh = (probability.shape[1], probability.shape[0])
    maps = [on_photo(body.probability, body.rect, photo_wh, size_wh) for body in bodies]
    whole = np.ones_like(bodies[0].probability)
    seen = [on_photo(whole, body.rect, photo_wh, size_wh) for body in bodies]
    weight = np.float32(WEIGHT) * np.max(seen, axis=0)
    mixed: Map = (probability + weight * np.max(maps, axis=0)) / (1 + weight)
    return mixed


def is_there(body: Body, probability: Map, photo_wh: tuple[int, int]) -> bool:
    """Tell whether a body is a person of a draft: present, and where the draft has somebody."""
    if body.presence < 0.5:
        return False
    size_wh = (probability.shape[1], probability.shape[0])
    mine = on_photo(body.probability, body.rect, photo_wh, size_wh) > 0.5
    drafted = probability > 0.5
    union = int((mine | drafted).sum())
    return union > 0 and int((mine & drafted).sum()) >= SAME_BODY_IOU * union
