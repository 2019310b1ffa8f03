"""How well a matte's edge lies on the image's edge, and where it would lie better.

Inside a small window alpha is close to a linear function of colour, alpha = a . I + b (Levin,
Lischinski, Weiss: A Closed-Form Solution to Natural Image Matting, PAMI 2008, eq. 3-5). The share
of alpha's variance that the best such function explains (R2, the squared multiple correlation,
the NCC of one window with any colour axis) is therefore near 1 where the matte fits. It takes no
side: a dark subject on white fits as well as a white one on black. The window's image is then
moved by every shift within reach: where R2 peaks is where the matte belongs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from datakit.core.quality.matte_edges import EdgePoints, edge_points
from datakit.errors import InputError

POINTS = 1000
REACH_PX = 4
HALF_WINDOW_PX = 4
NOISE = 3 / 255
CHUNK = 100


@dataclass(frozen=True, slots=True)
class EdgeFit:
    """R2 of each edge point for each shift.

    ``r2`` is (N, S, S) float32 in [0, 1] with S = 2 reach + 1: ``r2[:, reach + dy, reach + dx]``
    belongs to a matte that lies (dx, dy) pixels away from the image's edge.
    """

    points: EdgePoints
    r2: NDArray[np.float32]
    reach_px: int

    def __len__(self) -> int:
        return len(self.r2)


@dataclass(frozen=True, slots=True)
class Shift:
    """How far the matte lies from the image's edge, to the right and downwards."""

    dx_px: int
    dy_px: int
    r2: float
    r2_at_rest: float

    @property
    def gain(self) -> float:
        """R2 that moving the matte back would win."""
        return self.r2 - self.r2_at_rest


@dataclass(frozen=True, slots=True)
class Offset:
    """How far the contour lies outside (positive: too fat) or inside the image's edge."""

    offset_px: int
    r2: float
    r2_at_rest: float

    @property
    def gain(self) -> float:
        """R2 that growing or shrinking the matte would win."""
        return self.r2 - self.r2_at_rest


def edge_fit(
    image: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    *,
    points: int = POINTS,
    reach_px: int = REACH_PX,
    half_window_px: int = HALF_WINDOW_PX,
    where: NDArray[np.bool_] | None = None,
) -> EdgeFit:
    """Fit a matte's edge to the image at up to ``points`` places.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB.
    alpha : (H, W) float32 in [0, 1].
    points : int
        Edge points looked at, evenly spaced; those whose window leaves the image are left out.
    reach_px : int
        Shifts from -reach to +reach in both directions are tried.
    half_window_px : int
        The window is 2 half + 1 pixels wide.
    where : (H, W) bool, optional
        Only edge points inside it are looked at.

    Raises
    ------
    InputError
        If the two differ in size, or alpha is not finite.

    Examples
    --------
    >>> alpha = np.zeros((40, 40), np.float32)
    >>> alpha[12:28, 12:28] = 1
    >>> image = np.repeat((alpha * 200).astype(np.uint8)[..., None], 3, axis=2)
    >>> shift_of(edge_fit(image, np.roll(alpha, 2, axis=1)))
    Shift(dx_px=2, dy_px=0, r2=0.9997, r2_at_rest=0.6034)
    """
    if image.shape != (*alpha.shape, 3):
        raise InputError(
            f"image {image.shape} and alpha {alpha.shape}: expected (H, W, 3) and (H, W) of one "
            "size; resize the alpha first"
        )
    margin = half_window_px + reach_px
    size = 2 * reach_px + 1
    if min(alpha.shape) <= 2 * margin:
        return EdgeFit(edge_points(alpha, limit=0), np.zeros((0, size, size), np.float32), reach_px)
    chosen = edge_points(alpha, limit=points, margin_px=margin, where=where)
    r2 = np.zeros((len(chosen.yx), size, size), np.float32)
    for start in range(0, len(r2), CHUNK):
        corners = chosen.yx[start : start + CHUNK] - margin
        r2[start : start + CHUNK] = _fit_windows(image, alpha, corners, reach_px, half_window_px)
    # The windows moved the image; to say where the matte lies, the shift is turned round.
    return EdgeFit(chosen, r2[:, ::-1, ::-1], reach_px)


