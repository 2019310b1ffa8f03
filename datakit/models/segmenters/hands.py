"""MediaPipe's hand networks: palms on the photo and at the ends of arms, and each hand's points."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from datakit.core.drafts.bodies import Body
from datakit.core.drafts.hands import Hand, arm_rects, palm_rect, with_arm
from datakit.core.faces import blazeface
from datakit.core.faces.blazeface import Rect
from datakit.models.factory import Identity, joined
from datakit.models.prediction import Image
from datakit.models.runtimes.litert import LitertModel
from datakit.models.segmenters.body_pose import DETECTION, LANDMARKS, BodyFinder
from datakit.models.segmenters.selfie import litert_identity
from datakit.models.weights.provenance import load_weights
from datakit.models.weights.shipped import mediapipe_weights

PALMS = mediapipe_weights(
    "mediapipe palm detection",
    "palm_detection_full.tflite",
    "1b14e9422c6ad006cde6581a46c8b90dd573c07ab7f3934b5589e7cea3f89a54",
)
HANDS = mediapipe_weights(
    "mediapipe hand landmarks",
    "hand_landmark_full.tflite",
    "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
)
PALM_THRESHOLD = 0.3
"""Lower than the graphs' 0.5: the closer look decides whether it is a hand."""
THRESHOLD = 0.5
"""Of palms and hands, as in MediaPipe's graphs."""
_LAYERS = ((8, 2), (16, 6))
_WRIST, _KNUCKLE = 0, 2
"""Of a palm's seven points."""
_SAME_HAND = 0.5
"""Of a palm's length: points of one hand, found twice, differ by less on average."""


class HandFinder:
    """Finds hands: on the whole photo, and closer where bodies have their wrists.

    Raises
    ------
    ModelError
        If a model or LiteRT is missing or damaged.
    """

    def __init__(self) -> None:
        self._palms = LitertModel(load_weights(PALMS).data, PALMS.name)
        self._points = LitertModel(load_weights(HANDS).data, HANDS.name)
        self._side_px = self._palms.input_shape[1]
        self._anchors = blazeface.anchors(self._side_px, _LAYERS)

    def find(self, image: Image, bodies: Sequence[Body]) -> list[Hand]:
        """Return the hands on an (H, W, 3) uint8 RGB photo of these people, most certain first."""
        around = [rect for body in bodies for rect in arm_rects(body)]
        height, width = image.shape[:2]
        places = [blazeface.whole_rect(width, height), *around]
        hands = [self._hand(image, rect) for place in places for rect in self._rects(image, place)]
        hands.sort(key=lambda hand: -hand.presence)
        found: list[Hand] = []
        for hand in hands:
            if hand.presence >= THRESHOLD and not any(_same(hand, other) for other in found):
                found.append(hand)
        return [with_arm(hand, bodies) for hand in found]

    def _rects(self, image: Image, place: Rect) -> list[Rect]:
        """Return where the palms in a part of the photo have their hands."""
        side = self._side_px
        values = blazeface.crop_to_tensor(image, place, side, (0, 1), cv2.BORDER_CONSTANT)
        raw, logits = self._palms.run(values)
        palms = blazeface.decode(raw[0], logits[0, :, 0], self._anchors, side, PALM_THRESHOLD)
        palms = blazeface.in_image(palms, place)
        pairs = zip(palms.boxes_xyxy, palms.keypoints_xy, strict=True)
        return [palm_rect(box, points[_WRIST], points[_KNUCKLE]) for box, points in pairs]

    def _hand(self, image: Image, rect: Rect) -> Hand:
        side = self._points.input_shape[1]
        values = blazeface.crop_to_tensor(image, rect, side, (0, 1), cv2.BORDER_CONSTANT)
        points, presence, *_ = self._points.run(values)
        shares = points.reshape(-1, 3).astype(np.float64) / side
        return Hand(float(presence.item()), blazeface.mesh_in_image(shares, rect)[:, :2])


def hands_identity() -> Identity:
    """Return what finds the hands of a photo by itself."""
    networks = (DETECTION, LANDMARKS, PALMS, HANDS)
    return joined("mediapipe hands", [litert_identity(weights) for weights in networks])


class PeoplesHands:
    """Finds the hands on a photo whose people nobody has looked for; raises as `HandFinder`."""

    def __init__(self) -> None:
        self._bodies = BodyFinder()
        self._hands = HandFinder()

    def find(self, image: Image) -> list[Hand]:
        """Return the hands on an (H, W, 3) uint8 RGB photo, most certain first."""
        bodies = [body for body in self._bodies.find(image) if body.presence >= THRESHOLD]
        return self._hands.find(image, bodies)


def _same(hand: Hand, other: Hand) -> bool:
    apart = np.linalg.norm(hand.points_xy - other.points_xy, axis=1).mean()
    return bool(apart < _SAME_HAND * other.palm_px)
