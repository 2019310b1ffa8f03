"""How a face appears (size, brightness, pose) in coarse groups; no identity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.faces.bodies import SURE_SCORE
from datakit.core.faces.detections import Face, FaceDetection

Image = npt.NDArray[np.uint8]

SIZE_EDGES_PX: Final = (20, 40, 80, 160)
BRIGHTNESS_EDGES: Final = (0.2, 0.4, 0.6)
YAW_EDGES: Final = (0.15, 0.4)
"""Of how far the nose lies beside the middle of the eyes, in distances of the eyes."""


def traits_of(image: Image, face: Face) -> dict[str, str]:
    """Return the groups that a face belongs to: trait -> group.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB
        The photo before anything was hidden.
    face : Face

    Examples
    --------
    >>> from datakit.core.faces.detections import FaceDetection
    >>> points = np.array([[4.0, 5], [6, 5], [5, 6], [5, 7]])
    >>> found = Face((FaceDetection(np.array([3.0, 3, 7, 8]), points, 0.9, "x"),))
    >>> traits_of(np.zeros((20, 20, 3), np.uint8), found)
    {'size': 'below 20 px', 'brightness': 'below 0.2', 'pose': 'below 0.15'}
    """
    member = face.members[0]
    high, wide = image.shape[:2]
    x0, y0, x1, y1 = np.clip(np.rint(member.box_xyxy), 0, [wide, high, wide, high]).astype(int)
    crop = image[y0:y1, x0:x1]
    brightness = float(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).mean()) / 255 if crop.size else 0.0
    return {
        "size": _group(member.side_px, SIZE_EDGES_PX, " px"),
        "brightness": _group(brightness, BRIGHTNESS_EDGES),
        "pose": _group(_yaw(member), YAW_EDGES),
    }


def both_recall(seen: Sequence[frozenset[str]], names: Sequence[str]) -> float | None:
    """Estimate the recall of two detectors together, from which of them saw each face.

    Each one's recall is taken from the faces that the other saw (Lincoln-Petersen), and their
    misses are taken for independent: hard faces are missed by both, so it is an upper estimate.
    None without faces that each of them saw.

    Examples
    --------
    >>> both, one = frozenset("ab"), frozenset("a")
    >>> both_recall([both, both, both, one], "ab")
    1.0
    """
    first, second = (sum(name in one for one in seen) for name in names)
    together = sum(all(name in one for name in names) for one in seen)
    if not first or not second:
        return None
    return 1 - (1 - together / second) * (1 - together / first)


def face_measures(faces: Sequence[Face], size_wh: tuple[int, int]) -> dict[str, float]:
    """Return size and pose of the largest sure face; nothing where there is none.

    The size is the box's longer side in shorter sides of the photo. Yaw is how far the nose lies
    beside the middle of the eyes, in distances of the eyes (0: frontal; about 0.5: half turned),
    roll the lean of the eyes' line in degrees; both without their sign.

    Examples
    --------
    >>> from datakit.core.faces.detections import FaceDetection
    >>> points = np.array([[40.0, 50], [60, 50], [55, 60], [50, 70]])
    >>> found = FaceDetection(np.array([30.0, 30, 70, 80]), points, 0.9, "x")
    >>> face_measures([Face((found,))], (200, 100))
    {'face_size': 0.5, 'yaw': 0.25, 'roll': 0.0}
    """
    sure = [face.members[0] for face in faces if face.score >= SURE_SCORE]
    if not sure:
        return {}
    largest = max(sure, key=lambda found: found.side_px)
    return {
        "face_size": largest.side_px / min(size_wh),
        "yaw": _yaw(largest),
        "roll": float(abs(np.rad2deg(largest.roll_rad))),
    }


def _yaw(found: FaceDetection) -> float:
    """Return how far the nose lies beside the middle of the eyes, in distances of the eyes."""
    right, left, nose = found.keypoints_xy[:3]
    line = left - right
    return float(abs((nose - (right + left) / 2) @ line)) / max(float(line @ line), 1e-9)


def _group(value: float, edges: Sequence[float], unit: str = "") -> str:
    """Name the group of a value between edges."""
    below = next((edge for edge in edges if value < edge), None)
    return f"{edges[-1]:g}{unit} and more" if below is None else f"below {below:g}{unit}"
