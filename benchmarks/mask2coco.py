"""What `mask2coco` reaches on real masks: IoU, boundary IoU, points, milliseconds a mask.

    python benchmarks/mask2coco.py DATA

DATA holds personseg/vikram_human_seg/Ground_Truth, matting/ppm100/alpha and
roboflow/person_porong_aug3x; what is absent is left out. Every outline is painted again by
pycocotools itself, and its scores are computed from that. Beside datakit stands what people write:
`cv2.findContours` and `cv2.approxPolyDP` at 1 pixel, and at a thousandth of the outline's length.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from pycocotools import mask as coco

from datakit.core.masks.contours import bridge_holes, count_points, trace_parts
from datakit.core.masks.polygonize import fit_outline
from datakit.core.masks.polygons import polygon_mask
from datakit.core.metrics.mask_metrics import boundary_iou, iou
from datakit.io.layouts.coco_annotations import read_annotations
from datakit.io.layouts.sources import open_sources

HALF = 128
Rings = list[np.ndarray]


def vikram(data: Path) -> Iterator[np.ndarray]:
    for path in sorted((data / "personseg/vikram_human_seg/Ground_Truth").iterdir()):
        yield cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) >= HALF


def ppm100(data: Path) -> Iterator[np.ndarray]:
    for path in sorted((data / "matting/ppm100/alpha").iterdir()):
        yield cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) >= HALF


def porong(data: Path, most: int = 200) -> Iterator[np.ndarray]:
    """Masks that were polygons before, one per image."""
    source = open_sources([str(data / "roboflow/person_porong_aug3x")])
    count = 0
    for item in source.items():
        found = [*read_annotations(item.annotations or b"[]", item.categories)]
        rings = [ring for one in found for ring in one.rings]
        if rings and item.stated_wh and count < most:
            width, height = item.stated_wh
            mask = polygon_mask(rings, height, width) > 0
            if mask.any():
                count += 1
                yield mask


def datakit_rings(mask: np.ndarray) -> Rings:
    return [bridge_holes(part) for part in fit_outline(mask).parts]


def opencv_rings(tolerance: Callable[[np.ndarray], float]) -> Callable[[np.ndarray], Rings]:
    def rings(mask: np.ndarray) -> Rings:
        found, _ = cv2.findContours(
            mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
        )
        simple = [cv2.approxPolyDP(ring, tolerance(ring), closed=True)[:, 0] for ring in found]
        return [ring.astype(np.float64) for ring in simple if len(ring) >= 3]

    return rings


CONTENDERS: dict[str, Callable[[np.ndarray], Rings]] = {
    "datakit": datakit_rings,
    "findContours, 1 px": opencv_rings(lambda ring: 1.0),
    "findContours, 0.001 of its length": opencv_rings(
        lambda ring: 0.001 * cv2.arcLength(ring, True)
    ),
}


def painted(rings: Rings, height: int, width: int) -> np.ndarray:
    if not rings:
        return np.zeros((height, width), np.uint8)
    flat = [ring.ravel().tolist() for ring in rings]
    return np.asarray(coco.decode(coco.merge(coco.frPyObjects(flat, height, width))))


def measure(name: str, masks: list[np.ndarray]) -> None:
    exact = sum(count_points(trace_parts(mask)) for mask in masks) / len(masks)
    for label, rings_of in CONTENDERS.items():
        start = time.process_time()
        outlines = [rings_of(mask) for mask in masks]
        ms = (time.process_time() - start) / len(masks) * 1e3
        scores = []
        for rings, mask in zip(outlines, masks, strict=True):
            back = painted(rings, *mask.shape)
            scores.append((iou(back, mask), boundary_iou(back, mask)))
        ious, boundaries = np.array(scores).T
        points = sum(len(ring) for rings in outlines for ring in rings) / len(masks)
        below = int(((ious < 0.99) | (boundaries < 0.95)).sum())
        print(
            f"| {name} | {len(masks)} | {label} | {ious.mean():.4f} | {ious.min():.4f} | "
            f"{boundaries.mean():.4f} | {boundaries.min():.4f} | {below} | {points:.0f} | "
            f"{exact:.0f} | {ms:.1f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    cv2.setNumThreads(1)
    print(
        "| masks | n | outline by | mean IoU | lowest | mean boundary IoU | lowest | below the bars"
        " | points a mask | of the exact outline | CPU ms a mask |"
    )
    print("|---" * 11 + "|")
    for name, read in (("vikram", vikram), ("PPM-100", ppm100), ("porong", porong)):
        try:
            masks = [mask for mask in read(data) if mask.any()]
        except OSError as error:
            print(f"{name}: absent ({error})")
            continue
        measure(name, masks)


if __name__ == "__main__":
    main()
