"""Small exports made on the spot, and trees to compare."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask as cocomask

CATEGORIES = [
    {"id": 0, "name": "people", "supercategory": "none"},
    {"id": 1, "name": "person", "supercategory": "people"},
    {"id": 2, "name": "dog", "supercategory": "people"},
]
ANNOTATIONS = "_annotations.coco.json"


def photo(width: int, height: int, seed: int = 0) -> np.ndarray:
    """A photo that is not like another."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (4, 5, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height)))


def jpeg(pixels: np.ndarray, orientation: int | None = None) -> bytes:
    exif = Image.Exif()
    if orientation:
        exif[274] = orientation
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90, exif=exif)
    return buffer.getvalue()


def png(pixels: np.ndarray) -> bytes:
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def box(x: float, y: float, width: float, height: float) -> list[float]:
    """A rectangle as a flat polygon."""
    return [x, y, x + width, y, x + width, y + height, x, y + height]


class Export:
    """One folder with an annotation file, built step by step."""

    def __init__(self, folder: Path, categories: Sequence[dict[str, Any]] = CATEGORIES) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True)
        self.document: dict[str, Any] = {
            "images": [],
            "annotations": [],
            "categories": list(categories),
        }

    def image(
        self, name: str, data: bytes | np.ndarray | None = None, wh: Any = (32, 24), **more: Any
    ) -> int:
        """Add an image (a photo of its own when no data is given) and return its id."""
        number = len(self.document["images"])
        if data is None:
            data = photo(*wh, seed=number)
        if isinstance(data, np.ndarray):
            data = png(data) if name.endswith(".png") else jpeg(data)
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        row = {"id": number, "file_name": name, "width": wh[0], "height": wh[1]}
        self.document["images"].append(row | more)
        return number

    def annotate(self, image: int, segmentation: Any, category: int = 1, **more: Any) -> None:
        self.document["annotations"].append(
            {
                "id": len(self.document["annotations"]),
                "image_id": image,
                "category_id": category,
                "segmentation": segmentation,
                "iscrowd": 0,
            }
            | more
        )

    def write(self, name: str = ANNOTATIONS) -> Path:
        path = self.folder / name
        path.write_text(json.dumps(self.document))
        return path


def rle(mask: np.ndarray) -> dict[str, Any]:
    code = cocomask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(mask.shape), "counts": code["counts"].decode()}


def large_export(root: Path, count: int = 300) -> Path:
    """Small images in two splits: polygons, RLE, empty ones, a few faults."""
    rng = np.random.default_rng(5)
    for split, share in (("train", 0.8), ("valid", 0.2)):
        export = Export(root / split)
        for number in range(round(count * share)):
            one = export.image(f"p{number:04d}_jpg.rf.{number:032x}.jpg", wh=(24, 18))
            for _ in range(number % 3):
                x, y = rng.uniform(0, 12, 2).round(2)
                export.annotate(one, [box(x, y, 7.3, 5.1)], category=1 + number % 2)
            if number % 7 == 0:
                export.annotate(one, rle(rng.random((18, 24)) > 0.7))
            if number % 40 == 3:
                export.annotate(one, [[1, 2, 3, 4]])
            if number % 50 == 11:
                path = export.folder / export.document["images"][-1]["file_name"]
                path.write_bytes(path.read_bytes()[:100])
        export.write()
    return root


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
    return path


def tree(folder: Path) -> dict[str, str]:
    """Return every path below a folder with what it is: a digest, a link's target, a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_dir():
            found[name] = "folder"
        else:
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
