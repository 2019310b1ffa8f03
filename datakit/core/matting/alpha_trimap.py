"""A trimap from an alpha, with the band that another trimap of the same picture has."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

BACKGROUND, UNKNOWN, FOREGROUND = 0, 128, 255
SOFT_MARGIN = 10 / 255
"""JPEG-coded alphas put up to 9 / 255 of noise on pixels that were fully clear or opaque."""


def transition_pixels(
    alpha: npt.NDArray[np.float32], margin: float = SOFT_MARGIN
) -> npt.NDArray[np.bool_]:
    """Return where an alpha changes: pixels neither clear nor opaque, and both sides of a step.

    Parameters
    ----------
    alpha : (H, W) float32 in [0, 1]
        The alpha.
    margin : float
        Values within this of 0 and 1 count as clear and opaque.

    Returns
    -------
    (H, W) bool

    Examples
    --------
    >>> transition_pixels(np.array([[0, 0, 1, 1, 1, 0.5]], np.float32)).tolist()
    [[False, True, True, False, False, True]]
    """
    soft = (alpha > margin) & (alpha < 1 - margin)
    inside = (alpha >= 0.5).astype(np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    step = cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, cross).astype(bool)
    result: npt.NDArray[np.bool_] = soft | (step & ~_beside_soft(soft))
    return result


def _beside_soft(soft: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return soft pixels and their neighbours: where a ramp crosses 0.5 there is no step."""
    near: npt.NDArray[np.bool_] = cv2.dilate(soft.astype(np.uint8), np.ones((3, 3))).astype(bool)
    return near


def trimap_of_alpha(alpha: npt.NDArray[np.float32], band_px: float) -> npt.NDArray[np.uint8]:
    """Return the trimap whose unknown band reaches `band_px` beyond the alpha's transition.

    Parameters
    ----------
    alpha : (H, W) float32 in [0, 1]
        The alpha.
    band_px : float
        How far the unknown band reaches from a pixel that is neither clear nor opaque, 0 or more.

    Returns
    -------
    (H, W) uint8
        0 background, 128 unknown, 255 foreground.

    Raises
    ------
    InputError
        If band_px is negative.

    Examples
    --------
    >>> trimap_of_alpha(np.array([[0, 0, 0, 0.5, 1, 1, 1]], np.float32), 1).tolist()
    [[0, 0, 128, 128, 128, 255, 255]]
    """
    if not band_px >= 0:
        raise InputError(f"band: expected 0 pixels or more, found {band_px}")
    trimap = np.where(alpha >= 0.5, np.uint8(FOREGROUND), np.uint8(BACKGROUND))
    trimap[_distance_px(transition_pixels(alpha)) <= band_px] = UNKNOWN
    return trimap


def trimap_band_px(alpha: npt.NDArray[np.float32], trimap: npt.NDArray[np.uint8]) -> float:
    """Return how far a trimap's unknown band reaches beyond the alpha's transition.

    Parameters
    ----------
    alpha : (H, W) float32 in [0, 1]
        The alpha.
    trimap : (H, W) uint8
        Its trimap; 0 is background, 255 foreground, any other value unknown.

    Returns
    -------
    float
        The 95th percentile of the unknown pixels' distances to the transition, in pixels;
        0 when nothing is unknown or nothing changes.

    Raises
    ------
    InputError
        If the two differ in size.

    Examples
    --------
    >>> alpha = np.zeros((64, 64), np.float32)
    >>> alpha[20:40, 20:40] = 1
    >>> round(trimap_band_px(alpha, trimap_of_alpha(alpha, 5)))
    5
    """
    if alpha.shape != trimap.shape:
        raise InputError(f"trimap: expected the alpha's size {alpha.shape}, found {trimap.shape}")
    unknown = (trimap != BACKGROUND) & (trimap != FOREGROUND)
    transition = transition_pixels(alpha)
    if not unknown.any() or not transition.any():
        return 0.0
    return float(np.percentile(_distance_px(transition)[unknown], 95))


def _distance_px(places: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Return each pixel's distance to the nearest place; infinite when there is none."""
    if not places.any():
        return np.full(places.shape, np.inf, np.float32)
    distance: npt.NDArray[np.float32] = cv2.distanceTransform(
        (~places).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )
    return distance
