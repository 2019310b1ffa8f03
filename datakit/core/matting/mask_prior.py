"""Prior of the alpha from a binary mask alone: a guess, weights, bounds."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
UInt8Array = NDArray[np.uint8]
BoolArray = NDArray[np.bool_]

_FRAY_SHARE = 0.008
_FRAY_WINDOW_SHARE = 0.012
_FRAY_FREE = 0.025
_FRAY_GAIN = 10.0


@dataclass(frozen=True)
class Prior:
    """What is known of the alpha before the photo is looked at.

    Parameters
    ----------
    alpha : (H, W) float32 in [0, 1]
        A guess.
    weight : (H, W) float32
        Weight of the squared distance to the guess, 0 or more; 1 is strong.
    lowest, highest : (H, W) float32 in [0, 1]
        Bounds that the result keeps.
    """

    alpha: FloatArray
    weight: FloatArray
    lowest: FloatArray
    highest: FloatArray

    def cut(self, box: tuple[slice, slice]) -> Prior:
        """Return the part in a box."""
        return Prior(self.alpha[box], self.weight[box], self.lowest[box], self.highest[box])

    def without(self, unknown: BoolArray) -> Prior:
        """Return a prior that says nothing of the pixels where ``unknown`` (H, W) bool is true."""
        return Prior(
            self.alpha,
            np.where(unknown, np.float32(0), self.weight),
            np.where(unknown, np.float32(0), self.lowest),
            np.where(unknown, np.float32(1), self.highest),
        )

    def smaller(self, small_wh: tuple[int, int]) -> Prior:
        """Return the prior of a smaller copy of the photo."""
        return Prior(
            cv2.resize(self.alpha, small_wh, interpolation=cv2.INTER_AREA),
            cv2.resize(self.weight, small_wh, interpolation=cv2.INTER_AREA),
            # A bound holds for a pixel of the copy where it holds for all pixels under it.
            -_largest_below(-self.lowest, small_wh),
            _largest_below(self.highest, small_wh),
        )


@dataclass(frozen=True)
class _Trust:
    """How a piece of outline weighs; found on hand-made mattes, see benchmarks/matte.py."""

    weight: float
    ramp_share: float


_SMOOTH = _Trust(weight=0.6, ramp_share=0.001)
_RAGGED = _Trust(weight=0.06, ramp_share=0.003)
_DRAWN = _Trust(weight=0.1, ramp_share=0.004)
_AT_OUTLINE = 0.4


def outline_prior(mask: BoolArray, half_band_px: FloatArray, *, exact: bool) -> Prior:
    """Prior that a binary mask is: a ramp across its outline, surer with the distance from it.

    Parameters
    ----------
    mask : (H, W) bool
        The subject.
    half_band_px : (H, W) float32
        Half the unknown band's width at each pixel (`datakit.core.matting.trimaps.half_band_px`).
    exact : bool
        The mask is right to the pixel (a segmenter's, a thresholded matte): alpha is at least 0.5
        inside and at most 0.5 outside, and where its outline is smooth there is no hair. False for
        outlines drawn by hand, which cut hair off.

    Returns
    -------
    Prior
        Photos alone do not tell a dark coat from a dark wall; the mask does.
    """
    inside = np.ascontiguousarray(mask).view(np.uint8)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    distance = np.where(mask, depth - 0.5, 0.5 - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5))
    certainty = (_AT_OUTLINE + (distance / half_band_px) ** 2).astype(np.float32)
    lowest, highest = np.zeros(mask.shape, np.float32), np.ones(mask.shape, np.float32)
    if not exact:
        return Prior(_ramp(distance, _DRAWN), _DRAWN.weight * certainty, lowest, highest)
    # Either side of 0.5 that 8 bits can tell apart, so that rounding keeps pixels on their side.
    lowest[mask], highest[~mask] = 128 / 255, 127 / 255
    ragged = _raggedness(inside)
    alpha = _ramp(distance, _SMOOTH) * (1 - ragged) + _ramp(distance, _RAGGED) * ragged
    weight = _SMOOTH.weight ** (1 - ragged) * _RAGGED.weight**ragged
    return Prior(alpha, weight * certainty, lowest, highest)


def _ramp(distance_px: FloatArray, trust: _Trust) -> FloatArray:
    ramp_px = max(1.0, trust.ramp_share * max(distance_px.shape))
    alpha: FloatArray = np.clip(0.5 + distance_px / ramp_px, 0, 1).astype(np.float32)
    return alpha


def _raggedness(inside: UInt8Array) -> FloatArray:
    """0 along smooth outlines (cloth, skin) to 1 in frayed ones (hair), (H, W) float32."""
    long_side_px = max(inside.shape)
    median_px = min(255, 2 * max(1, round(_FRAY_SHARE * long_side_px / 2)) + 1)
    # A median takes away what is thinner than half its window: strands and the gaps between them.
    frayed = (cv2.medianBlur(inside, median_px) != inside).astype(np.float32)
    window_px = 2 * round(_FRAY_WINDOW_SHARE * long_side_px) + 1
    share = cv2.blur(frayed, (window_px, window_px))
    ragged: FloatArray = np.clip((share - _FRAY_FREE) * _FRAY_GAIN, 0, 1)
    return ragged


def _largest_below(values: FloatArray, small_wh: tuple[int, int]) -> FloatArray:
    """Largest value under each pixel of a smaller copy."""
    height, width = values.shape
    reach = (-(-height // small_wh[1]), -(-width // small_wh[0]))
    largest = cv2.dilate(values, np.ones((reach[0] + 1, reach[1] + 1), np.uint8))
    smaller: FloatArray = cv2.resize(largest, small_wh, interpolation=cv2.INTER_NEAREST)
    return smaller
