"""MediaPipe's face detection and face mesh: its models, run by LiteRT, on the CPU.

The models are shipped with datakit (see `datakit/models/weights/mediapipe`); what its graphs do
before and after them is in `datakit.core.faces.blazeface`. The package `mediapipe` is not needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.faces import blazeface
from datakit.core.faces.blazeface import BlazeFaces
from datakit.core.faces.detections import FaceDetection
from datakit.core.faces.face_mask import MESH_POINTS
from datakit.core.masks.boxes import tiles
from datakit.models.faces.base import FAINT_SHARE
from datakit.models.runtimes.litert import LitertModel
from datakit.models.weights.provenance import Weights, load_weights
from datakit.models.weights.shipped import mediapipe_weights

Image = npt.NDArray[np.uint8]

FULL_RANGE = mediapipe_weights(
    "mediapipe full-range face detection",
    "face_detection_full_range_sparse.tflite",
    "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
)
SHORT_RANGE = mediapipe_weights(
    "mediapipe short-range face detection",
    "face_detection_short_range.tflite",
    "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
)
FACE_MESH = mediapipe_weights(
    "mediapipe face mesh",
    "face_landmark.tflite",
    "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
)

THRESHOLD = 0.5
LARGE_TILE_PX, SMALL_TILE_PX = 640, 320
# A face that is cut by every tile of one size is whole in a tile of the next.
TILE_OVERLAP = 0.15
_MESH_DETECTION = 0.3
_MESH_PRESENCE = 0.5


class BlazeFace:
    """One of the two BlazeFace networks, on one image at a time.

    Parameters
    ----------
    weights : Weights
    layers : sequence of (stride_px, count)
        The grids of its anchors.

    Raises
    ------
    ModelError
        If the model or LiteRT is missing or damaged.
    """

    def __init__(self, weights: Weights, layers: Sequence[tuple[int, int]]) -> None:
        loaded = load_weights(weights)
        self.sha256 = loaded.sha256
        self._net = LitertModel(loaded.data, weights.name)
        self._side_px = self._net.input_shape[1]
        self._anchors = blazeface.anchors(self._side_px, layers)

    def detect(self, image: Image, threshold: float) -> BlazeFaces:
        """Find faces of an (H, W, 3) uint8 RGB image, in its pixels, best first."""
        rect = blazeface.whole_rect(image.shape[1], image.shape[0])
        values = blazeface.crop_to_tensor(image, rect, self._side_px, (-1, 1), cv2.BORDER_CONSTANT)
        raw, logits = self._net.run(values)
        found = blazeface.decode(raw[0], logits[0, :, 0], self._anchors, self._side_px, threshold)
        return blazeface.in_image(found, rect)


def full_range() -> BlazeFace:
    """Build the network for faces within five metres of the camera."""
    return BlazeFace(FULL_RANGE, [(4, 1)])


def short_range() -> BlazeFace:
    """Build the network for faces within two metres of the camera."""
    return BlazeFace(SHORT_RANGE, [(8, 2), (16, 6)])


class MediapipeDetector:
    """Full-range BlazeFace on overlapping tiles.

    The network sees 192 x 192 pixels, so that one pass over a large photo misses most of its
    faces: the whole image and overlapping tiles of 640 pixels are searched, and tiles of 320 pixels
    (three quarters of the time) by `detect_closely`.

    Parameters
    ----------
    threshold : float, optional
        Lowest score; `THRESHOLD` by default.
    weights : sequence of path
        Not used: the model comes with datakit.

    Raises
    ------
    ModelError
        If the model or LiteRT is missing or damaged.
    """

    WEIGHTS = FULL_RANGE
    name = "mediapipe"
    turns_well = False

    def __init__(self, threshold: float | None = None, weights: Sequence[str | Path] = ()) -> None:
        self.threshold = THRESHOLD if threshold is None else threshold
        self.turned_threshold = max(0.6, self.threshold)
        self._net = full_range()
        self.sha256 = self._net.sha256

    def detect(self, image: Image) -> list[FaceDetection]:
        """Search the whole image, then its large tiles."""
        whole = (0, 0, image.shape[1], image.shape[0])
        return self._search(image, dict.fromkeys([whole, *_tiles(image, LARGE_TILE_PX)]))

    def detect_closely(self, image: Image) -> list[FaceDetection]:
        """Search the small tiles."""
        return self._search(image, _tiles(image, SMALL_TILE_PX))

    def detect_turned(self, image: Image) -> list[FaceDetection]:
        """Search a turned photo with the threshold for these."""
        seen = self.detect(image) + self.detect_closely(image)
        return [found for found in seen if found.score >= self.turned_threshold]

    def detect_whole(self, image: Image) -> list[FaceDetection]:
        """Search the whole image only, for a crop around one face."""
        return self._in(image, (0, 0, image.shape[1], image.shape[0]), self.threshold)

    def detect_faint(self, image: Image) -> list[FaceDetection]:
        """Search the whole image only, with the threshold of faces that are expected."""
        return self._in(image, (0, 0, image.shape[1], image.shape[0]), FAINT_SHARE * self.threshold)

    def _search(
        self, image: Image, windows: Iterable[tuple[int, int, int, int]]
    ) -> list[FaceDetection]:
        return [found for window in windows for found in self._in(image, window, self.threshold)]

    def _in(
        self, image: Image, window: tuple[int, int, int, int], threshold: float
    ) -> list[FaceDetection]:
        x0, y0, x1, y1 = window
        start = np.array([x0, y0])
        found = self._net.detect(np.ascontiguousarray(image[y0:y1, x0:x1]), threshold)
        # The last two of the six keypoints are the ears, of which the mesh has no twin.
        return [
            FaceDetection(box + np.tile(start, 2), points[:4] + start, float(score), self.name)
            for box, points, score in zip(
                found.boxes_xyxy, found.keypoints_xy, found.scores, strict=True
            )
        ]


def _tiles(image: Image, side_px: int) -> list[tuple[int, int, int, int]]:
    """Return the tiles of an image; none where it is no larger than one."""
    height, width = image.shape[:2]
    return tiles((width, height), side_px, TILE_OVERLAP) if side_px < max(height, width) else []


class MediapipeMesh:
    """Face mesh of 468 landmarks on an upright crop; the face in it is found by BlazeFace.

    Raises
    ------
    ModelError
        If a model or LiteRT is missing or damaged.
    """

    def __init__(self) -> None:
        loaded = load_weights(FACE_MESH)
        self.sha256 = loaded.sha256
        self._finder = short_range()
        self._net = LitertModel(loaded.data, FACE_MESH.name)

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
        found = self._finder.detect(crop, _MESH_DETECTION)
        if not found.scores.size:
            return None
        rect = blazeface.mesh_rect(found.boxes_xyxy[0], found.keypoints_xy[0, :2])
        side_px = self._net.input_shape[1]
        values = blazeface.crop_to_tensor(crop, rect, side_px, (0, 1), cv2.BORDER_REPLICATE)
        points, presence = self._net.run(values)
        if 1 / (1 + np.exp(-float(presence.item()))) < _MESH_PRESENCE:
            return None
        shares = points.reshape(MESH_POINTS, 3).astype(np.float64) / side_px
        return blazeface.mesh_in_image(shares, rect)
