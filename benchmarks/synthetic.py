"""Synthetic COCO exports for the benchmarks: person-like polygons on plain pictures."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# half width of a standing figure, in heads, from crown to feet: head, neck, shoulders, waist, legs
PROFILE_Y = np.array([0.0, 0.03, 0.07, 0.12, 0.145, 0.17, 0.2, 0.35, 0.5, 0.55, 0.75, 0.97, 1.0])
PROFILE_X = np.array([0.0, 0.30, 0.40, 0.30, 0.18, 0.30, 0.95, 0.90, 0.62, 0.74, 0.55, 0.36, 0.0])


def figure(rng: np.random.Generator, points: int, size_wh: tuple[int, int]) -> NDArray[np.float64]:
    """Return a simple (not self-intersecting) person-like polygon inside the image, (points, 2)."""
    width, height = size_wh
    tall = height * rng.uniform(0.3, 0.9)
    half = points // 2
    # the side of the head and the shoulders get more points than the legs, as when drawn by hand
    along = np.linspace(0, 1, half + 1) ** 1.4
    halfwidth = np.interp(along, PROFILE_Y, PROFILE_X) * tall / 7.5 * rng.uniform(1.1, 1.9)
    right = np.stack([halfwidth * rng.uniform(0.93, 1.07, half + 1), along * tall], axis=1)
    left = np.stack([-halfwidth * rng.uniform(0.93, 1.07, half + 1), along * tall], axis=1)
    ring = np.concatenate([right, left[-2:0:-1]])
    angle = rng.normal(0, 0.12)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    ring = (ring - (0, tall / 2)) @ turn
    low, high = ring.min(axis=0), ring.max(axis=0)
    room = np.maximum((width, height) - (high - low), 0)
    return np.clip(ring - low + rng.uniform(0, 1, 2) * room, 0, (width, height)).round(3)


def annotation(index: int, image_id: int, ring: NDArray[np.float64]) -> dict[str, Any]:
    """Return a COCO annotation with one closed polygon."""
    closed = np.concatenate([ring, ring[:1]]).ravel().tolist()
    low, high = ring.min(axis=0), ring.max(axis=0)
    box = [*low.round(3).tolist(), *(high - low).round(3).tolist()]
    return {
        "id": index,
        "image_id": image_id,
        "category_id": 1,
        "bbox": box,
        "area": round(box[2] * box[3], 3),
        "segmentation": [closed],
        "iscrowd": 0,
    }


def picture(rng: np.random.Generator, size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a smooth random picture, (H, W, 3) uint8."""
    coarse = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return cv2.resize(coarse, size_wh, interpolation=cv2.INTER_CUBIC)


def image_name(index: int) -> str:
    """Return a Roboflow-like file name."""
    return f"photo_{index:06d}_jpg.rf.{index:032x}.jpg"


def make_export(
    root: Path,
    images: int,
    *,
    people: tuple[int, int] = (1, 3),
    points: tuple[int, int] = (40, 200),
    size_wh: tuple[int, int] = (640, 640),
    link: bool = False,
    seed: int = 0,
) -> Path:
    """Write ROOT/train with `images` JPEGs and `_annotations.coco.json`; return ROOT.

    With `link` the pictures are hard links to a few, so that 100,000 of them cost no disk. The JSON
    is written piece by piece, so that making it does not need the memory that is to be measured.
    """
    rng = np.random.default_rng(seed)
    folder = root / "train"
    folder.mkdir(parents=True)
    originals: list[Path] = []
    head = {
        "info": {"year": "2026", "version": "1", "description": "Exported from roboflow.com"},
        "licenses": [{"id": 1, "url": "", "name": "CC0"}],
        "categories": [
            {"id": 0, "name": "person", "supercategory": "none"},
            {"id": 1, "name": "person", "supercategory": "person"},
        ],
    }
    with (folder / "_annotations.coco.json").open("w", encoding="utf-8") as file:
        file.write(json.dumps(head)[:-1] + ', "images": [')
        for index in range(images):
            path = folder / image_name(index)
            if not link or index % 10_000 == 0:
                cv2.imwrite(str(path), picture(rng, size_wh))
                originals.append(path)
            else:
                os.link(originals[-1], path)
            row = {
                "id": index,
                "license": 1,
                "file_name": path.name,
                "height": size_wh[1],
                "width": size_wh[0],
                "date_captured": "2026-01-01T00:00:00+00:00",
            }
            file.write((", " if index else "") + json.dumps(row))
        file.write('], "annotations": [')
        count = 0
        for index in range(images):
            for _ in range(int(rng.integers(people[0], people[1] + 1))):
                ring = figure(rng, int(rng.integers(points[0], points[1] + 1)), size_wh)
                file.write((", " if count else "") + json.dumps(annotation(count, index, ring)))
                count += 1
        file.write("]}")
    return root
