"""Boxes in pixel edges: overlap, tiles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Boxes = npt.NDArray[np.float64]


def overlap(a: Boxes, b: Boxes) -> tuple[Boxes, Boxes]:
    """Measure how much every box of `a` overlaps every box of `b`.

    Parameters
    ----------
    a, b : (N, 4) and (M, 4) float
        Boxes xyxy in pixel edges.

    Returns
    -------
    iou : (N, M) float64
        Intersection over union, 0 where both are empty.
    share : (N, M) float64
        Intersection over the smaller of the two areas, 0 where one is empty.

    Examples
    --------
    >>> iou, share = overlap(np.array([[0, 0, 4, 4.0]]), np.array([[0, 0, 2, 2.0]]))
    >>> float(iou[0, 0]), float(share[0, 0])
    (0.25, 1.0)
    """
    a, b = a.reshape(-1, 1, 4), b.reshape(1, -1, 4)
    low = np.maximum(a[..., :2], b[..., :2])
    high = np.minimum(a[..., 2:], b[..., 2:])
    common = np.prod(np.clip(high - low, 0, None), axis=-1)
    area_a = np.prod(np.clip(a[..., 2:] - a[..., :2], 0, None), axis=-1)
    area_b = np.prod(np.clip(b[..., 2:] - b[..., :2], 0, None), axis=-1)
    union, smaller = area_a + area_b - common, np.minimum(area_a, area_b)
    iou = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    share = np.divide(common, smaller, out=np.zeros_like(common), where=smaller > 0)
    return iou, share


def tiles(
    size_wh: tuple[int, int], side_px: int, overlap_share: float
) -> list[tuple[int, int, int, int]]:
    """Cover an image with equal square tiles that overlap by at least the given share.

    Parameters
    ----------
    size_wh : (width, height) in pixels
    side_px : int
        Side of a tile; an image side that is shorter is covered by one shorter tile.
    overlap_share : float in [0, 1)
        Smallest overlap of neighbours, as a share of the side.

    Returns
    -------
    list of (x0, y0, x1, y1)
        Row by row; together they cover the image and none leaves it.

    Examples
    --------
    >>> tiles((100, 50), 60, 0.25)
    [(0, 0, 60, 50), (40, 0, 100, 50)]
    """

    def starts(length: int) -> list[int]:
        if length <= side_px:
            return [0]
        count = 1 + int(np.ceil((length - side_px) / (side_px * (1 - overlap_share))))
        return [round(i * (length - side_px) / (count - 1)) for i in range(count)]

    width, height = size_wh
    return [
        (x, y, min(x + side_px, width), min(y + side_px, height))
        for y in starts(height)
        for x in starts(width)
    ]
