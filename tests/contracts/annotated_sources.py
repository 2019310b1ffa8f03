"""Sources of the layouts of annotation files: four photos in two splits."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.verbs.exports import jpeg, photo

WIDTH, HEIGHT = 32, 24
NAMES = ("train/a.jpg", "train/sub/b.jpg", "val/a.jpg", "val/sub/b.jpg")
RING = [[2.0, 2.0], [11.0, 2.0], [11.0, 11.0], [2.0, 11.0]]
"""What is drawn on each photo, in pixels."""


def _photos(root: Path, shape: str = "{}") -> list[Path]:
    paths = [root / shape.format(name) for name in NAMES]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(photo(WIDTH, HEIGHT)))
    return paths


def make_cvat(root: Path) -> Path:
    _photos(root, "images/{}")
    points = ";".join(f"{x},{y}" for x, y in RING)
    images = "".join(
        f'<image id="{n}" name="{name}" width="{WIDTH}" height="{HEIGHT}">'
        f'<polygon label="person" points="{points}" z_order="0"/></image>'
        for n, name in enumerate(NAMES)
    )
    (root / "annotations.xml").write_text(f"<annotations>{images}</annotations>")
    return root


def make_supervisely(root: Path) -> Path:
    for path in _photos(root, "{}"):
        folder = path.parent
        (folder / "img").mkdir(exist_ok=True)
        (folder / "ann").mkdir(exist_ok=True)
        path.rename(folder / "img" / path.name)
        shape = {"exterior": RING, "interior": []}
        one = {"classTitle": "person", "geometryType": "polygon", "points": shape}
        document = {"size": {"width": WIDTH, "height": HEIGHT}, "objects": [one]}
        (folder / "ann" / f"{path.name}.json").write_text(json.dumps(document))
    (root / "meta.json").write_text(json.dumps({"classes": [{"title": "person"}]}))
    return root


def make_label_studio(root: Path) -> Path:
    _photos(root)
    points = [[100 * x / WIDTH, 100 * y / HEIGHT] for x, y in RING]
    region = {
        "type": "polygonlabels",
        "original_width": WIDTH,
        "original_height": HEIGHT,
        "image_rotation": 0,
        "value": {"points": points, "polygonlabels": ["person"]},
    }
    tasks = [
        {
            "id": n,
            "data": {"image": f"/data/local-files/?d={name}"},
            "annotations": [{"completed_by": 1, "result": [region]}],
        }
        for n, name in enumerate(NAMES)
    ]
    (root / "project.json").write_text(json.dumps(tasks))
    return root


def make_via(root: Path) -> Path:
    _photos(root)
    xs, ys = zip(*RING, strict=True)
    shape = {"name": "polygon", "all_points_x": xs, "all_points_y": ys}
    region = {"shape_attributes": shape, "region_attributes": {"class": "person"}}
    entries = {f"{name}-1": {"filename": name, "regions": [region]} for name in NAMES}
    (root / "via_region_data.json").write_text(json.dumps(entries))
    return root


def make_labelme(root: Path) -> Path:
    for path in _photos(root):
        shape = {"label": "person", "points": RING, "shape_type": "polygon", "group_id": None}
        document = {
            "version": "5.4.1",
            "shapes": [shape],
            "imagePath": path.name,
            "imageData": None,
            "imageHeight": HEIGHT,
            "imageWidth": WIDTH,
        }
        path.with_suffix(".json").write_text(json.dumps(document))
    return root


def make_yolo(root: Path) -> Path:
    line = "0 " + " ".join(f"{x / WIDTH:.6f} {y / HEIGHT:.6f}" for x, y in RING)
    for path in _photos(root, "images/{}"):
        label = root / "labels" / path.relative_to(root / "images").with_suffix(".txt")
        label.parent.mkdir(parents=True, exist_ok=True)
        label.write_text(f"{line}\n")
    (root / "data.yaml").write_text("train: images/train\nval: images/val\nnames: [person]\n")
    return root


MAKERS: dict[str, Callable[[Path], Path]] = {
    "cvat": make_cvat,
    "supervisely": make_supervisely,
    "label-studio": make_label_studio,
    "via": make_via,
    "labelme": make_labelme,
    "yolo-seg": make_yolo,
}
