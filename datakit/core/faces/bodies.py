"""Whether the detected faces account for all visible people.

A body reaches so far from its face and no farther. What a segmentation takes for a person and no
face can own shows that a face was missed, or that the hits are too small to be the person's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.faces.detections import Face

Mask = npt.NDArray[np.bool_]

# Shoulders, arms and a seated body lie within these many sides of the face's box: to both sides,
# above its middle (hair, a hat) and below (eight heads make an adult); legs reach farther to the
# sides than arms. In 51 photos with all their faces known at most 0.006 of the photo is left.
REACH_SIDE, REACH_UP, REACH_DOWN = 2.5, 1.3, 9.0
LEGS_FROM, LEGS_SIDE = 3.0, 3.2
# A larger part of the photo, taken up by a person out of reach of every face, needs a person's
# look: with all faces known it is at most 0.006 (51 photos).
FACELESS_LIMIT = 0.015
SURE_SCORE = 0.5
PERSON_CONFIDENCE = 0.5


@dataclass(frozen=True, eq=False)
class Head:
    """A found face: the middle and longer side of its box in pixels, and its roll (y down)."""

    centre_xy: npt.NDArray[np.float64]
    side_px: float
    roll_rad: float = 0.0

    def body_box(self, image_hw: tuple[int, int]) -> tuple[float, float, float, float]:
        """Return the box that an upright head's body reaches, cut to the photo.

        Examples
        --------
        >>> Head(np.array([50.0, 30.0]), 10.0).body_box((100, 100))
        (25.0, 17.0, 75.0, 100.0)
        """
        x, y = self.centre_xy
        side = self.side_px
        left, right = max(0.0, x - REACH_SIDE * side), min(image_hw[1], x + REACH_SIDE * side)
        top, bottom = max(0.0, y - REACH_UP * side), min(image_hw[0], y + REACH_DOWN * side)
        return float(left), float(top), float(right), float(bottom)


@dataclass(frozen=True)
class Faceless:
    """The largest region of a person that no face owns.

    Attributes
    ----------
    share : float
        Its part of the photo, 0 when there is none.
    box_xyxy : (x0, y0, x1, y1)
        Pixels of the photo.
    """

    share: float
    box_xyxy: tuple[int, int, int, int]


def faceless(person: Mask, heads: Sequence[Head], size_wh: tuple[int, int]) -> Faceless:
    """Find the largest part of the people in a photo that is out of reach of every face.

    Parameters
    ----------
    person : (h, w) bool
        Where people are, at any resolution.
    heads : sequence of Head
    size_wh : (width, height)
        Of the photo, in whose pixels heads are given.

    Returns
    -------
    Faceless

    Examples
    --------
    >>> person = np.zeros((10, 10), bool); person[2:] = True
    >>> faceless(person, [], (100, 100))
    Faceless(share=0.8, box_xyxy=(0, 20, 100, 100))
    >>> faceless(person, [Head(np.array([50.0, 30]), 30)], (100, 100)).share
    0.0
    """
    parts = faceless_parts(person, heads, size_wh)
    return parts[0] if parts else Faceless(0.0, (0, 0, 0, 0))


def faceless_parts(person: Mask, heads: Sequence[Head], size_wh: tuple[int, int]) -> list[Faceless]:
    """Find all parts of the people in a photo that are out of reach of every face, largest first.

    Parameters as of `faceless`.
    """
    step = np.array(size_wh) / person.shape[::-1]
    x = (np.arange(person.shape[1]) + 0.5) * step[0]
    y = (np.arange(person.shape[0]) + 0.5) * step[1]
    left = person.copy()
    for head in heads:
        left &= ~_reached(x[None] - head.centre_xy[0], y[:, None] - head.centre_xy[1], head)
    _, _, stats, _ = cv2.connectedComponentsWithStats(left.astype(np.uint8), connectivity=4)
    parts = []
    for x0, y0, wide, high, area in stats[1:]:
        low, top = np.rint([x0, y0] * step), np.rint([x0 + wide, y0 + high] * step)
        box = (int(low[0]), int(low[1]), int(top[0]), int(top[1]))
        parts.append(Faceless(float(area / person.size), box))
    return sorted(parts, key=lambda part: (-part.share, part.box_xyxy))


def count_people(person: Mask, faces: Sequence[Face], size_wh: tuple[int, int]) -> int:
    """Return how many people a photo shows: by their faces, and by bodies that no face owns.

    A face counts from a score of `SURE_SCORE`; fainter hits are often folds of cloth. A part of
    the segmentation that no such face reaches is one person more when it takes up
    `FACELESS_LIMIT` of the photo: a back, a covered face, also a dog that is taken for a person.

    Examples
    --------
    >>> person = np.zeros((10, 10), bool); person[2:] = True
    >>> count_people(person, [], (100, 100)), count_people(~person & False, [], (100, 100))
    (1, 0)
    """
    heads = [
        Head((face.box_xyxy[:2] + face.box_xyxy[2:]) / 2, face.members[0].side_px)
        for face in faces
        if face.score >= SURE_SCORE
    ]
    parts = faceless_parts(person, heads, size_wh)
    return len(heads) + sum(part.share >= FACELESS_LIMIT for part in parts)


def _reached(dx: npt.NDArray[np.float64], dy: npt.NDArray[np.float64], head: Head) -> Mask:
    cos, sin = np.cos(head.roll_rad), np.sin(head.roll_rad)
    across, down = dx * cos + dy * sin, dy * cos - dx * sin
    side = np.where(down > LEGS_FROM * head.side_px, LEGS_SIDE, REACH_SIDE)
    beside = np.abs(across) <= side * head.side_px
    return np.asarray(
        beside & (down >= -REACH_UP * head.side_px) & (down <= REACH_DOWN * head.side_px)
    )