def _fit_windows(
    image: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    corners_yx: NDArray[np.int64],
    reach_px: int,
    half_px: int,
) -> NDArray[np.float32]:
    """Return R2 (n, S, S) of n places, by the shift of the image under a fixed alpha window."""
    count, window, size = len(corners_yx), 2 * half_px + 1, 2 * reach_px + 1
    rows, columns = corners_yx.T
    target = sliding_window_view(alpha, (window, window))[rows + reach_px, columns + reach_px]
    target = target.reshape(count, -1)
    target = target - target.mean(axis=1, keepdims=True)
    variance = (target * target).mean(axis=1)

    tile_px = window + 2 * reach_px
    windows = _windows(image, tile_px, axes=(0, 1))
    tiles = windows[rows, columns].astype(np.float32) / 255
    tiles -= tiles.mean(axis=(2, 3), keepdims=True)
    moved = _windows(tiles, window, axes=(2, 3)).reshape(count, 3, size * size, window * window)
    mean = moved.mean(axis=-1)
    with_alpha = np.einsum("ncsk,nk->nsc", moved, target) / window**2
    within = np.einsum("ncsk,ndsk->nscd", moved, moved, optimize=True) / window**2
    within -= np.einsum("ncs,nds->nscd", mean, mean)
    # The ridge keeps sensor noise in a flat window from "explaining" alpha.
    within += NOISE**2 * np.eye(3, dtype=np.float32)
    weights = np.linalg.solve(within, with_alpha[..., None])[..., 0]
    explained = (weights * with_alpha).sum(axis=-1) / np.maximum(variance[:, None], 1e-6)
    r2: NDArray[np.float32] = np.clip(explained, 0, 1).reshape(count, size, size)
    return r2.astype(np.float32)


def _windows(array: NDArray[Any], side_px: int, axes: tuple[int, int]) -> NDArray[Any]:
    # numpy 1's stubs know one axis only.
    view: NDArray[Any] = sliding_window_view(array, (side_px, side_px), axis=axes)  # type: ignore[call-overload]
    return view


def shift_of(fit: EdgeFit) -> Shift:
    """Return the common shift with the highest mean R2; NaN figures and no shift without points."""
    if not len(fit):
        return Shift(0, 0, float("nan"), float("nan"))
    mean = fit.r2.mean(axis=0)
    row, column = np.unravel_index(int(mean.argmax()), mean.shape)
    reach = fit.reach_px
    return Shift(
        dx_px=int(column) - reach,
        dy_px=int(row) - reach,
        r2=round(float(mean.max()), 4),
        r2_at_rest=round(float(mean[reach, reach]), 4),
    )


def r2_by_offset(fit: EdgeFit) -> NDArray[np.float32]:
    """Return (S, N): R2 of each point when its contour is taken to lie -reach..+reach px outside.

    Row ``reach + k`` belongs to a contour k pixels outside the image's edge: the point lies k
    pixels against its normal from where the edge is.
    """
    reach = fit.reach_px
    steps = np.arange(-reach, reach + 1)[:, None]
    rows = np.rint(reach - steps * fit.points.normals_yx[:, 0]).astype(np.intp)
    columns = np.rint(reach - steps * fit.points.normals_yx[:, 1]).astype(np.intp)
    chosen: NDArray[np.float32] = fit.r2[np.arange(len(fit))[None], rows, columns]
    return chosen


def offset_of(fit: EdgeFit) -> Offset:
    """Return the offset along the normals with the highest mean R2; NaN figures without points."""
    if not len(fit):
        return Offset(0, float("nan"), float("nan"))
    mean = r2_by_offset(fit).mean(axis=1)
    best = int(mean.argmax())
    return Offset(
        best - fit.reach_px, round(float(mean[best]), 4), round(float(mean[fit.reach_px]), 4)
    )
