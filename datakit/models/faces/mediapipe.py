"""MediaPipe's face detector, face mesh and selfie segmentation, with the models its wheel carries.

Everything runs on the CPU with one thread, so that the same picture gives the same numbers in
every worker. The wheel's own models are checked by sha256, and nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.core.faces.detections import FaceDetection
from datakit.core.faces.face_mask import MESH_POINTS
from datakit.core.masks.boxes import tiles
from datakit.errors import ModelError
from datakit.models.runtimes.stderr import native_stderr_held
from datakit.models.weights.provenance import Weights, load_weights

Image = npt.NDArray[np.uint8]

_SOURCE = "https://pypi.org/project/mediapipe/0.10.21/"
_LICENCE = "Apache-2.0"

FULL_RANGE = Weights(
    name="mediapipe full-range face detection",
    file_names=("modules/face_detection/face_detection_full_range_sparse.tflite",),
    sha256={
        "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1": "mediapipe 0.10.21"
    },
    licence=_LICENCE,
    source=_SOURCE,
    package="mediapipe",
    extra="faces",
)
FACE_MESH = Weights(
    name="mediapipe face mesh",
    file_names=("modules/face_landmark/face_landmark.tflite",),
    sha256={
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814": "mediapipe 0.10.21"
    },
    licence=_LICENCE,
    source=_SOURCE,
    package="mediapipe",
    extra="faces",
)
SELFIE = Weights(
    name="mediapipe selfie segmentation",
    file_names=("modules/selfie_segmentation/selfie_segmentation.tflite",),
    sha256={
        "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c": "mediapipe 0.10.21"
    },
    licence=_LICENCE,
    source=_SOURCE,
    package="mediapipe",
    extra="faces",
)


# A face that is cut by every tile of one size is whole in a tile of the next.
TILE_OVERLAP = 0.15


class MediapipeDetector:
    """Full-range BlazeFace (Bazarevsky et al. 2019, arXiv:1907.05047) on overlapping tiles.

    The network sees 192 x 192 pixels, so that one pass over a large photo misses most of its
    faces: the whole image and overlapping tiles of 640 and 320 pixels are searched.

    Parameters
    ----------
    threshold : float, optional
        Lowest score; 0.5 by default.
    weights : sequence of path
        Not used: the wheel carries the model.
    tile_sides_px : tuple of int
        Sides of the tiles; the whole image is always searched as well.

    Raises
    ------
    ModelError
        If mediapipe is missing or its model is not the one of the pinned release.
    """

    WEIGHTS = FULL_RANGE
    name = "mediapipe"
    turns_well = False

    def __init__(
        self,
        threshold: float | None = None,
        weights: Sequence[str | Path] = (),
        tile_sides_px: tuple[int, ...] = (640, 320),
    ) -> None:
        self.sha256 = load_weights(FULL_RANGE).sha256
        self.tile_sides_px = tile_sides_px
        score = 0.5 if threshold is None else threshold
        self.turned_threshold = max(0.6, score)
        self._net = _build(
            "face_detection", "FaceDetection", model_selection=1, min_detection_confidence=score
        )

    def detect(self, image: Image) -> list[FaceDetection]:
        """Search the whole image, then its tiles."""
        return [found for window in self._windows(image) for found in self._in(image, window)]

    def detect_turned(self, image: Image) -> list[FaceDetection]:
        """Search a turned photo with the threshold for these."""
        return [found for found in self.detect(image) if found.score >= self.turned_threshold]

    def detect_whole(self, image: Image) -> list[FaceDetection]:
        """Search the whole image only, for a crop around one face."""
        return self._in(image, (0, 0, image.shape[1], image.shape[0]))

    def _windows(self, image: Image) -> list[tuple[int, int, int, int]]:
        height, width = image.shape[:2]
        windows = {(0, 0, width, height): None}
        for side in self.tile_sides_px:
            if side < max(height, width):
                windows |= dict.fromkeys(tiles((width, height), side, TILE_OVERLAP))
        return list(windows)

    def _in(self, image: Image, window: tuple[int, int, int, int]) -> list[FaceDetection]:
        x0, y0, x1, y1 = window
        size, start = np.array([x1 - x0, y1 - y0]), np.array([x0, y0])
        results = self._net.process(np.ascontiguousarray(image[y0:y1, x0:x1]))
        detections = []
        for seen in results.detections or ():
            where = seen.location_data
            box = where.relative_bounding_box
            corner = np.array([box.xmin, box.ymin])
            extent = np.array([box.width, box.height])
            # The last two of the six keypoints are the ears, of which the mesh has no twin.
            points = np.array([[point.x, point.y] for point in where.relative_keypoints[:4]])
            detections.append(
                FaceDetection(
                    np.concatenate([corner * size + start, (corner + extent) * size + start]),
                    points * size + start,
                    float(seen.score[0]),
                    self.name,
                )
            )
        return detections


class MediapipeMesh:
    """Face mesh of 468 landmarks (Kartynnik et al. 2019, arXiv:1907.06724) on an upright crop.

    Raises
    ------
    ModelError
        If mediapipe is missing or its model is not the one of the pinned release.
    """

    def __init__(self) -> None:
        self.sha256 = load_weights(FACE_MESH).sha256
        self._met = False
        self._net = _build(
            "face_mesh",
            "FaceMesh",
            static_image_mode=True,
            max_num_faces=1,
            min_detection_confidence=0.3,
        )

    def landmarks(self, crop: Image) -> npt.NDArray[np.float64] | None:
        """Find the mesh of the one face in a crop.

        Parameters
        ----------
        crop : (S, S, 3) uint8 RGB
            Square around one upright face, about twice as wide as the face.

        Returns
        -------
        (468, 3) float64 or None
            Pixel edges of the crop; the third column is depth in the same unit. None when the
            network sees no face.
        """
        # The graph logs once more when it meets its first face.
        with nullcontext() if self._met else native_stderr_held():
            results = self._net.process(np.ascontiguousarray(crop))
        self._met = self._met or bool(results.multi_face_landmarks)
        if not results.multi_face_landmarks:
            return None
        points = results.multi_face_landmarks[0].landmark
        side = crop.shape[0]
        return np.array([[p.x, p.y, p.z] for p in points[:MESH_POINTS]], np.float64) * side


class MediapipeMatte:
    """Selfie segmentation: a coarse matte of the people in a photo.

    Raises
    ------
    ModelError
        If mediapipe is missing or its model is not the one of the pinned release.
    """

    def __init__(self) -> None:
        self.sha256 = load_weights(SELFIE).sha256
        self._net = _build("selfie_segmentation", "SelfieSegmentation", model_selection=0)

    def matte(self, image: Image) -> npt.NDArray[np.float32]:
        """Return (H, W) float32 in [0, 1], the confidence that a pixel belongs to a person."""
        results = self._net.process(np.ascontiguousarray(image))
        return np.clip(np.asarray(results.segmentation_mask, np.float32), 0, 1)


def _build(module: str, solution: str, **settings: Any) -> Any:
    try:
        with native_stderr_held():
            solutions = import_module(f"mediapipe.python.solutions.{module}")
            net = getattr(solutions, solution)(**settings)
            # The graph's threads log while they start: one empty picture lets them finish.
            net.process(np.zeros((64, 64, 3), np.uint8))
    except ImportError as error:
        raise ModelError(
            f"mediapipe: expected to be installed, found {error}; "
            "install it: pip install 'datakit[faces]'"
        ) from error
    return net
