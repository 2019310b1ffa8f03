"""Hands: where MediaPipe's hand networks look, and the hand that a label lacks.

The crop is that of its graphs (Zhang et al. 2020, "MediaPipe Hands", arXiv:2006.10214): a square
2.6 times the palm, turned so that the fingers point upward, and moved towards them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.drafts.bodies import Body, Points, upright_roll
from datakit.core.drafts.unsure_places import Box
from datakit.core.faces.blazeface import Rect

PALM_GROWTH = 2.6
TOWARDS_FINGERS = 0.5
"""Of the palm's height: how far the square is moved."""
ARMS = ((11, 13, 15, 17, 19), (12, 14, 16, 18, 20))
"""Of each arm of a body: shoulder, elbow, wrist, knuckles of the little and the index finger."""
ARM_REACH = 0.8
"""Of the forearm: half of the square around a hand in which palms are looked for again."""
FINGERS = ((0, 1, 2, 3, 4), (5, 6, 7, 8), (9, 10, 11, 12), (13, 14, 15, 16), (17, 18, 19, 20))
PALM = (0, 1, 5, 9, 13, 17)
FINGER_WIDTH = 0.2
"""Of the palm's length."""
ARM_SHARE = 0.5
"""Of an upper arm that is in the label of its person, whether or not its hand is."""
SURE = 0.8
"""Presence that a hand needs where no body confirms it."""
BESIDE_SHARE = 0.1
"""Of the square around the wrist of a hand without an arm, which the label must fill."""
BESIDE_REACH = 1.5
"""Of a hand's extent: half of that square."""
MISSING_SHARE = 0.5
"""From this share on a hand is missing from a draft."""
_SEEN = 0.5


@dataclass(frozen=True, eq=False)
class Hand:
    """A hand that was seen.

    Attributes
    ----------
    presence : float in [0, 1]
        How sure the network is.
    points_xy : (21, 2) float64
        Pixel edges of the photo: the wrist, then four points of each finger from the thumb on.
    arm_xy : (2, 2) float64, optional
        Shoulder and elbow, where a body has its wrist there.
    """

    presence: float
    points_xy: Points
    arm_xy: Points | None = None

    @property
    def palm_px(self) -> float:
        """The length from the wrist to the knuckle of the middle finger."""
        return float(np.linalg.norm(self.points_xy[9] - self.points_xy[0]))

    @property
    def extent_px(self) -> float:
        """The longer side of the box around it."""
        return float(np.ptp(self.points_xy, axis=0).max())


class MissingHand(NamedTuple):
    """The hand of which a label lacks the largest share; its box in pixel edges."""

    share: float
    box_xyxy: Box | None


def palm_rect(box_xyxy: Points, wrist_xy: Points, knuckle_xy: Points) -> Rect:
    """Return the square around a hand, given its palm's box, wrist and middle knuckle.

    Examples
    --------
    >>> box = np.array([40.0, 40.0, 60.0, 60.0])
    >>> rect = palm_rect(box, np.array([50.0, 60.0]), np.array([50.0, 40.0]))
    >>> rect.centre_xy, rect.size_wh, rect.roll_rad
    ((50.0, 40.0), (52.0, 52.0), 0.0)
    """
    roll = upright_roll(wrist_xy, knuckle_xy)
    wide, high = box_xyxy[2:] - box_xyxy[:2]
    moved = TOWARDS_FINGERS * high * np.array([np.sin(roll), -np.cos(roll)])
    x, y = (box_xyxy[:2] + box_xyxy[2:]) / 2 + moved
    side = float(max(wide, high)) * PALM_GROWTH
    return Rect((float(x), float(y)), (side, side), roll)


def arm_rects(body: Body) -> Iterator[Rect]:
    """Yield the squares in which the hands of a body are, where its wrists are to be seen."""
    for _, elbow, wrist, *knuckles in ARMS:
        if body.visibility[wrist] < _SEEN:
            continue
        reach = ARM_REACH * float(np.linalg.norm(body.points_xy[wrist] - body.points_xy[elbow]))
        x, y = body.points_xy[[wrist, *knuckles]].mean(axis=0)
        if reach > 0:
            yield Rect((float(x), float(y)), (2 * reach, 2 * reach))


