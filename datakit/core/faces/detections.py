"""What a face detector finds, and how the findings of several detectors become one list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from datakit.core.faces.crops import UprightCrop
from datakit.core.masks.boxes import overlap

MERGE_IOU = 0.3
MERGE_SHARE = 0.6
MERGE_SIZE_RATIO = 2.5
LEVEL_RAD = np.pi / 3


@dataclass(frozen=True, eq=False)
class FaceDetection:
    """One face seen by one detector.

    Attributes
    ----------
    box_xyxy : (4,) float64
        Pixel edges; may leave the image.
    keypoints_xy : (4, 2) or (5, 2) float64
        The eye on the subject's right, the other eye, the nose tip, then the middle of the mouth
        or its two corners (right of the subject first).
    score : float in [0, 1]
        Comparable within one detector only.
    detector : str
    turn_deg : float
        How far counter-clockwise the image was turned in which the face was seen.
    """

    box_xyxy: npt.NDArray[np.float64]
    keypoints_xy: npt.NDArray[np.float64]
    score: float
    detector: str
    turn_deg: float = 0.0

    @property
    def side_px(self) -> float:
        """The longer side of the box."""
        return float(np.max(self.box_xyxy[2:] - self.box_xyxy[:2]))

    @property
    def roll_rad(self) -> float:
        """Angle of the line between the eyes; 0 for an upright face, in image axes (y down)."""
        dx, dy = self.keypoints_xy[1] - self.keypoints_xy[0]
        return float(np.arctan2(dy, dx))


@dataclass(frozen=True, eq=False)
class Face:
    """One face, seen by one or several detectors; the first member is the most trusted one.

    Attributes
    ----------
    members : tuple of FaceDetection
    seen_in : str, optional
        The neighbouring frame whose face made this one be looked for; None: found by itself.
    """

    members: tuple[FaceDetection, ...]
    seen_in: str | None = None

    @property
    def box_xyxy(self) -> npt.NDArray[np.float64]:
        """Box of the most trusted member."""
        return self.members[0].box_xyxy

    @property
    def score(self) -> float:
        """Highest score of the members."""
        return max(member.score for member in self.members)

    @property
    def detectors(self) -> tuple[str, ...]:
        """Names of the detectors that saw the face, sorted."""
        return tuple(sorted({member.detector for member in self.members}))


def crop_to_photo(seen: FaceDetection, crop: UprightCrop, roll_rad: float) -> FaceDetection:
    """Return what was seen in an upright crop as a detection of the photo that it was cut from."""
    corners = crop.points_to_image(seen.box_xyxy[[[0, 1], [2, 1], [2, 3], [0, 3]]])
    return replace(
        seen,
        box_xyxy=np.concatenate([corners.min(axis=0), corners.max(axis=0)]),
        keypoints_xy=crop.points_to_image(seen.keypoints_xy),
        turn_deg=float(np.rad2deg(roll_rad)),
    )


def merge_detections(detections: Sequence[FaceDetection]) -> tuple[Face, ...]:
    """Join detections of the same face, most certain first.

    Two detections are one face when their IoU exceeds 0.3, or when the smaller lies by more than
    60 % inside the other and is not less than 1/2.5 of its side (a face cut by a tile's edge). A
    much smaller box inside a large one stays a face of its own: it may be a child before a parent.

    Parameters
    ----------
    detections : sequence of FaceDetection

    Returns
    -------
    tuple of Face
        By falling score; ties are broken by the box, so that the order of the input does not count.

    Examples
    --------
    >>> box, points = np.array([0, 0, 10, 10.0]), np.zeros((4, 2))
    >>> seen = [FaceDetection(box + d, points, 0.9 - d / 10, f"d{d}") for d in (0, 1, 2)]
    >>> [face.detectors for face in merge_detections(seen)]
    [('d0', 'd1', 'd2')]
    """
    ranked = sorted(
        detections, key=lambda found: (-found.score, found.detector, *found.box_xyxy.tolist())
    )
    same = _same_faces(ranked, ranked)
    groups: dict[int, list[FaceDetection]] = {}
    for at, found in enumerate(ranked):
        home = next((first for first in groups if same[first, at]), at)
        groups.setdefault(home, []).append(found)
    return tuple(Face(_best_turn_first(group)) for group in groups.values())


def _best_turn_first(group: Sequence[FaceDetection]) -> tuple[FaceDetection, ...]:
    """Order by the turn on which the detectors agree, then by score.

    CenterFace sees upright faces in turned photos too, with high scores, wrong boxes and eyes that
    do not lie level in the turned photo. So each detector votes with its best score of a turn, and
    a member whose eyes are not level has half a vote.
    """
    best: dict[tuple[float, str], float] = {}
    for found in group:
        key = (found.turn_deg, found.detector)
        best[key] = max(best.get(key, 0.0), _vote(found))
    votes: dict[float, float] = {}
    for (turn_deg, _), vote in best.items():
        votes[turn_deg] = votes.get(turn_deg, 0.0) + vote
    return tuple(sorted(group, key=lambda found: (-votes[found.turn_deg], -_vote(found))))


def _vote(found: FaceDetection) -> float:
    tilt = np.angle(np.exp(1j * (found.roll_rad - np.deg2rad(found.turn_deg))))
    return found.score * (1.0 if abs(tilt) < LEVEL_RAD else 0.5)


def is_same_face(a: FaceDetection, b: FaceDetection) -> bool:
    """Tell whether two detections are one face; `merge_detections` says when."""
    return bool(_same_faces([a], [b])[0, 0])


def _same_faces(
    some: Sequence[FaceDetection], others: Sequence[FaceDetection]
) -> npt.NDArray[np.bool_]:
    """Tell for each pair of detections whether they are one face, (len(some), len(others))."""
    boxes = [
        np.array([found.box_xyxy for found in seen], np.float64).reshape(-1, 4)
        for seen in (some, others)
    ]
    iou, share = overlap(*boxes)
    sides = [(box[:, 2:] - box[:, :2]).max(axis=1) for box in boxes]
    small, large = np.minimum.outer(*sides), np.maximum.outer(*sides)
    within = (share > MERGE_SHARE) & (small * MERGE_SIZE_RATIO >= large)
    return np.asarray((iou > MERGE_IOU) | within)
