"""MediaPipe's pose networks: people, their 33 points, and the map of each one's body."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.drafts.bodies import Body, body_rect
from datakit.core.faces import blazeface
from datakit.models.prediction import Image
from datakit.models.runtimes.litert import LitertModel
from datakit.models.weights.provenance import load_weights
from datakit.models.weights.shipped import mediapipe_weights

DETECTION = mediapipe_weights(
    "mediapipe pose detection",
    "pose_detection.tflite",
    "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
)
LANDMARKS = mediapipe_weights(
    "mediapipe pose landmarks",
    "pose_landmark_full.tflite",
    "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
)

THRESHOLD = 0.3
"""Lower than the graphs' 0.5: the closer look decides whether a person is there."""
MOST_BODIES = 4
POINTS = 33
_LAYERS = ((8, 2), (16, 2), (32, 6))
_VALUES = 5
"""Of a point: x, y, depth, visibility, presence."""


class BodyFinder:
    """Finds people by their bodies; works on one photo at a time.

    Raises
    ------
    ModelError
        If a model or LiteRT is missing or damaged.
    """

    def __init__(self) -> None:
        self._detection = LitertModel(load_weights(DETECTION).data, DETECTION.name)
        self._landmarks = LitertModel(load_weights(LANDMARKS).data, LANDMARKS.name)
        self._side_px = self._detection.input_shape[1]
        self._anchors = blazeface.anchors(self._side_px, _LAYERS)

    def find(self, image: Image) -> list[Body]:
        """Return up to `MOST_BODIES` people of an (H, W, 3) uint8 RGB photo, most certain first."""
        height, width = image.shape[:2]
        square = blazeface.whole_rect(width, height)
        side = self._side_px
        values = blazeface.crop_to_tensor(image, square, side, (-1, 1), cv2.BORDER_CONSTANT)
        raw, logits = self._detection.run(values)
        found = blazeface.decode(raw[0], logits[0, :, 0], self._anchors, side, THRESHOLD)
        found = blazeface.in_image(found, square)
        points, scores = found.keypoints_xy[:MOST_BODIES], found.scores[:MOST_BODIES]
        return [self._body(image, *pair) for pair in zip(points, scores, strict=True)]

    def _body(self, image: Image, keypoints_xy: npt.NDArray[np.float64], score: float) -> Body:
        rect = body_rect(keypoints_xy[0], keypoints_xy[1])
        side = self._landmarks.input_shape[1]
        values = blazeface.crop_to_tensor(image, rect, side, (0, 1), cv2.BORDER_CONSTANT)
        points, presence, logits, *_ = self._landmarks.run(values)
        table = points.reshape(-1, _VALUES)[:POINTS].astype(np.float64)
        shares = np.column_stack([table[:, :2] / side, np.zeros(POINTS)])
        return Body(
            score=float(score),
            presence=float(presence.item()),
            points_xy=blazeface.mesh_in_image(shares, rect)[:, :2],
            visibility=_sigmoid(table[:, 3]),
            rect=rect,
            probability=_sigmoid(logits[0, ..., 0]).astype(np.float32),
        )


def _sigmoid(values: npt.NDArray[np.float32] | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    # Half a hyperbolic tangent does not overflow.
    halved: npt.NDArray[np.float64] = np.tanh(values.astype(np.float64) / 2) / 2 + 0.5
    return halved
