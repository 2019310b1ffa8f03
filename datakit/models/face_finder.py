"""Find every face of a photo: several detectors, and the photo turned to all four sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.boxes import unturn_boxes, unturn_points
from datakit.core.detections import Face, FaceDetection, merge_detections
from datakit.errors import InputError
from datakit.models.faces import FaceDetector

Image = npt.NDArray[np.uint8]

# Faces that are turned by a right angle are rare, and large when they occur: selfies, photos whose
# orientation was lost. Larger photos are shrunk for this search.
TURNED_SIDE_PX = 1920


class FaceFinder:
    """The union of several detectors, merged.

    Every detector searches the photo as it is. The three quarter turns are searched by the
    detectors that gain from it (`FaceDetector.turns_well`), or by all when none of them does, and
    with a higher threshold: upright faces that are seen sideways give faint false hits, true
    ones give strong ones.

    Parameters
    ----------
    detectors : sequence of FaceDetector
        At least one.

    Raises
    ------
    InputError
        If there is no detector.
    """

    def __init__(self, detectors: Sequence[FaceDetector]) -> None:
        if not detectors:
            raise InputError("face detectors: expected at least one, found none")
        self.detectors = tuple(detectors)
        self._turners = tuple(found for found in detectors if found.turns_well) or self.detectors

    def find(self, image: Image) -> tuple[Face, ...]:
        """Find the faces of an (H, W, 3) uint8 RGB image, most certain first."""
        seen = [found for detector in self.detectors for found in detector.detect(image)]
        small, scale_xy = _shrunk(image)
        for quarter_turns in (1, 2, 3):
            turned = np.ascontiguousarray(np.rot90(small, quarter_turns))
            for detector in self._turners:
                seen += [
                    _unturn(found, quarter_turns, (small.shape[1], small.shape[0]), scale_xy)
                    for found in detector.detect(turned)
                    if found.score >= detector.turned_threshold
                ]
        return merge_detections(seen)


def _shrunk(image: Image) -> tuple[Image, npt.NDArray[np.float64]]:
    """Return the image at no more than `TURNED_SIDE_PX`, and the way back (x, y)."""
    height, width = image.shape[:2]
    scale = TURNED_SIDE_PX / max(height, width)
    if scale >= 1:
        return image, np.ones(2)
    size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    return small, np.array([width / size_wh[0], height / size_wh[1]])


def _unturn(
    found: FaceDetection,
    quarter_turns: int,
    size_wh: tuple[int, int],
    scale_xy: npt.NDArray[np.float64],
) -> FaceDetection:
    box = unturn_boxes(found.box_xyxy, quarter_turns, size_wh)[0]
    return replace(
        found,
        box_xyxy=box * np.tile(scale_xy, 2),
        keypoints_xy=unturn_points(found.keypoints_xy, quarter_turns, size_wh) * scale_xy,
        turn=quarter_turns,
    )
