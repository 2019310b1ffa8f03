"""YuNet (Wu et al. 2023, doi:10.1007/s11633-023-1423-y) in OpenCV, with the user's weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.faces.detections import FaceDetection
from datakit.errors import ModelError
from datakit.models.faces.base import FAINT_SHARE
from datakit.models.weights.provenance import Download, Weights, load_weights

Image = npt.NDArray[np.uint8]

YUNET = Weights(
    name="YuNet",
    file_names=(
        "face_detection_yunet_2023mar.onnx",
        "yunet_s_640_640.onnx",
        "yunet_n_640_640.onnx",
        "yunet_n_dynamic.onnx",
    ),
    sha256={
        "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4": "OpenCV zoo 2023mar",
        "25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31": "yunet_n 640",
        "104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12": "yunet_n dynamic",
    },
    licence="Apache-2.0",
    source="https://github.com/ShiqiYu/libfacedetection.train (onnx folder)",
    downloads=(
        Download(
            "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/"
            "face_detection_yunet/face_detection_yunet_2023mar.onnx",
            "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
            232_589,
            "face_detection_yunet_2023mar.onnx",
        ),
    ),
)
_NMS_IOU = 0.3
_TOP_K = 5000
_LONGEST_SIDE_PX = 1920


class YunetDetector:
    """YuNet at the image's own size, at most 1,920 pixels on the longer side.

    Parameters
    ----------
    threshold : float, optional
        Lowest score; 0.5 by default.
    weights : sequence of path
        Places to look for the ONNX file.

    Raises
    ------
    ModelError
        If the weights are missing, damaged or unknown.
    """

    WEIGHTS = YUNET
    name = "yunet"
    turns_well = True

    def __init__(self, threshold: float | None = None, weights: Sequence[str | Path] = ()) -> None:
        loaded = load_weights(YUNET, weights)
        self.sha256 = loaded.sha256
        self.threshold = 0.5 if threshold is None else threshold
        self.turned_threshold = max(0.6, self.threshold)
        try:
            self._net = cv2.FaceDetectorYN.create(
                "onnx",
                np.frombuffer(loaded.data, np.uint8),
                np.empty(0, np.uint8),
                (320, 320),
                self.threshold,
                _NMS_IOU,
                _TOP_K,
            )
        except cv2.error as error:
            raise ModelError(f"YuNet: OpenCV cannot read the ONNX file: {error}") from error

    def detect(self, image: Image) -> list[FaceDetection]:
        """Find faces; boxes may leave the image."""
        return self._detect(image, self.threshold)

    def detect_closely(self, image: Image) -> list[FaceDetection]:
        """Find nothing more: `detect` looks as closely as this detector can."""
        return []

    def detect_turned(self, image: Image) -> list[FaceDetection]:
        """Find faces in a turned photo, with the threshold for these."""
        return [found for found in self.detect(image) if found.score >= self.turned_threshold]

    def detect_faint(self, image: Image) -> list[FaceDetection]:
        """Find faces with the threshold of those that are expected."""
        return self._detect(image, FAINT_SHARE * self.threshold)

    def _detect(self, image: Image, threshold: float) -> list[FaceDetection]:
        height, width = image.shape[:2]
        scale = min(1.0, _LONGEST_SIDE_PX / max(height, width))
        size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
        resized = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
        self._net.setInputSize(size_wh)
        self._net.setScoreThreshold(threshold)
        _, rows = self._net.detect(np.ascontiguousarray(resized[..., ::-1]))
        back = np.array([width / size_wh[0], height / size_wh[1]])
        detections = []
        for row in np.empty((0, 15)) if rows is None else rows.astype(np.float64):
            if not np.isfinite(row).all():
                # Strips of a few pixels give boxes of infinite size.
                continue
            box = np.concatenate([row[:2], row[:2] + row[2:4]]) * np.tile(back, 2)
            points = row[4:14].reshape(5, 2) * back
            detections.append(FaceDetection(box, points, float(row[14]), self.name))
        return detections
