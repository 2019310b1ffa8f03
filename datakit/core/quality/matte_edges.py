"""Where a matte's edge runs, how wide it is, and how hard."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from datakit.errors import InputError

NORMAL_SMOOTHING_PX = 1.5


class EdgePoints(NamedTuple):
    """Points on the foreground side of the 0.5 contour, in raster order.

    ``yx`` is (N, 2) int64; ``normals_yx`` is (N, 2) float32, of length 1, pointing from the
    background to the foreground.
    """

    yx: NDArray[np.int64]
    normals_yx: NDArray[np.float32]


def require_alpha(alpha: NDArray[np.float32]) -> None:
    """Raise InputError unless ``alpha`` is a finite (H, W) float32 array."""
    if alpha.ndim != 2 or alpha.dtype != np.float32:
        raise InputError(f"alpha: expected (H, W) float32, found {alpha.shape} {alpha.dtype}")
    if not np.isfinite(alpha).all():
        raise InputError("alpha: expected finite values, found NaN or infinity; export it again")


def gradient(alpha: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return (dy, dx), each (H, W) float32, in alpha per pixel (Scharr's 3 x 3 kernel)."""
    dx = cv2.Scharr(alpha, cv2.CV_32F, 1, 0, scale=1 / 32, borderType=cv2.BORDER_REPLICATE)
    dy = cv2.Scharr(alpha, cv2.CV_32F, 0, 1, scale=1 / 32, borderType=cv2.BORDER_REPLICATE)
    return dy, dx


def edge_points(
    alpha: NDArray[np.float32],
    *,
    limit: int,
    margin_px: int = 0,
    where: NDArray[np.bool_] | None = None,
) -> EdgePoints:
    """Return at most ``limit`` points, evenly spaced in raster order, along the 0.5 contour.

    Parameters
    ----------
    alpha : (H, W) float32 in [0, 1].
    limit : int
        The most points to return.
    margin_px : int
        Points nearer than this to the image's border are left out.
    where : (H, W) bool, optional
        Only points inside it are taken.

    Examples
    --------
    >>> step = np.zeros((5, 6), np.float32)
    >>> step[:, 3:] = 1
    >>> edge_points(step, limit=2).yx.tolist(), edge_points(step, limit=1).normals_yx.tolist()
    ([[0, 3], [4, 3]], [[0.0, 1.0]])
    """
    require_alpha(alpha)
    inside = (alpha > 0.5).astype(np.uint8)
    rim = inside - cv2.erode(inside, np.ones((3, 3), np.uint8))
    if where is not None:
        rim &= where
    height, width = alpha.shape
    rows, columns = np.nonzero(rim[margin_px : height - margin_px, margin_px : width - margin_px])
    if len(rows) > limit:
        keep = np.linspace(0, len(rows) - 1, limit).round().astype(np.intp)
        rows, columns = rows[keep], columns[keep]
    yx = np.stack([rows, columns], axis=1).astype(np.int64) + margin_px
    smooth = cv2.GaussianBlur(alpha, (0, 0), NORMAL_SMOOTHING_PX)
    dy, dx = gradient(smooth)
    normals = np.stack([dy[yx[:, 0], yx[:, 1]], dx[yx[:, 0], yx[:, 1]]], axis=1)
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    return EdgePoints(yx, (normals / np.maximum(length, 1e-6)).astype(np.float32))


def transition_width_px(alpha: NDArray[np.float32], points: EdgePoints) -> float:
    """Return the median width of the transition: 1 / |gradient of alpha| on the 0.5 contour.

    A linear ramp of w pixels gives w; an unblurred step gives 2, the least that a 3 x 3
    kernel can see; NaN when there is no contour. Hair counts as edge: its strands are narrow.

    Examples
    --------
    >>> ramp = np.tile(np.linspace(0, 1, 11, dtype=np.float32), (20, 1))
    >>> round(transition_width_px(ramp, edge_points(ramp, limit=100)), 3)
    10.0
    """
    if not len(points.yx):
        return float("nan")
    dy, dx = gradient(alpha)
    rows, columns = points.yx.T
    slope = np.hypot(dy[rows, columns], dx[rows, columns])
    return float(np.median(1 / np.maximum(slope, 1e-4)))


def hard_edge_share(alpha: NDArray[np.float32], *, low: float = 0.1, high: float = 0.9) -> float:
    """Return the share of neighbours across the 0.5 contour that jump from below low to above high.

    1 for a binary mask, near 0 for a matte whose edge takes three pixels or more; NaN without an
    edge.

    Examples
    --------
    >>> hard_edge_share(np.float32([[0, 0, 1, 1]]))
    1.0
    >>> hard_edge_share(np.float32([[0, 0.3, 0.7, 1]]))
    0.0
    """
    crossings = jumps = 0
    for first, second in ((alpha[:, 1:], alpha[:, :-1]), (alpha[1:], alpha[:-1])):
        smaller, larger = np.minimum(first, second), np.maximum(first, second)
        crossings += np.count_nonzero((smaller <= 0.5) & (larger > 0.5))
        jumps += np.count_nonzero((smaller < low) & (larger > high))
    return jumps / crossings if crossings else float("nan")
