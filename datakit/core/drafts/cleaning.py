"""Steps between a model's probabilities and a label: range, parts. Each is off unless asked for."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.matting.guided_filter import guided_upsample

FloatArray = npt.NDArray[np.float32]

THRESHOLD = 0.5
SOFT = (0.02, 0.98)
REFINE_RADIUS_SHARE = 1 / 80
"""Half the guided filter's window, as a share of the map's longest side."""
REFINE_EPSILON = 1e-4


def stretch_range(probability: FloatArray) -> FloatArray:
    """Stretch a map to [0, 1] as rembg does; a constant map becomes 0.

    It invents a subject in a photo that has none: there the faint maximum becomes 1.

    Parameters
    ----------
    probability : (H, W) float32

    Returns
    -------
    (H, W) float32 in [0, 1]

    Examples
    --------
    >>> stretch_range(np.array([[0.1, 0.3]], np.float32)).tolist()
    [[0.0, 1.0]]
    >>> stretch_range(np.full((1, 2), 0.3, np.float32)).tolist()
    [[0.0, 0.0]]
    """
    low, high = float(probability.min()), float(probability.max())
    if high <= low:
        return np.zeros_like(probability)
    stretched: FloatArray = (probability - np.float32(low)) / np.float32(high - low)
    return stretched


def keep_parts(
    alpha: FloatArray, *, largest: int | None = None, min_share: float = 0.0
) -> FloatArray:
    """Clear parts of the subject that are too many or too small.

    A part is a connected piece (8 neighbours) of alpha above 0.5; soft pixels go with the part
    they are nearest to, so that no halo of a cleared part stays.

    Parameters
    ----------
    alpha : (H, W) float32 in [0, 1]
    largest : int, optional
        Keep at most this many parts, the largest.
    min_share : float
        Keep parts of at least this share of the image.

    Returns
    -------
    (H, W) float32 in [0, 1]
        Zero everywhere when no part is kept.

    Examples
    --------
    >>> alpha = np.zeros((5, 9), np.float32)
    >>> alpha[1:4, 1:4], alpha[2, 7], alpha[2, 8] = 1, 1, 0.3
    >>> kept = keep_parts(alpha, largest=1)
    >>> float(kept.sum()), float(kept[2, 8])
    (9.0, 0.0)
    """
    inside = (alpha > THRESHOLD).view(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    # Stable, so that equal parts are kept in the order of their rows.
    order = np.argsort(-areas, kind="stable")[:largest]
    kept = [part + 1 for part in order if areas[part] >= min_share * alpha.size]
    if len(kept) == count - 1:
        return alpha
    if not kept:
        return np.zeros_like(alpha)
    _, nearest = cv2.distanceTransformWithLabels(
        1 - inside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    # Nearest is numbered by pixel: what each number stands for is read off inside the parts.
    part_of = np.zeros(int(nearest.max()) + 1, np.int32)
    part_of[nearest[inside > 0]] = labels[inside > 0]
    stays = np.isin(part_of[nearest], kept)
    return np.where(stays, alpha, np.float32(0))


def follow_edges(
    image: npt.NDArray[np.uint8], alpha: FloatArray, probability: FloatArray
) -> FloatArray:
    """Draw the soft band of an enlarged map along the photo's edges, by the guided filter.

    On portraits of 1600 px and maps of 320, the boundary IoU at 3 px grows from 0.36 to 0.46.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB
        The photo.
    alpha : (H, W) float32 in [0, 1]
        The map at the photo's size; it stays as it is where it is sure.
    probability : (h, w) float32 in [0, 1]
        The map as the model gave it.

    Returns
    -------
    (H, W) float32 in [0, 1]

    References
    ----------
    He, Sun: Fast Guided Filter. arXiv:1505.00996, 2015.
    """
    size_wh = probability.shape[::-1]
    small = np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA))
    radius = max(1, round(REFINE_RADIUS_SHARE * max(size_wh)))
    refined = guided_upsample(image, small, probability, radius, REFINE_EPSILON)
    soft = ((alpha > SOFT[0]) & (alpha < SOFT[1])).astype(np.uint8)
    scale = max(alpha.shape) / max(size_wh)
    side = 2 * max(1, round(scale)) + 1
    band = cv2.dilate(soft, np.ones((side, side), np.uint8)).view(np.bool_)
    return np.where(band, np.clip(refined, 0, 1), alpha)
