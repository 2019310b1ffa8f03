"""Traces of restoration in a background: its seam, its blur, repeated patches."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float32]

_NEAR_PX, _FAR_PX = 4, 12
_LEAST_PIXELS = 64
_LEAST_STEP = 1.0
_LEAST_LAG_PX = 10
_LEAST_OVERLAP = 0.25
_CORRELATION_SIDE_PX = 256
_DETAIL_SIGMA_PX = 4.0


def seam_ratio(image: Image, region: Bool) -> float:
    """Return how much larger the steps across the region's border are than those around it.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB
    region : (H, W) bool
        What was filled.

    Returns
    -------
    float
        1 where no seam is seen; NaN where the region or its surroundings are too small.
    """
    light = image.mean(axis=2, dtype=np.float32)
    depth_px = _depth(region)
    at_seam, around = [], []
    for axis in (0, 1):
        step = np.abs(np.diff(light, axis=axis))
        crosses = np.diff(region, axis=axis)
        first, second = (np.take(depth_px, indices, axis) for indices in _pairs(region, axis))
        reach = np.minimum(np.abs(first), np.abs(second))
        at_seam.append(step[crosses])
        around.append(step[~crosses & (reach > _NEAR_PX) & (reach <= _FAR_PX)])
    seam, others = np.concatenate(at_seam), np.concatenate(around)
    if min(len(seam), len(others)) < _LEAST_PIXELS:
        return float("nan")
    return float((seam.mean() + _LEAST_STEP) / (others.mean() + _LEAST_STEP))


def lost_detail(image: Image, region: Bool) -> float:
    """Return how much less detail the region has than its surroundings, in powers of two.

    Detail is the mean absolute Laplacian; the surroundings are as many pixels around the region as
    it has, at most.

    Returns
    -------
    float
        0 where both have as much, 1 where the region has half; NaN where one is too small.
    """
    depth_px = _depth(region)
    inner = depth_px >= _NEAR_PX
    reach_px = max(_FAR_PX, float(np.sqrt(np.count_nonzero(region)) / 2))
    outer = (depth_px <= -_NEAR_PX) & (depth_px >= -reach_px)
    if min(np.count_nonzero(inner), np.count_nonzero(outer)) < _LEAST_PIXELS:
        return float("nan")
    light = image.mean(axis=2, dtype=np.float32)
    detail = np.abs(cv2.Laplacian(light, cv2.CV_32F))
    within, beyond = float(detail[inner].mean()), float(detail[outer].mean())
    return float(np.log2((beyond + _LEAST_STEP) / (within + _LEAST_STEP)))


def repetition(image: Image, region: Bool) -> float:
    """Return how much more the region repeats itself than its surroundings do.

    Of both, the largest correlation of the detail with itself moved by at least 10 px is taken.
    A wall of bricks repeats itself everywhere, which is no fault.

    Returns
    -------
    float
        At most 1: a patch that was pasted over and over; 0 and below: no more than around. NaN
        where one of the two is too small.
    """
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    if not len(rows):
        return float("nan")
    pad = _FAR_PX + max(rows[-1] - rows[0], columns[-1] - columns[0]) // 2
    window = (
        slice(max(0, rows[0] - pad), rows[-1] + 1 + pad),
        slice(max(0, columns[0] - pad), columns[-1] + 1 + pad),
    )
    light = image[window].mean(axis=2, dtype=np.float32)
    mask = region[window]
    detail = light - cv2.GaussianBlur(light, (0, 0), _DETAIL_SIGMA_PX)
    found = []
    for part in (mask, ~mask):
        y, x = np.nonzero(part)
        if len(y) < (2 * _LEAST_LAG_PX) ** 2:
            return float("nan")
        # A window of the part around its middle bounds the work; detail must not be scaled.
        half = _CORRELATION_SIDE_PX // 2
        top, left = max(0, int(np.median(y)) - half), max(0, int(np.median(x)) - half)
        chosen = (slice(top, top + 2 * half), slice(left, left + 2 * half))
        found.append(_self_similarity(detail[chosen], part[chosen]))
    return found[0] - found[1]


def _self_similarity(detail: Float, part: Bool) -> float:
    """Return the largest normalised correlation of a part with itself, moved."""
    weight = part.astype(np.float64)
    values = np.where(part, detail, 0).astype(np.float64)
    shape = [2 * side for side in part.shape]
    spectrum = np.fft.rfft2(values, shape)
    mass = np.fft.rfft2(weight, shape)
    power = np.fft.rfft2(values**2, shape)
    products = np.fft.irfft2(spectrum * spectrum.conj(), shape)
    overlap = np.fft.irfft2(mass * mass.conj(), shape)
    # Energies of the two overlapping parts at each shift.
    one = np.fft.irfft2(power * mass.conj(), shape)
    other = np.fft.irfft2(mass * power.conj(), shape)
    lag_y = np.minimum(np.arange(shape[0]), shape[0] - np.arange(shape[0]))[:, None]
    lag_x = np.minimum(np.arange(shape[1]), shape[1] - np.arange(shape[1]))[None, :]
    usable = (np.maximum(lag_y, lag_x) >= _LEAST_LAG_PX) & (
        overlap >= _LEAST_OVERLAP * weight.sum()
    )
    energy = np.sqrt(np.maximum(one, 0) * np.maximum(other, 0))
    usable &= energy > _LEAST_STEP * overlap
    return float((products[usable] / energy[usable]).max()) if usable.any() else 0.0


def _depth(region: Bool) -> Float:
    """Return how deep each pixel lies in the region; outside, minus how far away it is."""
    within = cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, 5)
    beyond = cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(within - beyond, np.float32)


def _pairs(region: Bool, axis: int) -> tuple[range, range]:
    """Return the indices of neighbours along an axis."""
    return range(region.shape[axis] - 1), range(1, region.shape[axis])
