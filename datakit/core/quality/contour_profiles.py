"""Alpha and colour profiles along the normals of a matte's edge: halo and colour fringe."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from datakit.core.quality.matte_edges import EdgePoints

MIN_CONTRAST = 40 / 255
SURE_BACKGROUND, SURE_FOREGROUND = 0.05, 0.95


class EdgeColours(NamedTuple):
    """Alpha by file and alpha by colour along each usable normal.

    ``alpha`` and ``by_colour`` are (N, L) float32, from ``reach`` pixels outside to ``reach``
    inside; ``by_colour`` is how far the pixel's colour has gone from the local background (0) to
    the local foreground (1). ``residual`` is the distance from that line, in units of
    the contrast between the two. ``yx`` (N, 2) are the points.
    """

    alpha: NDArray[np.float32]
    by_colour: NDArray[np.float32]
    residual: NDArray[np.float32]
    yx: NDArray[np.int64]


def edge_colours(
    image: NDArray[np.uint8], alpha: NDArray[np.float32], points: EdgePoints, *, reach_px: int
) -> EdgeColours:
    """Sample the normals of edge points and place each pixel between local fore- and background.

    The local foreground is the mean colour of the profile's pixels with alpha > 0.95 in its
    inner third, the background of those with alpha < 0.05 in its outer third. Normals
    without both, or with a contrast under 40 of 255, are left out: there colour tells nothing.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB.
    alpha : (H, W) float32 in [0, 1].
    points : EdgePoints
        Where to look.
    reach_px : int
        Half the length of a profile; at least 3.
    """
    steps = np.arange(-reach_px, reach_px + 1, dtype=np.float32)
    rows = points.yx[:, :1].astype(np.float32) + steps * points.normals_yx[:, :1]
    columns = points.yx[:, 1:].astype(np.float32) + steps * points.normals_yx[:, 1:]
    height, width = alpha.shape
    inside = (rows >= 0) & (rows <= height - 1) & (columns >= 0) & (columns <= width - 1)
    keep = inside.all(axis=1)
    rows, columns = rows[keep], columns[keep]
    if not len(rows):
        none = np.zeros((0, len(steps)), np.float32)
        return EdgeColours(none, none, none, points.yx[:0])
    # cv2.remap holds coordinates of at most 32,767: both are (N, L), and N and L stay below.
    along = cv2.remap(alpha, columns, rows, cv2.INTER_LINEAR)
    colour = cv2.remap(image, columns, rows, cv2.INTER_LINEAR).astype(np.float32) / 255
    third = max(1, len(steps) // 3)
    front, has_front = _mean_colour(colour, (along > SURE_FOREGROUND) & (steps > reach_px - third))
    back, has_back = _mean_colour(colour, (along < SURE_BACKGROUND) & (steps < third - reach_px))
    axis = front - back
    contrast = np.linalg.norm(axis, axis=-1)
    usable = has_front & has_back & (contrast > MIN_CONTRAST)
    along, colour, axis = along[usable], colour[usable], axis[usable]
    from_back = colour - back[usable][:, None]
    by_colour = (from_back * axis[:, None]).sum(-1) / (axis**2).sum(-1)[:, None]
    off_line = from_back - by_colour[..., None] * axis[:, None]
    residual = np.linalg.norm(off_line, axis=-1) / contrast[usable][:, None]
    return EdgeColours(along, by_colour, residual, points.yx[keep][usable])


def _mean_colour(
    colour: NDArray[np.float32], where: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    count = where.sum(axis=1)
    total = (colour * where[..., None]).sum(axis=1)
    return total / np.maximum(count, 1)[:, None], count >= np.maximum(2, where.shape[1] // 8)


def halo_px(edge: EdgeColours) -> NDArray[np.float32]:
    """Return (N,) how many pixels of background colour each profile's foreground holds.

    It is the sum over the profile of alpha minus alpha by colour: positive where the matte
    reaches into the background (a halo when composed), negative where it cuts into the subject.
    """
    return np.asarray((edge.alpha - np.clip(edge.by_colour, 0, 1)).sum(axis=1), np.float32)


def fringe_ratio(edge: EdgeColours) -> NDArray[np.float32]:
    """Return (N,) how foreign the band's colours are: residual in the band over outside of it.

    About 1 where the band's colours mix fore- and background; large where a third colour,
    the rim of an older background, lies between. Profiles without a band give NaN.
    """
    band = (edge.alpha > 0.1) & (edge.alpha < 0.9)
    inside = np.where(band, edge.residual, 0).sum(axis=1) / np.maximum(band.sum(axis=1), 1)
    sure = (edge.alpha < SURE_BACKGROUND) | (edge.alpha > SURE_FOREGROUND)
    outside = np.where(sure, edge.residual, 0).sum(axis=1) / np.maximum(sure.sum(axis=1), 1)
    ratio = inside / (outside + 0.05)
    return np.where(band.any(axis=1), ratio, np.nan).astype(np.float32)