def with_arm(hand: Hand, bodies: Sequence[Body]) -> Hand:
    """Return a hand with the arm of the body whose wrist is at its own; as it is if none is."""
    nearest = hand.extent_px
    for body in bodies:
        for shoulder, elbow, wrist, *_ in ARMS:
            apart = float(np.linalg.norm(body.points_xy[wrist] - hand.points_xy[0]))
            if body.visibility[wrist] >= _SEEN and apart < nearest:
                nearest, hand = apart, replace(hand, arm_xy=body.points_xy[[shoulder, elbow]])
    return hand


def missing_hand(alpha: npt.NDArray[np.float32], hands: Sequence[Hand]) -> MissingHand:
    """Return the hand of which a label lacks most, of those that are its own.

    Parameters
    ----------
    alpha : (H, W) float32 in [0, 1]
        The label.
    hands : sequence of Hand
        Those that were seen on its photo.

    Returns
    -------
    MissingHand
        The share of the hand that is background in the label; 0 and None without such a hand.
    """
    worst = MissingHand(0.0, None)
    for hand in hands:
        region, (left, top) = _drawn(hand, alpha.shape)
        if not region.any() or not _belongs(alpha, hand):
            continue
        part = alpha[top : top + region.shape[0], left : left + region.shape[1]]
        share = float((part[region > 0] < 0.5).mean())
        if share > worst.share:
            x, y, wide, high = cv2.boundingRect(region)
            worst = MissingHand(share, (left + x, top + y, left + x + wide, top + y + high))
    return worst


def _drawn(hand: Hand, shape: tuple[int, ...]) -> tuple[npt.NDArray[np.uint8], tuple[int, int]]:
    """Return a hand's palm and fingers as a mask of its bounds, and the mask's left and top."""
    width_px = max(1, round(FINGER_WIDTH * hand.palm_px))
    low = np.floor(hand.points_xy.min(axis=0)) - width_px
    high = np.ceil(hand.points_xy.max(axis=0)) + width_px
    left, top = np.clip(low, 0, [shape[1], shape[0]]).astype(int).tolist()
    right, bottom = np.clip(high, 0, [shape[1], shape[0]]).astype(int).tolist()
    region = np.zeros((bottom - top, right - left), np.uint8)
    if region.size:
        # From pixel edges to the centres of pixels.
        points = np.rint(hand.points_xy - [left + 0.5, top + 0.5]).astype(np.int32)
        cv2.fillConvexPoly(region, cv2.convexHull(points[list(PALM)]), 1)
        cv2.polylines(region, [points[list(finger)] for finger in FINGERS], False, 1, width_px)
    return region, (left, top)


def _belongs(alpha: npt.NDArray[np.float32], hand: Hand) -> bool:
    """Tell whether a hand is that of a label: by its arm, or as the label is beside it."""
    wrist = hand.points_xy[0]
    if hand.arm_xy is not None:
        # From the shoulder to the elbow: a cut around the hand may take the forearm along.
        shoulder, elbow = hand.arm_xy
        x, y = np.floor(shoulder + (elbow - shoulder) * np.linspace(0, 1, 9)[:, None]).astype(int).T
        inside = (x >= 0) & (y >= 0) & (x < alpha.shape[1]) & (y < alpha.shape[0])
        return bool(inside.any() and (alpha[y[inside], x[inside]] > 0.5).mean() >= ARM_SHARE)
    reach = BESIDE_REACH * hand.extent_px
    left, top = np.maximum(np.floor(wrist - reach), 0).astype(int)
    right, bottom = np.maximum(np.ceil(wrist + reach), 0).astype(int)
    around = alpha[top:bottom, left:right]
    is_sure = hand.presence >= SURE and around.size > 0
    return bool(is_sure and (around > 0.5).mean() >= BESIDE_SHARE)
