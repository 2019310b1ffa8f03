"""A drafted dataset without a model, and what people do with its exports in each tool."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import cv2
import msgspec
import numpy as np

from datakit.io.pixels import decoders, images
from datakit.records.card import Card, Command
from datakit.records.draft import DRAFT
from datakit.records.sample import Operation, Sample, Source
from tests.core.sample_masks import blobs
from tests.verbs.exports import jpeg, photo

HEIGHT, WIDTH = 120, 160
NAMES = ("train/a", "train/anna/IMG 1.2", "val/a")
CORNER = (4, 6, 34, 30)
"""x0, y0, x1, y1 of the box that a person adds."""
LABEL_MAP = {"background": 0, "person": 255}


def write_drafts(root: Path) -> Path:
    """Photos with masks (holes, several parts) and soft alphas, one of 16 bits."""
    rows = []
    for number, name in enumerate(NAMES):
        split, _, rel = name.partition("/")
        mask = blobs(number, HEIGHT, WIDTH, 9)
        alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 2)
        top, kind = (65535, np.uint16) if number == 1 else (255, np.uint8)
        files = {
            f"{split}/images/{rel}.jpg": jpeg(photo(WIDTH, HEIGHT, number)),
            f"{split}/masks/{rel}.png": images.encode_png(np.uint8(255) * mask),
            f"{split}/alphas/{rel}.png": images.encode_png(np.rint(alpha * top).astype(kind)),
        }
        for path, data in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        image, label, soft = files
        rows.append(
            Sample(
                id=f"{name}.jpg",
                file_name=image,
                mask_file_name=label,
                alpha_file_name=soft,
                width=WIDTH,
                height=HEIGHT,
                split=split,
                source=Source(name=f"{rel}.jpg", sha256=sha256(files[image]).hexdigest()),
                tags=(DRAFT,),
                history=(Operation(verb="prelabel", version="0"),),
            )
        )
    finish(root, rows, LABEL_MAP)
    (root / "drafts.jsonl").write_text("what else lies here\n")
    return root


def finish(root: Path, rows: list[Sample], label_map: dict[str, int]) -> None:
    text = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    (root / "metadata.jsonl").write_bytes(text)
    made = Command(verb="prelabel", version="0", options={})
    card = Card(label_map=label_map, counts={"samples": len(rows)}, commands=(made,))
    (root / "dataset.json").write_bytes(msgspec.json.encode(card))


def sample(root: Path, key: str) -> Sample:
    rows = (root / "metadata.jsonl").read_bytes().splitlines()
    found = {row.id: row for row in (msgspec.json.decode(line, type=Sample) for line in rows)}
    return found[f"{key}.jpg"]


def label(root: Path, key: str, kind: str = "mask") -> np.ndarray:
    name = getattr(sample(root, key), f"{kind}_file_name")
    return decoders.decode_mask((root / name).read_bytes())


def box_points() -> list[tuple[int, int]]:
    x0, y0, x1, y1 = CORNER
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def review_cvat(out: Path, name: str | None) -> None:
    """Add a polygon in CVAT to the image whose name ends so."""
    path = out / "annotations.xml"
    points = ";".join(f"{x}.00,{y}.00" for x, y in box_points())
    shape = f'<polygon label="person" source="manual" occluded="0" points="{points}" z_order="1"/>'
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines):
        if name and line.startswith("<image ") and name in line:
            lines[number] = line.replace("</image>", f"{shape}</image>")
    path.write_text("\n".join(lines))


def review_label_studio(out: Path, name: str | None) -> None:
    """Accept the predictions as annotations, and add a rectangle."""
    path = out / "tasks.json"
    tasks = json.loads(path.read_text())
    for task in tasks:
        result = task.pop("predictions")[0]["result"]
        if name and name in task["data"]["image"]:
            x0, y0, x1, y1 = CORNER
            value = {
                "x": 100 * x0 / WIDTH,
                "y": 100 * y0 / HEIGHT,
                "width": 100 * (x1 - x0) / WIDTH,
                "height": 100 * (y1 - y0) / HEIGHT,
                "rotation": 0,
                "rectanglelabels": ["person"],
            }
            size = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
            result.append({"type": "rectanglelabels", **size, "value": value})
        task["annotations"] = [{"result": result, "was_cancelled": False}]
    path.write_text(json.dumps(tasks))


def review_labelme(out: Path, name: str | None) -> None:
    for path in out.glob("*/*.json"):
        if name and name in path.relative_to(out).as_posix():
            document = json.loads(path.read_text())
            shape = {"label": "person", "shape_type": "polygon", "points": box_points()}
            document["shapes"].append(shape)
            path.write_text(json.dumps(document))


def review_coco(out: Path, name: str | None) -> None:
    for path in out.rglob("*.json"):
        document = json.loads(path.read_text())
        for image in document.get("images", ()) if isinstance(document, dict) else ():
            if name and name in f"{path.parent.name}/{path.stem}/{image['file_name']}":
                ring = [value for point in box_points() for value in point]
                document["annotations"].append(
                    {
                        "id": 1000 + image["id"],
                        "image_id": image["id"],
                        "category_id": 1,
                        "segmentation": [ring],
                    }
                )
        path.write_text(json.dumps(document))


REVIEWERS: dict[str, Callable[[Path, str | None], None]] = {
    "cvat": review_cvat,
    "label-studio": review_label_studio,
    "labelme": review_labelme,
    "roboflow": review_coco,
    "coco": review_coco,
}
"""Format -> what a person does: nothing, or a box more in the image whose path has this."""
