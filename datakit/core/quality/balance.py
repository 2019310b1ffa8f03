"""What a photo looks like, in a few numbers: so that splits can be held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.faces.bodies import SURE_SCORE
from datakit.core.faces.detections import Face

Image = npt.NDArray[np.uint8]
Map = npt.NDArray[np.float32]

SIDE_PX: Final = 512
"""Photos are looked at with this longer side: sharpness depends on the size."""


def photo_measures(image: Image) -> dict[str, float]:
    """Return the brightness (mean luma, 0 to 1) and the sharpness of a photo.

    Sharpness is the logarithm (base 10) of the variance of the Laplacian of luma at a longer side
    of `SIDE_PX` (Pech-Pacheco et al. 2000).

    Examples
    --------
    >>> flat = photo_measures(np.full((64, 64, 3), 255, np.uint8))
    >>> flat["brightness"], flat["sharpness"] < 0
    (1.0, True)
    """
    scale = min(1.0, SIDE_PX / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    variance = float(cv2.Laplacian(luma, cv2.CV_64F).var())
    return {
        "brightness": float(luma.mean()) / 255,
        "sharpness": float(np.log10(variance + 1e-3)),
    }


def label_measures(alpha: Map) -> dict[str, float]:
    """Return the foreground's share, and which part of it is neither clear nor opaque.

    Examples
    --------
    >>> label_measures(np.array([[0, 0.5], [1, 0.5]], np.float32))
    {'foreground': 0.5, 'edge_softness': 0.5}
    """
    total = float(alpha.sum(dtype=np.float64))
    soft = float(alpha[(alpha > 0.05) & (alpha < 0.95)].sum(dtype=np.float64))
    return {"foreground": total / alpha.size, "edge_softness": soft / total if total else 0.0}


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
    right, left, nose = largest.keypoints_xy[:3]
    line = left - right
    apart = float(np.hypot(*line))
    beside = float(abs((nose - (right + left) / 2) @ line)) / max(apart, 1e-9) ** 2
    return {
        "face_size": largest.side_px / min(size_wh),
        "yaw": beside,
        "roll": float(abs(np.rad2deg(largest.roll_rad))),
    }
