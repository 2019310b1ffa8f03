"""The offline chain: MediaPipe's networks looking several times, and at each body by itself.

Which passes are taken was searched on half of the photos of two sets and reported on the others
(`benchmarks/drafts.py`, benchmarks/RESULTS.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from datakit.core.drafts.bodies import Body, is_there, with_bodies
from datakit.core.images import network_input
from datakit.models.faces.mediapipe import FULL_RANGE, full_range
from datakit.models.factory import BEST, Effort, Identity, Settings, joined
from datakit.models.prediction import Hint, Image, Map, Prediction
from datakit.models.runtimes.litert import LitertModel
from datakit.models.segmenters.base import Segmenter
from datakit.models.segmenters.body_pose import DETECTION, LANDMARKS, BodyFinder
from datakit.models.segmenters.hands import HANDS, PALMS, HandFinder
from datakit.models.segmenters.selfie import SELFIE, SelfieSegmenter, litert_identity
from datakit.models.weights.provenance import Weights, load_weights
from datakit.models.weights.shipped import mediapipe_weights

LANDSCAPE = mediapipe_weights(
    "mediapipe landscape selfie segmentation",
    "selfie_segmentation_landscape.tflite",
    "a77d03f4659b9f6b6c1f5106947bf40e99d7655094b6527f214ea7d451106edd",
)
LONGER_SIDE_PX = 512
"""Of the map in which the passes meet; the networks see half of it."""
BOX_GROWTH = 1.3
FACE_SCORE = 0.58
_LEAST_SIDE_PX = 16


class PeopleSegmenter:
    """People, by the mean of several passes, and whether there are any.

    Looks: the whole photo and its mirror image by two networks (a square and a wide one), the box
    around what they see, and the bodies that the pose networks find. Somebody is there when a face
    is sure, or a body lies where the passes say (`Prediction.is_person`). ``best`` finds hands as
    well, which the draft may lack; more passes (mirrored bodies, a tighter box) did not help on
    photos of people. Always on the CPU.

    Raises
    ------
    ModelError
        If a model or LiteRT is missing or damaged.
    """

    takes_hints = False

    def __init__(self, settings: Settings) -> None:
        self.identity = identity_of_people(settings.effort)
        self._square = _Network(SELFIE)
        self._wide = _Network(LANDSCAPE)
        self._bodies = BodyFinder()
        self._faces = full_range()
        self._hands = HandFinder() if settings.effort == BEST else None
        self._sides = settings.sides

    def segment(
        self, images: Sequence[Image], hints: Sequence[Hint | None] | None = None
    ) -> list[Prediction]:
        """Return one prediction per picture, its map at most `LONGER_SIDE_PX` long."""
        return [self._segmented(image) for image in images]

    def _segmented(self, image: Image) -> Prediction:
        photo_wh = (image.shape[1], image.shape[0])
        size_wh = _map_size(photo_wh)
        whole = [_both_ways(net, image, size_wh) for net in (self._square, self._wide)]
        passes = [*whole, self._in_box(image, np.mean(whole, axis=0))]
        probability = np.mean(passes, axis=0, dtype=np.float32)
        bodies = self._bodies_on(image, probability)
        mixed = with_bodies(probability, bodies, photo_wh)
        return Prediction(
            mixed,
            network_input.place(
                (image.shape[0], image.shape[1]), (size_wh[1], size_wh[0]), "stretch"
            ),
            raw_max=float(mixed.max()),
            sides=np.stack(passes) if self._sides else None,
            is_person=self._sees_somebody(image, bodies),
            hands=None if self._hands is None else self._hands.find(image, bodies),
        )

    def _bodies_on(self, image: Image, probability: Map) -> list[Body]:
        """Return the bodies of a photo that a draft of any resolution has too."""
        photo_wh = (image.shape[1], image.shape[0])
        return [body for body in self._bodies.find(image) if is_there(body, probability, photo_wh)]

    def _sees_somebody(self, image: Image, bodies: Sequence[Body]) -> bool:
        """Tell whether there is a person: a body that the draft has too, or a sure face."""
        return bool(bodies) or bool(self._faces.detect(image, FACE_SCORE).scores.size)

    def _in_box(self, image: Image, probability: Map) -> Map:
        """Segment the box around the people again; 0 outside, the first pass where it is empty."""
        inside = np.argwhere(probability > 0.5)
        if not len(inside):
            return probability
        scale = np.array(image.shape[:2]) / probability.shape
        low, high = inside.min(axis=0) * scale, (inside.max(axis=0) + 1) * scale
        centre, half = (low + high) / 2, (high - low) / 2 * BOX_GROWTH
        top, left = np.maximum(np.floor(centre - half), 0).astype(int)
        bottom, right = np.minimum(np.ceil(centre + half), image.shape[:2]).astype(int)
        if min(bottom - top, right - left) < _LEAST_SIDE_PX:
            return probability
        size_wh = (probability.shape[1], probability.shape[0])
        crop_wh = (int(right - left), int(bottom - top))
        found = _both_ways(self._square, image[top:bottom, left:right], _map_size(crop_wh))
        # From the corners of the crop to those of the map.
        x, y = size_wh[0] / image.shape[1], size_wh[1] / image.shape[0]
        matrix = np.array(
            [
                [x * crop_wh[0] / found.shape[1], 0, x * left],
                [0, y * crop_wh[1] / found.shape[0], y * top],
            ]
        )
        # Pixel centres lie half a pixel from their edges on both sides.
        matrix[:, 2] += 0.5 * np.diag(matrix[:, :2]) - 0.5
        return np.asarray(
            cv2.warpAffine(found, matrix, size_wh, flags=cv2.INTER_LINEAR), np.float32
        )


class PeopleFactory:
    """Builds `PeopleSegmenter`, or one pass of the square network for ``effort: fast``."""

    USES = frozenset({"effort"})

    def identify(self, settings: Settings) -> Identity:
        """Check the models that datakit carries, and name their runtime."""
        if settings.effort == "fast":
            return SelfieSegmenter.identify(settings)
        return identity_of_people(settings.effort)

    def __call__(self, settings: Settings) -> Segmenter:
        """Build it."""
        return SelfieSegmenter(settings) if settings.effort == "fast" else PeopleSegmenter(settings)


def identity_of_people(effort: Effort = "default") -> Identity:
    """Return what the chain runs, its networks as members."""
    networks = [SELFIE, LANDSCAPE, DETECTION, LANDMARKS, FULL_RANGE]
    networks += [PALMS, HANDS] if effort == BEST else []
    return joined("mediapipe-selfie", [litert_identity(weights) for weights in networks])


class _Network:
    """A segmentation network of MediaPipe's: RGB in [0, 1], stretched to its input."""

    def __init__(self, weights: Weights) -> None:
        self._net = LitertModel(load_weights(weights).data, weights.name)
        _, self._high, self._wide, _ = self._net.input_shape

    def __call__(self, image: Image) -> Map:
        """Return (h, w) float32 in [0, 1] at the network's size."""
        size_wh = (self._wide, self._high)
        small = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
        values = small[None].astype(np.float32) / np.float32(255)
        found: Map = np.clip(self._net.run(values)[0][0, ..., 0], 0, 1)
        return found


def _both_ways(net: Callable[[Image], Map], image: Image, size_wh: tuple[int, int]) -> Map:
    """Return the mean of a photo's map and its mirror image's, at a size."""
    mirrored = net(np.ascontiguousarray(image[:, ::-1]))[:, ::-1]
    mean = np.ascontiguousarray((net(image) + mirrored) / 2)
    return np.asarray(cv2.resize(mean, size_wh, interpolation=cv2.INTER_LINEAR), np.float32)


def _map_size(photo_wh: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, LONGER_SIDE_PX / max(photo_wh))
    return max(1, round(photo_wh[0] * scale)), max(1, round(photo_wh[1] * scale))


PEOPLE = PeopleFactory()
