"""The connected parts of a matte: islands, holes, several subjects, contact with the borders."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

FAINT = 0.05
SOLID = 0.5
Box = tuple[int, int, int, int]


class Regions(NamedTuple):
    """Connected regions, largest first.

    ``labels`` is (H, W) int32, 0 where there is none; region i (from 0) has label ``ids[i]``,
    ``areas_px[i]`` pixels and lies in ``boxes_xyxy[i]`` (pixel edges).
    """

    labels: NDArray[np.int32]
    ids: NDArray[np.int64]
    areas_px: NDArray[np.int64]
    boxes_xyxy: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)


def _regions(inside: NDArray[np.bool_], connectivity: int) -> Regions:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        inside.astype(np.uint8), connectivity=connectivity, ltype=cv2.CV_32S
    )
    stats = stats.astype(np.int64)
    ids = 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")
    boxes = stats[ids, :4].copy()
    boxes[:, 2:] += boxes[:, :2]
    return Regions(labels, ids, stats[ids, cv2.CC_STAT_AREA], boxes)


def _select(regions: Regions, keep: NDArray[np.bool_]) -> Regions:
    return Regions(
        regions.labels, regions.ids[keep], regions.areas_px[keep], regions.boxes_xyxy[keep]
    )


def subjects(alpha: NDArray[np.float32]) -> Regions:
    """Return the parts that are connected by anything above 0.05 and solid (> 0.5) somewhere.

    A strand of hair is faint before it is gone: parts that hang together by one are one part.

    Examples
    --------
    >>> alpha = np.zeros((4, 9), np.float32)
    >>> alpha[:, :3], alpha[1, 3], alpha[1, 4:6], alpha[0, 8] = 1, 0.1, 0.9, 0.3
    >>> subjects(alpha).boxes_xyxy.tolist()
    [[0, 0, 6, 4]]
    """
    regions = _regions(alpha > FAINT, 8)
    solid = np.zeros(int(regions.labels.max(initial=0)) + 1, bool)
    solid[np.unique(regions.labels[alpha > SOLID])] = True
    return _select(regions, solid[regions.ids])


def holes(alpha: NDArray[np.float32]) -> Regions:
    """Return the parts below 0.5 that are enclosed: they touch neither the border nor each other.

    Examples
    --------
    >>> alpha = np.ones((5, 5), np.float32)
    >>> alpha[2, 2] = alpha[0, 0] = 0
    >>> holes(alpha).boxes_xyxy.tolist()
    [[2, 2, 3, 3]]
    """
    regions = _regions(alpha <= SOLID, 4)
    height, width = alpha.shape
    x1, y1, x2, y2 = regions.boxes_xyxy.T
    return _select(regions, (x1 > 0) & (y1 > 0) & (x2 < width) & (y2 < height))


def border_shares(alpha: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (4,) the solid share of the top, right, bottom and left border line.

    Examples
    --------
    >>> alpha = np.zeros((4, 4), np.float32)
    >>> alpha[2:, 1:3] = 1
    >>> border_shares(alpha).tolist()
    [0.0, 0.0, 0.5, 0.0]
    """
    lines = (alpha[0], alpha[:, -1], alpha[-1], alpha[:, 0])
    return np.array([float((line > SOLID).mean()) for line in lines])


def border_line_share(alpha: NDArray[np.float32], *, inset_px: int) -> float:
    """Return the largest share of a side that is solid at the border and clear ``inset_px`` inside.

    A subject that leaves the picture goes on inwards; a line along the border does not: it is
    what padding, warping or a drawn frame leaves behind.
    """
    if min(alpha.shape) <= 2 * inset_px:
        return 0.0
    sides = (
        (alpha[0], alpha[inset_px]),
        (alpha[-1], alpha[-1 - inset_px]),
        (alpha[:, 0], alpha[:, inset_px]),
        (alpha[:, -1], alpha[:, -1 - inset_px]),
    )
    return max(float(((edge > SOLID) & (inner <= SOLID)).mean()) for edge, inner in sides)


def inversion_score(alpha: NDArray[np.float32]) -> float:
    """Return how opaque the rim is while something inside is clear, in [-1, 1].

    The rim is the top line and the upper half of both sides: where a portrait leaves the picture
    last. The score is its mean alpha less that of the clearest inner block of an 8 x 8 grid: near 0
    or below for a subject in the picture, near 1 for its inverse.

    Examples
    --------
    >>> alpha = np.zeros((16, 16), np.float32)
    >>> alpha[4:, 4:12] = 1
    >>> inversion_score(alpha), inversion_score(1 - alpha)
    (0.0, 1.0)
    """
    height = alpha.shape[0]
    upper = max(1, height // 2)
    rim = np.concatenate([alpha[0], alpha[:upper, 0], alpha[:upper, -1]])
    blocks = cv2.resize(alpha, (8, 8), interpolation=cv2.INTER_AREA)
    return float(rim.mean() - blocks[1:, 1:-1].min())
