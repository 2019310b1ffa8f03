"""`eval --metrics coco`: the figures of COCOeval, from datasets and lists of results alike."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import datakit
from datakit.errors import InputError
from datakit.records.evaluation import InstanceEvaluation
from datakit.verbs.eval.instances import MEASURES

SIZE = 96


def square(x: int, y: int, side: int) -> list[list[int]]:
    return [[x, y, x + side, y, x + side, y + side, x, y + side]]


def annotation(number: int, image: int, category: int, outline: list[list[int]]) -> dict[str, Any]:
    xs, ys = outline[0][::2], outline[0][1::2]
    width, height = max(xs) - min(xs), max(ys) - min(ys)
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "segmentation": outline,
        "bbox": [min(xs), min(ys), width, height],
        "area": width * height,
        "iscrowd": 0,
    }


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """Three images; two cats and a dog, and one image with a dog that is a crowd."""
    folder = tmp_path / "truth"
    folder.mkdir()
    for number in (7, 8, 9):
        cv2.imwrite(str(folder / f"i{number}.png"), np.zeros((SIZE, SIZE, 3), np.uint8))
    crowd = annotation(4, 9, 2, square(10, 10, 60))
    # As COCO writes crowds: runs, counted down the columns.
    runs = coco_mask.frPyObjects(crowd["segmentation"], SIZE, SIZE)
    mask = coco_mask.decode(coco_mask.merge(runs)).ravel(order="F")
    edges = np.flatnonzero(np.diff(mask, prepend=0, append=0))
    counts = np.diff(edges, prepend=0, append=SIZE * SIZE).tolist()
    crowd |= {"iscrowd": 1, "segmentation": {"size": [SIZE, SIZE], "counts": counts}}
    document = {
        "images": [
            {"id": number, "file_name": f"i{number}.png", "width": SIZE, "height": SIZE}
            for number in (7, 8, 9)
        ],
        "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}],
        "annotations": [
            annotation(1, 7, 1, square(5, 5, 30)),
            annotation(2, 7, 1, square(50, 50, 40)),
            annotation(3, 8, 2, square(20, 20, 50)),
            crowd,
        ],
    }
    (folder / "_annotations.coco.json").write_text(json.dumps(document))
    return folder / "_annotations.coco.json"


RESULTS: list[dict[str, Any]] = [
    {"image_id": 7, "category_id": 1, "segmentation": square(6, 5, 30), "score": 0.9},
    {"image_id": 7, "category_id": 1, "segmentation": square(44, 50, 40), "score": 0.4},
    {"image_id": 7, "category_id": 1, "segmentation": square(60, 5, 20), "score": 0.7},
    {"image_id": 8, "category_id": 1, "segmentation": square(20, 20, 50), "score": 0.8},
    {"image_id": 9, "category_id": 2, "segmentation": square(15, 15, 20), "score": 0.6},
]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    (tmp_path / "results.json").write_text(json.dumps(RESULTS))
    return tmp_path / "results.json"


def reference(truth: Path, results: Path) -> dict[str, float]:
    rows = json.loads(results.read_text())
    for row in rows:
        # Its reader of results knows runs alone.
        [runs] = coco_mask.frPyObjects(row["segmentation"], SIZE, SIZE)
        row["segmentation"] = runs
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO(str(truth))
        found = COCOeval(gt, gt.loadRes(rows), "segm")
        found.evaluate()
        found.accumulate()
        found.summarize()
    return dict(zip(MEASURES, found.stats, strict=True))


def measured(pred: Path, gt: Path, **options: Any) -> InstanceEvaluation:
    found: InstanceEvaluation = datakit.eval((pred, gt), metrics="coco", workers=0, **options)
    return found


def same(found: InstanceEvaluation, expected: dict[str, float]) -> None:
    for name, value in expected.items():
        assert found.metrics[name] == (None if value == -1 else pytest.approx(value)), name


def test_a_list_of_results_scores_as_coco_scores_it(truth: Path, results: Path) -> None:
    found = measured(results, truth)
    expected = reference(truth, results)
    assert 0 < expected["ap"] < 1
    same(found, expected)
    cat, dog = found.classes
    assert (cat.category, cat.true, cat.predicted) == ("cat", 2, 4)
    # The dog on image 8 is called a cat, the one on image 9 lies in a crowd.
    assert (dog.true, dog.predicted, dog.ap) == (1, 1, 0.0)
    assert not found.failed


def test_a_dataset_of_objects_is_as_good_as_its_outlines(
    truth: Path, results: Path, tmp_path: Path
) -> None:
    document = json.loads(truth.read_text())
    rows = []
    for number, row in enumerate(RESULTS, 1):
        made = annotation(number, row["image_id"], row["category_id"], row["segmentation"])
        rows.append({**made, "score": row["score"]})
    folder = tmp_path / "predicted"
    folder.mkdir()
    for image in truth.parent.glob("*.png"):
        (folder / image.name).write_bytes(image.read_bytes())
    document["annotations"] = rows
    (folder / "_annotations.coco.json").write_text(json.dumps(document))
    same(measured(folder, truth.parent), reference(truth, results))


def test_instances_of_masks_are_objects_without_scores(truth: Path, tmp_path: Path) -> None:
    datakit.coco2mask(truth.parent, tmp_path / "masks", kind="instance", workers=0)
    found = measured(tmp_path / "masks", truth)
    assert found.metrics["ap"] == pytest.approx(1)
    assert any("have no score" in note for note in found.notes)


def test_images_without_predictions_count(truth: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.json"
    few.write_text(json.dumps([r for r in RESULTS if r["image_id"] == 7]))
    found = measured(few, truth)
    same(found, reference(truth, few))
    assert any("nothing is predicted for 2 of 3 images" in note for note in found.notes)


def test_results_of_an_unknown_image_are_failures(truth: Path, tmp_path: Path) -> None:
    strange = tmp_path / "strange.json"
    strange.write_text(json.dumps([*RESULTS, {**RESULTS[0], "image_id": 70}]))
    found = measured(strange, truth, out=str(tmp_path / "out"))
    assert (found.failed, found.exit_code) == (1, 3)
    assert "image_id 70" in (tmp_path / "out/failures.jsonl").read_text()
    rows = (tmp_path / "out/eval.csv").read_text().splitlines()
    assert rows[0] == "category,true,predicted,ap,ap50,ar100"
    assert json.loads((tmp_path / "out/eval.json").read_text())["metrics"].keys() == set(MEASURES)


def test_a_list_of_results_needs_the_file_that_numbers_the_images(
    truth: Path, results: Path, tmp_path: Path
) -> None:
    datakit.coco2mask(truth.parent, tmp_path / "masks", kind="instance", workers=0)
    with pytest.raises(InputError, match="names images by their ids"):
        measured(results, tmp_path / "masks")


@pytest.mark.parametrize("text", ["[1, 2]", '[{"category_id": 1}]', "[{"])
def test_a_list_of_something_else_is_refused(truth: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(InputError, match="expected a list of COCO results"):
        measured(tmp_path / "odd.json", truth)


def test_options_of_pixels_are_refused(truth: Path, results: Path) -> None:
    with pytest.raises(InputError, match="--metrics coco compares objects"):
        measured(results, truth, resize=True)


def test_masks_without_a_class_name_meet_the_only_class(tmp_path: Path, sample_data: Path) -> None:
    export = sample_data / "roboflow_export"
    datakit.coco2mask(export, tmp_path / "masks", workers=0)
    found = measured(tmp_path / "masks", export)
    assert {one.category for one in found.classes} == {"person"}
    assert found.metrics["ap"] is not None and found.metrics["ap"] > 0.5
    # Nor does it need the rows: mere files of masks are matched by rule, and it is said.
    (tmp_path / "bare").mkdir()
    for mask in (tmp_path / "masks").glob("*/masks/*.png"):
        folder = tmp_path / "bare" / mask.parts[-3]
        folder.mkdir(exist_ok=True)
        (folder / mask.name).write_bytes(mask.read_bytes())
    bare = measured(tmp_path / "bare", export)
    assert bare.metrics["ap"] == found.metrics["ap"]
    assert any("foreground is taken as 'person'" in note for note in bare.notes)


def test_classes_without_a_partner_are_named(truth: Path, tmp_path: Path) -> None:
    document = json.loads(truth.read_text())
    document["categories"] = [{"id": 1, "name": "kitten"}, {"id": 2, "name": "puppy"}]
    (tmp_path / "other").mkdir()
    for image in truth.parent.glob("*.png"):
        (tmp_path / "other" / image.name).write_bytes(image.read_bytes())
    (tmp_path / "other/_annotations.coco.json").write_text(json.dumps(document))
    found = measured(tmp_path / "other", truth.parent)
    assert found.metrics["ap"] == 0
    [note] = [note for note in found.notes if note.startswith("classes without a partner")]
    assert "kitten, puppy" in note and "cat, dog" in note and "--map" in note


def test_images_that_split_moved_are_matched_by_name(sample_data: Path, tmp_path: Path) -> None:
    export = sample_data / "roboflow_export"
    datakit.coco2mask(export, tmp_path / "masks", workers=0)
    datakit.split(tmp_path / "masks", tmp_path / "parts", val="40%", seed=3)
    found = measured(tmp_path / "parts", tmp_path / "masks")
    assert not found.failed and found.metrics["ap"] == pytest.approx(1)
    assert any("matched by name alone" in note for note in found.notes)
    pixels = datakit.eval((tmp_path / "parts", tmp_path / "masks"), kind="mask", workers=0)
    assert not pixels.failed and any("matched by name alone" in note for note in pixels.notes)
