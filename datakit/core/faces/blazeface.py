"""Input and output of MediaPipe's face networks, computed as its graphs do.

Anchors, box decoding and weighted non-maximum suppression of BlazeFace (Bazarevsky et al. 2019,
arXiv:1907.05047), the rectangle around a face for the face mesh (Kartynnik et al. 2019,
arXiv:1907.06724), and the crop that all of them are fed with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Tensor = npt.NDArray[np.float32]

NMS_IOU = 0.3
RECT_GROWTH = 1.5
_LOGIT_LIMIT = 100.0


@dataclass(frozen=True)
class Rect:
    """A rectangle in pixel edges of an image, turned clockwise about its centre (y down)."""

    centre_xy: tuple[float, float]
    size_wh: tuple[float, float]
    roll_rad: float = 0.0


@dataclass(frozen=True, eq=False)
class BlazeFaces:
    """What BlazeFace saw, or BlazePose (of four keypoints), best first; n may be 0.

    Attributes
    ----------
    boxes_xyxy : (n, 4) float64
    keypoints_xy : (n, 6, 2) float64
        Of a face: right eye, left eye, nose tip, mouth, right ear, left ear.
    scores : (n,) float64
    """

    boxes_xyxy: Floats
    keypoints_xy: Floats
    scores: Floats


def whole_rect(width: int, height: int) -> Rect:
    """Return the square around a whole image, padded on its shorter side."""
    side = max(width, height)
    return Rect((width / 2, height / 2), (side, side))


def crop_to_tensor(
    image: Image, rect: Rect, side_px: int, value_range: tuple[float, float], border: int
) -> Tensor:
    """Cut a rectangle out of an image and scale its values.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB
    rect : Rect
    side_px : int
        Sides of the crop.
    value_range : (low, high)
        What 0 and 255 become.
    border : int
        OpenCV's border mode: what lies outside of the image.

    Returns
    -------
    (1, side_px, side_px, 3) float32
    """
    turned = (rect.centre_xy, rect.size_wh, float(np.rad2deg(rect.roll_rad)))
    corners = cv2.boxPoints(turned)
    target = np.array([[0, side_px], [0, 0], [side_px, 0], [side_px, side_px]], np.float32)
    crop = cv2.warpPerspective(
        image,
        cv2.getPerspectiveTransform(corners, target),
        (side_px, side_px),
        flags=cv2.INTER_LINEAR,
        borderMode=border,
    )
    low, high = value_range
    scaled = crop.astype(np.float32) * np.float32((high - low) / 255) + np.float32(low)
    return np.asarray(scaled[None], np.float32)


def anchors(side_px: int, layers: Sequence[tuple[int, int]]) -> Floats:
    """Return the centres of the anchors in shares of the input's side.

    Parameters
    ----------
    side_px : int
        Side of the network's input.
    layers : sequence of (stride_px, count)
        Stride of each grid and the number of anchors in each of its cells.

    Returns
    -------
    (n, 2) float64
        x, y; by layer, row, column.

    Examples
    --------
    >>> anchors(4, [(2, 1)]).tolist()
    [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]]
    """
    centres = []
    for stride, count in layers:
        cells = (np.arange(side_px // stride) + 0.5) / (side_px // stride)
        x, y = np.meshgrid(cells, cells)
        centres.append(np.repeat(np.column_stack([x.ravel(), y.ravel()]), count, axis=0))
    return np.concatenate(centres)


def decode(
    raw: Tensor, logits: Tensor, centres: Floats, side_px: int, threshold: float
) -> BlazeFaces:
    """Read the network's output and join what overlaps.

    Parameters
    ----------
    raw : (n, 4 + 2 k) float32
        Centre, size and k keypoints (six of a face) against each anchor, in pixels of the input.
    logits : (n,) float32
    centres : (n, 2) float64
        As of `anchors`.
    side_px : int
    threshold : float
        Lowest score.

    Returns
    -------
    BlazeFaces
        In shares of the input's side.
    """
    clipped = np.clip(logits.astype(np.float64), -_LOGIT_LIMIT, _LOGIT_LIMIT)
    scores = 1 / (1 + np.exp(-clipped))
    chosen = np.flatnonzero(scores >= threshold)
    # Single precision from here on, as in the graphs: OpenCV samples at steps of 1/32 pixel, and
    # a rectangle that differs in the last bits would fall on another step.
    values = raw[chosen] / np.float32(side_px)
    at = centres[chosen].astype(np.float32)
    centre, half = values[:, :2] + at, values[:, 2:4] / 2
    boxes = np.hstack([centre - half, centre + half])
    count = (values.shape[1] - 4) // 2
    points = values[:, 4:].reshape(len(values), count, 2) + at[:, None]
    sound = (half >= 0).all(axis=1) & np.isfinite(boxes).all(axis=1)
    return _weighted_suppression(boxes[sound], points[sound], scores[chosen][sound])


def _weighted_suppression(boxes: Tensor, points: Tensor, scores: Floats) -> BlazeFaces:
    """Average each detection with those that overlap it, weighted by score; keep its own score."""
    count = points.shape[1]
    joined = np.concatenate([boxes, points.reshape(len(boxes), 2 * count)], axis=1)
    left = np.argsort(-scores, kind="stable")
    kept, values = [], []
    while left.size:
        same = _iou(boxes[left[0]], boxes[left]) > NMS_IOU
        same[0] = True
        weights = scores[left[same], None].astype(np.float32)
        values.append((weights * joined[left[same]]).sum(axis=0) / weights.sum(axis=0))
        kept.append(scores[left[0]])
        left = left[~same]
    together = np.array(values, np.float64).reshape(len(values), 4 + 2 * count)
    keypoints = together[:, 4:].reshape(len(values), count, 2)
    return BlazeFaces(together[:, :4], keypoints, np.array(kept, float))


def _iou(box: Tensor, others: Tensor) -> Tensor:
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=1)
    area = np.prod(others[:, 2:] - others[:, :2], axis=1)
    union = np.prod(box[2:] - box[:2]) + area - common
    return np.asarray(common / np.maximum(union, np.finfo(np.float32).tiny))


def in_image(found: BlazeFaces, rect: Rect) -> BlazeFaces:
    """Bring faces from shares of an upright rectangle to pixels of the image."""
    size = np.array(rect.size_wh)
    start = np.array(rect.centre_xy) - size / 2
    boxes = found.boxes_xyxy * np.tile(size, 2) + np.tile(start, 2)
    return BlazeFaces(boxes, found.keypoints_xy * size + start, found.scores)


def mesh_rect(box_xyxy: Floats, eyes_xy: Floats) -> Rect:
    """Return the square that the face mesh is computed in: the box grown, its eyes level."""
    (x0, y0), (x1, y1) = box_xyxy[:2], box_xyxy[2:]
    side = float(max(x1 - x0, y1 - y0)) * RECT_GROWTH
    across = eyes_xy[1] - eyes_xy[0]
    roll = float(np.arctan2(across[1], across[0]))
    return Rect((float(x0 + x1) / 2, float(y0 + y1) / 2), (side, side), roll)


def mesh_in_image(points: Floats, rect: Rect) -> Floats:
    """Bring (n, 3) landmarks in shares of a square to pixels of the image, depth alike."""
    side = rect.size_wh[0]
    cos, sin = np.cos(rect.roll_rad) * side, np.sin(rect.roll_rad) * side
    centred = points[:, :2] - 0.5
    xy = centred @ np.array([[cos, sin], [-sin, cos]]) + np.array(rect.centre_xy)
    return np.column_stack([xy, points[:, 2] * side])
