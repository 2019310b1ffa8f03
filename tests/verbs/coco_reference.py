"""What `coco2mask` is held against: pycocotools, and real JSON with blank pictures."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from pycocotools import mask as cocomask

import datakit
from datakit.records.summary import Summary

ANNOTATIONS = "_annotations.coco.json"
SPLITS = {"train": "train", "valid": "val", "test": "test"}


def rings_of(segmentation: Any) -> list[list[float]]:
    """Return polygons as lists of numbers; a flat list is one polygon."""
    rings = segmentation if isinstance(segmentation[0], list) else [segmentation]
    return [[float(value) for value in ring] for ring in rings]


def wrong(annotation: dict[str, Any], width: int, height: int) -> bool:
    """Tell whether a polygon annotation must not be painted, written without datakit's code.

    In the real sets a sound polygon is within 1 pixel of its box and image and a corrupt one off
    by more than 100, so that any tolerance between tells them apart.
    """
    segmentation = annotation["segmentation"]
    if isinstance(segmentation, dict) or not segmentation:
        return False
    rings = rings_of(segmentation)
    if any(len(ring) < 6 for ring in rings):
        return True
    points = np.concatenate([np.reshape(ring, (-1, 2)) for ring in rings])
    low, high = points.min(axis=0), points.max(axis=0)
    x, y, w, h = map(float, annotation["bbox"])
    off = np.abs(np.concatenate([low - (x, y), high - (x + w, y + h)])).max()
    outside = max(-low.min(), high[0] - width, high[1] - height)
    return bool(not np.isfinite(points).all() or max(off, outside) > 20)


def box_of(segmentation: Any) -> list[float]:
    """Return [x, y, w, h] around polygons."""
    points = np.concatenate([np.reshape(ring, (-1, 2)) for ring in rings_of(segmentation)])
    return [*points.min(axis=0).tolist(), *np.ptp(points, axis=0).tolist()]


def painted(annotation: dict[str, Any], width: int, height: int) -> np.ndarray:
    """Return what pycocotools paints for one annotation; nothing for `[]`."""
    code = annotation["segmentation"]
    if not code:
        return np.zeros((height, width), np.uint8)
    if isinstance(code, list):
        code = cocomask.merge(cocomask.frPyObjects(rings_of(code), height, width))
    elif isinstance(code["counts"], list):
        code = cocomask.frPyObjects(code, height, width)
    return cocomask.decode(code)


@dataclass
class Result:
    """A dataset that `coco2mask` wrote."""

    out: Path
    summary: Summary
    rows: list[dict[str, Any]]
    failures: list[dict[str, Any]]
    card: dict[str, Any]

    def mask(self, row: dict[str, Any]) -> np.ndarray:
        if row["mask_file_name"] is None:
            # Something is there that could not be drawn: that is no background.
            assert row["label_state"] == "partial"
            return np.zeros((row["height"], row["width"]), np.uint8)
        return cv2.imread(str(self.out / row["mask_file_name"]), cv2.IMREAD_UNCHANGED)

    def failed_annotations(self) -> set[str]:
        return {str(row["annotation"]) for row in self.failures if row.get("annotation")}


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def convert(src: Path, out: Path, **options: Any) -> Result:
    """Run `coco2mask` in this process, without copying the images."""
    summary = datakit.coco2mask(str(src), str(out), **{"workers": 0, "images": "none"} | options)
    return Result(
        out,
        summary,
        read_lines(out / "metadata.jsonl"),
        read_lines(out / "failures.jsonl"),
        json.loads((out / "dataset.json").read_text()),
    )


def document_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / ANNOTATIONS).read_text())


def annotations_of(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the annotations of each image, by file name."""
    names = {image["id"]: image["file_name"] for image in document["images"]}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in names.values()}
    for annotation in document["annotations"]:
        found[names[annotation["image_id"]]].append(annotation)
    return found


def furnish(folder: Path, destination: Path, keep: int | None = None) -> Path:
    """Copy an annotation file and give each image that it names a blank picture of its size."""
    destination.mkdir(parents=True)
    document = document_of(folder)
    document["images"] = document["images"][:keep]
    kept = {image["id"] for image in document["images"]}
    document["annotations"] = [a for a in document["annotations"] if a["image_id"] in kept]
    (destination / ANNOTATIONS).write_text(json.dumps(document))
    blank: dict[tuple[int, int, str], bytes] = {}
    for image in document["images"]:
        real = folder / image["file_name"]
        if real.is_file():
            shutil.copyfile(real, destination / real.name)
            continue
        suffix = Path(image["file_name"]).suffix
        size = (image["height"], image["width"], suffix)
        if size not in blank:
            blank[size] = cv2.imencode(suffix, np.zeros(size[:2], np.uint8))[1].tobytes()
        (destination / image["file_name"]).write_bytes(blank[size])
    return destination


def check_identity(document: dict[str, Any], result: Result, split: str | None = None) -> int:
    """Assert that every mask equals pycocotools' union of the sound annotations; return how many.

    Assert too that each wrong annotation, and no other, is a failure row.
    """
    sizes = {image["file_name"]: image for image in document["images"]}
    of_image = annotations_of(document)
    seen, bad = 0, set()
    for row in result.rows:
        if row["split"] != split:
            continue
        name = Path(row["source"]["name"]).name
        width, height = sizes[name]["width"], sizes[name]["height"]
        expected = np.zeros((height, width), np.uint8)
        for annotation in of_image[name]:
            if wrong(annotation, width, height):
                bad.add(str(annotation["id"]))
            else:
                expected |= painted(annotation, width, height)
        mask = result.mask(row)
        assert mask.dtype == np.uint8
        assert np.array_equal(mask, expected * 255), row["id"]
        assert abs((row["fg_ratio"] or 0) - expected.mean()) < 1e-6
        seen += 1
    if split is None:
        assert result.failed_annotations() == bad
    return seen


def check_read_by_others(result: Result, work: Path, splits: dict[str, int]) -> None:
    """Assert that pandas and Hugging Face's `imagefolder` read a dataset whose images are there."""
    table = pd.read_json(result.out / "metadata.jsonl", lines=True)
    assert len(table) == sum(splits.values())
    assert set(table["split"]) == {"train", "val", "test"}
    for row in result.rows:
        assert (result.out / row["file_name"]).is_file()
        if row["mask_file_name"] is not None:
            assert (result.out / row["mask_file_name"]).is_file()
    datasets = pytest.importorskip("datasets", reason="Hugging Face datasets is not installed")
    loaded = datasets.load_dataset(
        "imagefolder", data_dir=str(result.out), cache_dir=str(work / "cache")
    )
    assert {name: len(part) for name, part in loaded.items()} == splits
    by_id = {row["id"]: row for row in result.rows}
    for example in loaded["test"]:
        row = by_id[example["id"]]
        assert example["image"].size == (row["width"], row["height"])
        assert example["annotations"] == row["annotations"]
