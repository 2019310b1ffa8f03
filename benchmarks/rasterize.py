"""Polygons to masks, to soft masks, and RLE: datakit against pycocotools, alternating in one run.

python benchmarks/rasterize.py [--images 300] [--rounds 5] [--quality 60]

Images are 640x640 with 1-3 person-like polygons of 40-200 points. Figures are CPU milliseconds an
image (median over rounds) and their ratios. `--quality N` compares the soft mask of N images with
16x16 supersampling. Every mask that is timed is also compared: binary must be bit-identical.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import coverage_truth
import cv2
import numpy as np
from pycocotools import mask as coco_mask
from synthetic import figure

from datakit.core.masks.coverage import coverage_to_uint8, polygon_coverage
from datakit.core.masks.polygons import polygon_counts_each, polygon_mask
from datakit.core.masks.rle import rle_to_mask
from datakit.io.pixels.images import GrayCanvas

SIZE = 640
Image = list[np.ndarray]


def images(count: int, seed: int = 0) -> list[Image]:
    """Closed person-like rings for each image."""
    rng = np.random.default_rng(seed)
    sets = []
    for _ in range(count):
        points = rng.integers(40, 201, rng.integers(1, 4))
        rings = [figure(rng, int(n), (SIZE, SIZE)) for n in points]
        sets.append([np.concatenate([ring, ring[:1]]) for ring in rings])
    return sets


def peer_each(polygons: list[list[float]]) -> np.ndarray:
    """`COCO.annToMask` for each annotation, united."""
    mask = np.zeros((SIZE, SIZE), np.uint8)
    for polygon in polygons:
        rle = coco_mask.merge(coco_mask.frPyObjects([polygon], SIZE, SIZE))
        mask |= coco_mask.decode(rle)
    return mask * 255


def peer_merged(polygons: list[list[float]]) -> np.ndarray:
    return coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(polygons, SIZE, SIZE))) * 255


def cpu_ms(work: Callable[[object], object], inputs: list) -> float:
    start = time.process_time()
    for item in inputs:
        work(item)
    return (time.process_time() - start) / len(inputs) * 1e3


CANVAS = GrayCanvas(SIZE, SIZE)
SOFT = np.empty((SIZE, SIZE), np.float32)


def hard_rows(rings: Image) -> np.ndarray:
    """As a worker does it: into the canvas that is then encoded, no new memory."""
    return polygon_mask(rings, SIZE, SIZE, value=255, out=CANVAS.pixels)


def soft_rows(rings: Image) -> np.ndarray:
    return coverage_to_uint8(polygon_coverage(rings, SIZE, SIZE, out=SOFT), out=CANVAS.pixels)


def encode(paint: Callable[[Image], np.ndarray], rings: Image) -> bytes:
    paint(rings)
    return CANVAS.encode()


def quality(sets: list[Image]) -> None:
    """Sum of minima over sum of maxima, against the mean of 16x16 points per pixel."""
    values, worst = [], 0.0
    for rings in sets:
        soft = polygon_coverage(rings, SIZE, SIZE)
        many = coverage_truth.coverage(rings, SIZE, SIZE)
        values.append(float(np.minimum(soft, many).sum() / np.maximum(soft, many).sum()))
        worst = max(worst, float(np.abs(soft - many).max()))
    print(
        f"coverage against 16x16 supersampling, {len(sets)} images: IoU-like mean "
        f"{statistics.mean(values):.6f}, min {min(values):.6f}; largest difference of a pixel "
        f"{worst:.4f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quality", type=int, default=20)
    options = parser.parse_args()
    cv2.setNumThreads(0)
    sets = images(options.images)
    lists = [[ring.ravel().tolist() for ring in rings] for rings in sets]
    rles = [
        [coco_mask.frPyObjects([p], SIZE, SIZE)[0]["counts"] for p in polygons]
        for polygons in lists
    ]
    for rings, polygons in zip(sets, lists, strict=True):
        mine = polygon_mask(rings, SIZE, SIZE, value=255)
        assert np.array_equal(mine, peer_merged(polygons))
        assert np.array_equal(mine, peer_each(polygons))
    ways: dict[str, tuple[Callable, list]] = {
        "pycocotools annToMask, united": (peer_each, lists),
        "pycocotools annToMask + cv2 PNG": (lambda p: cv2.imencode(".png", peer_each(p)), lists),
        "pycocotools frPyObjects + merge + decode": (peer_merged, lists),
        "datakit polygon_mask, new array": (lambda r: polygon_mask(r, SIZE, SIZE, value=255), sets),
        "datakit polygon_mask, into a buffer": (hard_rows, sets),
        "  hard, encoded": (lambda r: encode(hard_rows, r), sets),
        "datakit polygon_counts_each": (
            lambda r: polygon_counts_each(r, range(len(r)), SIZE, SIZE),
            sets,
        ),
        "datakit polygon_coverage, new array": (lambda r: polygon_coverage(r, SIZE, SIZE), sets),
        "datakit coverage in 8 bits, into buffers": (soft_rows, sets),
        "  soft, encoded": (lambda r: encode(soft_rows, r), sets),
        "pycocotools decode (each RLE)": (
            lambda r: [coco_mask.decode({"size": [SIZE, SIZE], "counts": c}) for c in r],
            rles,
        ),
        "datakit rle_to_mask (each RLE)": (lambda r: [rle_to_mask(c, SIZE, SIZE) for c in r], rles),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, (work, inputs) in ways.items():
            times[name].append(cpu_ms(work, inputs))
    peer = statistics.median(times["pycocotools annToMask, united"])
    print(f"{'640x640, 1-3 polygons of 40-200 points':45} {'CPU ms/image':>12} {'peer/this':>9}")
    for name, values in times.items():
        middle = statistics.median(values)
        print(f"{name:45} {middle:12.3f} {peer / middle:8.2f}x")
    if options.quality:
        quality(images(options.quality, seed=1))


if __name__ == "__main__":
    main()
