"""Write an export the way Roboflow's "COCO Segmentation" button does, quirks included."""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as cocomask

DATE = "2026-03-14T09:26:53+00:00"
JPEG_QUALITY = 88
LICENCE = {"id": 1, "url": "https://creativecommons.org/publicdomain/zero/1.0/", "name": "CC0 1.0"}
CATEGORIES = [
    {"id": 0, "name": "person", "supercategory": "none"},
    {"id": 1, "name": "person", "supercategory": "person"},
]

Points = NDArray[np.float64]


def token(stem: str, version: str, length: int = 32) -> str:
    """Return the `.rf.` token: 32 hex digits, or 20 letters and digits in 2026 exports."""
    digest = hashlib.sha256(f"{stem} {version}".encode())
    if length == 32:
        return digest.hexdigest()[:32]
    letters = string.ascii_letters + string.digits
    return "".join(letters[byte % len(letters)] for byte in digest.digest()[:length])


def outline(alpha: NDArray[np.uint8], tolerance_px: float = 0.35) -> Points:
    """Return the outline of the largest part of alpha >= 0.5, (N, 2) in pixel edges."""
    zoom = 4
    large = cv2.resize(alpha, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR)
    hard = (large > 127).astype(np.uint8)
    found, _ = cv2.findContours(hard, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    ring = cv2.approxPolyDP(max(found, key=cv2.contourArea), tolerance_px * zoom, True)[:, 0]
    height, width = alpha.shape
    return np.clip((ring + 0.5) / zoom, 0, (width, height))


def number(value: float, digits: int = 3) -> float | int:
    """Round as Roboflow writes: a whole number is an int."""
    rounded = round(float(value), digits)
    return int(rounded) if rounded == int(rounded) else rounded


def flat(points: Points, digits: int = 3, closed: bool = True) -> list[float | int]:
    """Return [x, y, x, y, …]; a closed ring repeats its first point."""
    ring = np.concatenate([points, points[:1]]) if closed else points
    return [number(v, digits) for v in ring.ravel()]


def bbox_of(points: Points) -> list[float | int]:
    """Return [x, y, w, h] with the corner rounded and the size exact, as Roboflow does."""
    low, high = points.min(axis=0), points.max(axis=0)
    return [round(float(low[0])), round(float(low[1])), *(number(v) for v in high - low)]


def rle(mask: NDArray[np.bool_], compressed: bool) -> dict[str, Any]:
    """Encode a mask column by column, as a string or as a list of run lengths."""
    size = [int(v) for v in mask.shape]
    if compressed:
        code = cocomask.encode(np.asfortranarray(mask.astype(np.uint8)))
        return {"size": size, "counts": code["counts"].decode()}
    column_major = mask.ravel(order="F")
    edges = np.flatnonzero(np.diff(column_major)) + 1
    bounds = np.concatenate([[0], edges, [column_major.size]])
    runs = [int(v) for v in np.diff(bounds)]
    return {"size": size, "counts": [0, *runs] if column_major[0] else runs}


@dataclass
class Split:
    """One folder of an export: its images and their annotations, ids from 0."""

    folder: Path
    first_annotation_id: int = 0
    images: list[dict[str, Any]] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)

    def image(
        self,
        file_name: str,
        pixels: NDArray[np.uint8] | bytes | None,
        size_wh: Sequence[int],
        original: str | None = None,
    ) -> int:
        """Add an image; write its file from pixels or bytes, or not at all; return its id."""
        row = {
            "id": len(self.images),
            "license": 1,
            "file_name": file_name,
            "height": int(size_wh[1]),
            "width": int(size_wh[0]),
            "date_captured": DATE,
        }
        if original is not None:
            row["extra"] = {"name": original}
        self.images.append(row)
        self.folder.mkdir(parents=True, exist_ok=True)
        if isinstance(pixels, bytes):
            (self.folder / file_name).write_bytes(pixels)
        elif pixels is not None:
            save(self.folder / file_name, pixels)
        return int(row["id"])

    def annotate(
        self, image_id: int, segmentation: Any, bbox: list[Any], category_id: int = 1
    ) -> None:
        """Add an annotation; `area` is width x height of the box, as in every Roboflow export."""
        area = number(float(bbox[2]) * float(bbox[3]))
        self.annotations.append({
            "id": self.first_annotation_id + len(self.annotations), "image_id": image_id,
            "category_id": category_id, "bbox": bbox, "area": area,
            "segmentation": segmentation, "iscrowd": 0,
        })  # fmt: skip

    def polygon(self, image_id: int, points: Points, digits: int = 3, closed: bool = True) -> None:
        """Add a polygon with its own box."""
        self.annotate(image_id, [flat(points, digits, closed)], bbox_of(points))

    def write(self) -> None:
        """Write `_annotations.coco.json`."""
        document = {
            "info": {"year": "2026", "version": "3", "description": "Exported from roboflow.com",
                     "contributor": "", "url": "", "date_created": DATE},
            "licenses": [LICENCE], "categories": CATEGORIES,
            "images": self.images, "annotations": self.annotations,
        }  # fmt: skip
        text = json.dumps(document, separators=(",", ":"))
        (self.folder / "_annotations.coco.json").write_text(text, encoding="utf-8")


def save(path: Path, pixels: NDArray[np.uint8], orientation: int | None = None) -> None:
    """Write a JPEG or PNG by its suffix, optionally with an EXIF orientation."""
    picture = Image.fromarray(pixels)
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    if path.suffix == ".png":
        picture.save(path, optimize=True)
    else:
        picture.save(path, quality=JPEG_QUALITY, exif=exif)
