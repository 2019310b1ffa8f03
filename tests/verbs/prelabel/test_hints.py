"""Boxes of annotated objects as prompts: box-only ones, all, and those of faces; end to end."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import datakit

BOXED, OUTLINED = (20, 20, 60, 50), (120, 20, 50, 50)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """One photo with two red squares: one only boxed, one outlined."""
    folder = tmp_path / "src"
    folder.mkdir()
    image = np.full((100, 200, 3), 30, np.uint8)
    for x, y, wide, high in (BOXED, OUTLINED):
        image[y + 10 : y + high - 10, x + 10 : x + wide - 10] = (40, 40, 220)
    assert cv2.imwrite(str(folder / "a.png"), image)
    x, y, wide, high = OUTLINED
    ring = [x, y, x + wide, y, x + wide, y + high, x, y + high]
    annotations = [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": BOXED, "segmentation": []},
        {"id": 2, "image_id": 1, "category_id": 1, "bbox": OUTLINED, "segmentation": [ring]},
    ]
    coco = {
        "images": [{"id": 1, "file_name": "a.png", "width": 200, "height": 100}],
        "categories": [{"id": 1, "name": "box"}],
        "annotations": annotations,
    }
    (folder / "_annotations.coco.json").write_text(json.dumps(coco))
    return folder


@pytest.mark.parametrize(("prompts", "parts"), [("boxes", 1), ("annotations", 2)])
def test_each_box_becomes_a_mask(export: Path, tmp_path: Path, prompts: str, parts: int) -> None:
    pytest.importorskip("ai_edge_litert")
    summary = datakit.prelabel(export, tmp_path / "out", prompts=prompts, workers=0)
    assert summary.exit_code in (0, 1)
    mask = cv2.imread(str(tmp_path / "out/masks/a.png"), cv2.IMREAD_GRAYSCALE) > 0
    true = np.zeros((100, 200), bool)
    for x, y, wide, high in (BOXED, OUTLINED)[:parts]:
        true[y + 10 : y + high - 10, x + 10 : x + wide - 10] = True
    assert (mask & true).sum() / (mask | true).sum() > 0.8
    [row] = map(json.loads, (tmp_path / "out/drafts.jsonl").read_text().splitlines())
    assert row["hint"] == "annotation"


def test_faces_are_prompts_of_people(sample_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    (tmp_path / "src").mkdir()
    for name in ("portraits/images/astronaut.jpg", "photos/coffee.jpg"):
        source = sample_data / name
        (tmp_path / "src" / source.name).write_bytes(source.read_bytes())
    datakit.prelabel(tmp_path / "src", tmp_path / "out", prompts="faces", workers=0)
    mask = cv2.imread(str(tmp_path / "out/masks/astronaut.png"), cv2.IMREAD_GRAYSCALE) > 0
    true = cv2.imread(str(sample_data / "portraits/alphas/astronaut.png"), 0) > 127
    assert (mask & true).sum() / (mask | true).sum() > 0.85
    assert not cv2.imread(str(tmp_path / "out/masks/coffee.png"), cv2.IMREAD_GRAYSCALE).any()
