"""Patch voting: every patch that covers a pixel votes for its colour."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.inpainting.patches import RADIUS_PX
from datakit.core.inpainting.patchmatch import Matches

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float32]

_PIXELS_AT_ONCE = 1 << 17
_CONFIDENCE_BASE = 1.3
_DEEPEST_PX = 40
_QUANTILE = 0.75


def vote(photo: Float, wanted: Bool, matches: Matches, weight: Float) -> Float:
    """Return the weighted mean of what the matched patches over each pixel say of it.

    Parameters
    ----------
    photo : (H, W, 3) float32
        Where the matches lie.
    wanted : (H, W) bool
        The pixels to compute; a target's patch lies over each.
    matches : Matches
    weight : (N,) float32
        Of each match.

    Returns
    -------
    (M, 3) float32
        Colours of the wanted pixels, in reading order.
    """
    height, width = wanted.shape
    offset_of = np.zeros(wanted.size, np.int32)
    offset_of[matches.targets] = matches.nearest - matches.targets
    weight_of = np.zeros(wanted.size, np.float32)
    weight_of[matches.targets] = weight
    colours = photo.reshape(-1, 3)
    pixels = np.flatnonzero(wanted)
    found = np.empty((len(pixels), 3), np.float32)
    for start in range(0, len(pixels), _PIXELS_AT_ONCE):
        chunk = pixels[start : start + _PIXELS_AT_ONCE]
        y, x = np.divmod(chunk, width)
        total = np.zeros(len(chunk), np.float32)
        colour = np.zeros((len(chunk), 3), np.float32)
        for step_y in range(-RADIUS_PX, RADIUS_PX + 1):
            for step_x in range(-RADIUS_PX, RADIUS_PX + 1):
                centre_y, centre_x = y - step_y, x - step_x
                within = (centre_y >= 0) & (centre_y < height)
                within &= (centre_x >= 0) & (centre_x < width)
                centre = np.where(within, centre_y * width + centre_x, 0)
                share = np.where(within, weight_of[centre], 0)
                source = np.where(share > 0, chunk + offset_of[centre], 0)
                total += share
                colour += share[:, None] * colours[source]
        found[start : start + _PIXELS_AT_ONCE] = colour / np.maximum(total, 1e-30)[:, None]
    return found


def confidence(hole: Bool) -> Float:
    """Return (H, W) float32: how sure each pixel is, less the deeper it lies in the hole.

    Wexler, Shechtman, Irani: Space-time completion of video. PAMI 2007.
    """
    depth_px = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(_CONFIDENCE_BASE ** -np.minimum(depth_px, _DEEPEST_PX), np.float32)


def similarity(cost: Float) -> Float:
    """Return (N,) float32 weights of matches: 1 where two patches are equal."""
    scale = max(float(np.quantile(cost, _QUANTILE)), 1e-3) if len(cost) else 1.0
    # Even the worst match counts when there is no other.
    return np.asarray(np.maximum(np.exp(-cost / (2 * scale)), 1e-6), np.float32)
