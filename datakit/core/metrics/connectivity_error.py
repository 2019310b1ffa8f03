"""The connectivity error of a matte: parts that float away from the subject.

Rhemann et al. 2009: raise a level from 0 to 1; a pixel is connected up to the last level at which
it is still in the largest component that both mattes share. What a matte has above that counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from datakit.core.metrics.exact_sums import absolute_sum

FloatArray = NDArray[np.float32]
UInt8Array = NDArray[np.uint8]
Region = NDArray[np.uint8] | None
EmptyLevel = Literal["cut", "keep"]

EXACT_LEVELS = tuple(float(np.float32(step / 10)) for step in range(11))
"""0, 0.1, ... 1, each the float32 nearest to it: 153/255 is at level 0.6, as it should be."""

ARANGE_LEVELS = tuple(
    float(np.nextafter(np.float32(exact), np.float32(2))) if summed > step / 10 else exact
    for step, (summed, exact) in enumerate(zip(np.arange(0, 1.1, 0.1), EXACT_LEVELS, strict=True))
)
"""The levels of scripts that write ``np.arange(0, 1.1, 0.1)``: level 6 is 0.6000000000000001 there,
so that an 8-bit 153 misses it. To reproduce such figures only."""

_TOLERATED = 0.15


def connectivity_error(
    pred: FloatArray,
    gt: FloatArray,
    region: Region = None,
    *,
    levels: tuple[float, ...] = EXACT_LEVELS,
    empty_level: EmptyLevel = "cut",
) -> float:
    """Sum of differences of the two mattes' degree of connectedness.

    Parameters
    ----------
    pred, gt : (H, W) float32 in [0, 1]
        The matte to judge and the true one.
    region : (H, W) uint8, optional
        Pixels to count (nonzero); the whole image when absent. Components are always found on the
        whole image.
    levels : tuple of float
        Rising levels from 0 to 1.
    empty_level : {"cut", "keep"}
        Where the mattes share no pixel at a level: "cut" ends every pixel's connection below it,
        "keep" passes over the level.

    Returns
    -------
    float
        The raw sum; profiles scale it. Components are 4-connected; of equally large ones the first
        in reading order counts.

    References
    ----------
    Rhemann, Rother, Wang, Gelautz, Kohli, Rott: A Perceptually Motivated Online Benchmark for
    Image Matting. CVPR 2009.

    Examples
    --------
    >>> gt = np.zeros((9, 20), np.float32)
    >>> gt[2:7, 2:9] = 1
    >>> with_island = gt.copy()
    >>> with_island[3:5, 15:17] = 1
    >>> connectivity_error(gt, gt), connectivity_error(with_island, gt)
    (0.0, 4.0)
    """
    return connectivity_errors(pred, gt, [region], levels=levels, empty_level=empty_level)[0]


def connectivity_errors(
    pred: FloatArray,
    gt: FloatArray,
    regions: Sequence[Region],
    *,
    levels: tuple[float, ...] = EXACT_LEVELS,
    empty_level: EmptyLevel = "cut",
) -> list[float]:
    """`connectivity_error` for several regions in one pass, in their order."""
    left, top, width, height = cv2.boundingRect(cv2.compare(pred, gt, cv2.CMP_NE))
    if width == 0:
        return [0.0] * len(regions)
    connected = connected_level_index(pred, gt, levels, empty_level)
    # Where the mattes are equal so are their degrees: only the box of differences counts.
    box = np.s_[top : top + height, left : left + width]
    table = np.zeros(256, np.float32)
    table[: len(levels)] = levels
    level = cv2.LUT(np.ascontiguousarray(connected[box]), table)
    pred_excess = _excess(pred[box], level)
    gt_excess = _excess(gt[box], level)
    sums = []
    for region in regions:
        mask = None if region is None else np.ascontiguousarray(region[box])
        sums.append(absolute_sum(pred_excess, gt_excess, mask))
    return sums


def _excess(alpha: FloatArray, level: FloatArray) -> FloatArray:
    """Return alpha less its connected level where that is at least 0.15, else 0."""
    below = float(np.nextafter(np.float32(_TOLERATED), np.float32(0)))
    excess: FloatArray = cv2.threshold(cv2.subtract(alpha, level), below, 0, cv2.THRESH_TOZERO)[1]
    return excess


def connected_level_index(
    pred: FloatArray, gt: FloatArray, levels: tuple[float, ...], empty_level: EmptyLevel
) -> UInt8Array:
    """Index of the level up to which each pixel is connected, (H, W) uint8.

    The first level at which a pixel is not in the largest shared component, less one; the last
    level's index where it is in all of them.
    """
    shared = cv2.min(pred, gt)
    index = np.full(gt.shape, len(levels) - 1, np.uint8)
    component: UInt8Array | None = None
    pixel_count = -1
    for step in range(len(levels) - 1, 0, -1):
        # Not cv2.compare: with a scalar it mistakes tiny arrays for the scalar.
        at_level = (shared >= np.float32(levels[step])).view(np.uint8)
        count = cv2.countNonZero(at_level)
        if count == 0 and empty_level == "keep":
            continue
        if component is None or count != pixel_count:
            component = _largest_component(at_level, count, component)
            pixel_count = count
        # The component is 255 and the rest 0, so OR leaves step - 1 outside of it alone.
        index = cv2.min(index, component | np.uint8(step - 1))
    return index


def _largest_component(at_level: UInt8Array, count: int, inside: UInt8Array | None) -> UInt8Array:
    """255 in the largest 4-connected component of the ones in at_level, 0 elsewhere."""
    if count == 0:
        return np.zeros_like(at_level)
    if inside is not None:
        # Sets grow as the level falls: the next component mostly holds the last one. A flood from
        # there is a fifth of a labelling's time, and more than half of all pixels proves the rest.
        _, _, _, seed_xy = cv2.minMaxLoc(inside)
        flooded = at_level.copy()
        area, *_ = cv2.floodFill(flooded, None, seed_xy, 255, flags=4)
        if 2 * area > count and at_level[seed_xy[1], seed_xy[0]]:
            found: UInt8Array = cv2.threshold(flooded, 1, 255, cv2.THRESH_BINARY)[1]
            return found
    _, labels, stats, _ = cv2.connectedComponentsWithStats(at_level, connectivity=4)
    areas = stats[1:, cv2.CC_STAT_AREA]
    largest = 1 + np.flatnonzero(areas == areas.max())
    label = int(largest[0])
    if len(largest) > 1:
        label = int(labels.flat[np.flatnonzero(np.isin(labels, largest))[0]])
    component: UInt8Array = np.negative((labels == label).view(np.uint8))
    return component
