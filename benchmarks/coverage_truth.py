"""The reference for soft masks: 16 x 16 point samples per pixel, at the sub-pixels' centres.

OpenCV's fill also paints the border's pixels, so filling an enlarged polygon is biased outwards by
half a sub-pixel; counting crossings of sub-pixel scanlines is not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SAMPLES = 16


def inside(ring: NDArray[np.float64], height: int, width: int) -> NDArray[np.bool_]:
    """Return which sub-pixel centres lie inside one polygon (even-odd), (16 H, 16 W) bool."""
    fine = ring * SAMPLES - 0.5
    flips = np.zeros((height * SAMPLES, width * SAMPLES + 1), np.uint8)
    after = np.roll(fine, -1, axis=0)
    for (x0, y0), (x1, y1) in zip(fine, after, strict=True):
        if y0 == y1:
            continue
        low, high = min(y0, y1), max(y0, y1)
        rows = np.arange(max(int(np.ceil(low)), 0), min(int(np.ceil(high)), len(flips)))
        crossings = x0 + (rows - y0) * (x1 - x0) / (y1 - y0)
        columns = np.clip(np.ceil(crossings), 0, width * SAMPLES).astype(np.intp)
        np.add.at(flips, (rows, columns), 1)
    return np.cumsum(flips, axis=1, dtype=np.uint8)[:, :-1] % 2 == 1


def coverage(rings: list[NDArray[np.float64]], height: int, width: int) -> NDArray[np.float64]:
    """Return the share of each pixel that the union of polygons covers, (H, W) in 0..1."""
    union = np.zeros((height * SAMPLES, width * SAMPLES), bool)
    for ring in rings:
        union |= inside(ring, height, width)
    return union.reshape(height, SAMPLES, width, SAMPLES).mean(axis=(1, 3))


def supersampled(annotations: Path, count: int) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield file name and coverage of the first images of a COCO file of polygons."""
    coco = json.loads(annotations.read_bytes())
    for image in coco["images"][:count]:
        rings = [
            np.array(polygon).reshape(-1, 2)
            for annotation in coco["annotations"]
            if annotation["image_id"] == image["id"]
            for polygon in annotation["segmentation"]
        ]
        yield image["file_name"], coverage(rings, image["height"], image["width"])


def agreement(mask: NDArray[np.uint8], truth: NDArray[np.float64]) -> float:
    """Return the soft IoU of an 8-bit mask with a coverage in 0..1: sum of minima / of maxima."""
    soft = mask / 255
    return float(np.minimum(soft, truth).sum() / np.maximum(soft, truth).sum())
