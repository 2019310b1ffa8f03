"""MediaPipe's selfie segmentation as a segmenter of people."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from datakit.models.mediapipe_faces import SELFIE, MediapipeMatte
from datakit.models.weights import Weights


class SelfieSegmenter:
    """People at 256 x 256, enlarged to the image.

    Raises
    ------
    ModelError
        If mediapipe is missing or its model is not the one of the pinned release.
    """

    WEIGHTS: Weights = SELFIE

    def __init__(self) -> None:
        self._matte = MediapipeMatte()
        self.sha256 = self._matte.sha256

    def segment(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return (H, W) float32 in [0, 1], the confidence that a pixel belongs to a person."""
        return self._matte.matte(image)
