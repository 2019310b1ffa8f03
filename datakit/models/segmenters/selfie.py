"""MediaPipe's selfie segmentation as a segmenter of people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.faces.blazeface import Rect, crop_to_tensor
from datakit.core.images import network_input
from datakit.errors import ModelError
from datakit.models.factory import Identity, Settings
from datakit.models.prediction import Hint, Image, Prediction
from datakit.models.runtimes.litert import LitertModel
from datakit.models.weights.provenance import Weights, load_weights
from datakit.models.weights.shipped import mediapipe_weights

SELFIE = mediapipe_weights(
    "mediapipe selfie segmentation",
    "selfie_segmentation.tflite",
    "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
)


class SelfieMatte:
    """A coarse matte of the people in a photo.

    Raises
    ------
    ModelError
        If the model or LiteRT is missing or damaged.
    """

    def __init__(self) -> None:
        loaded = load_weights(SELFIE)
        self.sha256 = loaded.sha256
        self._net = LitertModel(loaded.data, SELFIE.name)

    def coarse(self, image: Image) -> npt.NDArray[np.float32]:
        """Return (256, 256) float32 in [0, 1]: the confidence, the image stretched to a square."""
        height, width = image.shape[:2]
        rect = Rect((width / 2, height / 2), (width, height))
        side_px = self._net.input_shape[1]
        values = crop_to_tensor(image, rect, side_px, (0, 1), cv2.BORDER_CONSTANT)
        return np.clip(self._net.run(values)[0][0, ..., 0], 0, 1)

    def matte(self, image: Image) -> npt.NDArray[np.float32]:
        """Return (H, W) float32 in [0, 1], the confidence that a pixel belongs to a person."""
        size_wh = (image.shape[1], image.shape[0])
        enlarged = cv2.resize(self.coarse(image), size_wh, interpolation=cv2.INTER_LINEAR)
        return np.asarray(enlarged, np.float32)


class SelfieSegmenter:
    """People at 256 x 256, enlarged to the image; always on the CPU.

    Raises
    ------
    ModelError
        If the model or LiteRT is missing or damaged.
    """

    USES: frozenset[str] = frozenset()
    takes_hints = False

    def __init__(self, settings: Settings) -> None:
        self.identity = self.identify(settings)
        self._matte = SelfieMatte()

    @classmethod
    def identify(cls, settings: Settings) -> Identity:
        """Check the model that datakit carries, and name its runtime."""
        return replace(litert_identity(SELFIE), name="mediapipe-selfie")

    def segment(
        self, images: Sequence[Image], hints: Sequence[Hint | None] | None = None
    ) -> list[Prediction]:
        """Return the confidence that a pixel belongs to a person, at the pictures' own sizes."""
        found = []
        for image in images:
            matte = self._matte.matte(image)
            placement = network_input.identity((image.shape[0], image.shape[1]))
            found.append(Prediction(matte, placement, raw_max=float(matte.max())))
        return found


def litert_identity(weights: Weights) -> Identity:
    """Check a model that datakit carries, and say that LiteRT runs it."""
    loaded = load_weights(weights)
    return Identity(
        name=weights.name,
        sha256=loaded.sha256,
        licence=weights.licence,
        release=loaded.release,
        source=weights.source,
        runtime=f"LiteRT {litert_version()}, cpu",
    )


def litert_version() -> str:
    """Return LiteRT's version without importing it."""
    try:
        return version("ai-edge-litert")
    except ModuleNotFoundError as error:
        raise ModelError(
            "mediapipe selfie segmentation: expected the package ai-edge-litert, found none; "
            "install it: pip install 'datakit[faces]'"
        ) from error
