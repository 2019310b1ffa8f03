"""What finds faces and their landmarks: the protocols, and the registry of detectors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from datakit.core.faces.detections import FaceDetection
from datakit.models.weights.provenance import Weights
from datakit.registry import Registry

Image = npt.NDArray[np.uint8]


FAINT_SHARE = 0.5
"""Part of a detector's threshold that is enough where a neighbouring frame shows a face."""


class FaceDetector(Protocol):
    """Finds faces in an image as it is; turning the image is the caller's work.

    Attributes
    ----------
    name : str
        As in the registry.
    sha256 : str
        Digest of the weights that run.
    turns_well : bool
        Whether searching the photo turned to its sides finds faces that nothing else finds.
    """

    name: str
    sha256: str
    turns_well: bool

    def detect(self, image: Image) -> list[FaceDetection]:
        """Find the faces of an (H, W, 3) uint8 RGB image; boxes and points in pixel edges."""
        ...

    def detect_closely(self, image: Image) -> list[FaceDetection]:
        """Find what a second, slower look adds to `detect`; nothing where there is none."""
        ...

    def detect_turned(self, image: Image) -> list[FaceDetection]:
        """Find faces in a photo that was turned: only what is sure, at the size it has."""
        ...

    def detect_faint(self, image: Image) -> list[FaceDetection]:
        """Find faces in a small crop where one is expected, from `FAINT_SHARE` of the threshold."""
        ...


class FaceDetectorFactory(Protocol):
    """Builds a detector; a registry entry is one of these (a class will do).

    Attributes
    ----------
    WEIGHTS : Weights
        What it loads, so that a missing file is found before any work starts.
    """

    WEIGHTS: Weights

    def __call__(
        self, threshold: float | None = None, weights: Sequence[str | Path] = ()
    ) -> FaceDetector:
        """Build it with a score threshold (None: its own) and places to look for weights."""
        ...


DETECTORS = ("mediapipe", "centerface")
"""What looks for faces by default; together they miss least."""

FACE_DETECTORS: Registry[FaceDetectorFactory] = Registry(
    "face detector",
    {
        "mediapipe": "datakit.models.faces.mediapipe:MediapipeDetector",
        "centerface": "datakit.models.faces.centerface:CenterFaceDetector",
        "yunet": "datakit.models.faces.yunet:YunetDetector",
    },
    group="datakit.face_detectors",
)
