"""Where a face embedding's square crop lies: by the eyes, or by the five-point template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from datakit.core.faces.detections import FaceDetection

Points = npt.NDArray[np.float64]
Alignment = Literal["eyes", "five-points"]

TEMPLATE_PX: Final = 112
TEMPLATE: Final[Points] = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)
"""Eyes, nose and mouth corners in a square of 112 pixels (ArcFace, Deng et al. 2019)."""


@dataclass(frozen=True, eq=False)
class Square:
    """A square of an image, in its pixels; `roll_rad` is the angle at which the face is upright."""

    centre_xy: Points
    side_px: float
    roll_rad: float


def eyes_square(found: FaceDetection, scale: float) -> Square:
    """Return the square around a face's box, ``scale`` times as wide, level with its eyes.

    Examples
    --------
    >>> eyes = np.array([[4.0, 4], [6, 4], [5, 5], [5, 6]])
    >>> square = eyes_square(FaceDetection(np.array([3.0, 2, 7, 8]), eyes, 0.9, "x"), 1.5)
    >>> square.centre_xy.tolist(), square.side_px, square.roll_rad
    ([5.0, 5.0], 6.0, 0.0)
    """
    box = found.box_xyxy
    return Square((box[:2] + box[2:]) / 2, scale * float(box[2] - box[0]), found.roll_rad)


def template_square(found: FaceDetection) -> Square:
    """Return the square in which a face's points lie as close to the template as they can.

    The fit is the least-squares similarity (Umeyama 1991, without reflection). Of a detection
    with four points the fourth is fitted to the middle of the template's mouth.

    Examples
    --------
    >>> points = TEMPLATE * 2 + [10, 20]
    >>> square = template_square(FaceDetection(np.zeros(4), points, 0.9, "x"))
    >>> square.centre_xy.round(3).tolist(), round(square.side_px, 3), abs(square.roll_rad) < 1e-9
    ([122.0, 132.0], 224.0, True)
    """
    target = TEMPLATE
    if len(found.keypoints_xy) == 4:
        target = np.vstack([TEMPLATE[:3], TEMPLATE[3:].mean(axis=0)])
    # As complex numbers a similarity is one product and one sum.
    inner, outer = target @ [1, 1j], found.keypoints_xy @ [1, 1j]
    middle = inner.mean()
    factor = np.vdot(inner - middle, outer - outer.mean()) / np.vdot(inner - middle, inner - middle)
    centre = outer.mean() + factor * (TEMPLATE_PX / 2 * (1 + 1j) - middle)
    return Square(
        np.array([centre.real, centre.imag]),
        TEMPLATE_PX * float(abs(factor)),
        float(np.angle(factor)),
    )


def best_member(members: Sequence[FaceDetection], alignment: Alignment) -> FaceDetection:
    """Return the detection to align by: the template wants one with both corners of the mouth."""
    if alignment == "five-points":
        return next((found for found in members if len(found.keypoints_xy) == 5), members[0])
    return members[0]
