"""`coco2mask` on the sample exports: the clean one in silence, the broken one fault by fault."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.verbs.coco_reference import (
    SPLITS,
    Result,
    annotations_of,
    check_identity,
    check_read_by_others,
    convert,
    document_of,
)

# PROVENANCE.md's table: the image, and a word of the reason
FAULTS = {
    "two_points_png": "2 points",
    "string_concat_png": "leaves the 64x48 image",
    "null_coordinate_png": "null",
    "text_coordinate_png": "not finite",
    "outside_png": "leaves the 64x48 image",
    "bbox_disagrees_png": "disagree with its bbox",
    "missing_png": "not there",
    "truncated_png": "cut off",
    "empty_file_png": "empty",
    "../../etc/passwd": "leaves it",
    "size_mismatch_png": "128 x 128",
    "annotation 17": "9999",
    "unknown_category_png": "category_id 77",
    "nan_png": "null",
}
NO_SAMPLE = {"missing_png", "truncated_png", "empty_file_png", "size_mismatch_png"}


@pytest.fixture(scope="module")
def clean(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    out = tmp_path_factory.mktemp("clean") / "out"
    return convert(sample_data / "roboflow_export", out, images="copy")


@pytest.fixture(scope="module")
def broken(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    out = tmp_path_factory.mktemp("broken") / "out"
    return convert(sample_data / "broken_export", out, images="copy")


def stem(row: dict[str, Any]) -> str:
    return row["id"].split("/")[-1].split(".rf.")[0] if ".rf." in row["id"] else row["id"]


def test_a_clean_export_converts_without_failures(clean: Result) -> None:
    assert clean.summary.exit_code == 0
    assert clean.failures == []
    assert not (clean.out / "failures.jsonl").exists()
    assert clean.summary.counts["samples"] == 13
    # the cat, which nobody annotated; and the box without an outline, which is not empty
    assert clean.summary.counts["empty"] == 1
    assert clean.summary.counts["partial"] == 1


@pytest.mark.parametrize("split", SPLITS)
def test_every_form_of_segmentation_equals_the_reference(
    sample_data: Path, clean: Result, split: str
) -> None:
    document = document_of(sample_data / "roboflow_export" / split)
    assert check_identity(document, clean, SPLITS[split]) == len(document["images"])


def test_images_are_copied_as_they_are(sample_data: Path, clean: Result) -> None:
    for row in clean.rows:
        copy = (clean.out / row["file_name"]).read_bytes()
        assert copy == (sample_data / "roboflow_export" / row["source"]["name"]).read_bytes()


def test_copies_of_one_source_are_one_group(clean: Result) -> None:
    groups = [row["group"] for row in clean.rows]
    assert groups.count("red_wind_blown") == 3
    # the source's true name, extra.name, wins over the stem of the exported file
    assert "two people (1)" in groups
    assert "IMG_0412" in groups


def test_a_box_alone_is_painted_on_demand(sample_data: Path, tmp_path: Path) -> None:
    result = convert(sample_data / "roboflow_export", tmp_path / "out", boxes="paint")
    assert result.summary.counts["empty"] == 1
    row = next(row for row in result.rows if row["group"] == "auburn_bun")
    document = document_of(sample_data / "roboflow_export/test")
    annotation = annotations_of(document)[Path(row["source"]["name"]).name][0]
    width, height = annotation["bbox"][2:]
    assert np.count_nonzero(result.mask(row)) == pytest.approx(width * height, rel=0.02)


def test_hugging_face_and_pandas_read_the_result(clean: Result, tmp_path: Path) -> None:
    check_read_by_others(clean, tmp_path, {"train": 8, "validation": 3, "test": 2})


def test_every_fault_is_one_row_with_its_reason(broken: Result) -> None:
    assert broken.summary.exit_code == 3
    assert {stem(row) for row in broken.failures} == FAULTS.keys()
    assert broken.summary.failed == len(broken.failures) == len(FAULTS)
    for row in broken.failures:
        assert FAULTS[stem(row)] in row["error"], row


def test_the_rest_of_the_broken_export_is_converted(broken: Result) -> None:
    stems = [stem(row) for row in broken.rows]
    assert len(stems) == len(set(stems)) == 13
    assert NO_SAMPLE.isdisjoint(stems)
    painted = {stem(row): broken.mask(row).any() for row in broken.rows}
    for name in ("good_png", "two_points_png", "twice_png", "nan_png", "fine_png"):
        assert painted[name], name
    for name in ("string_concat_png", "null_coordinate_png", "outside_png", "bbox_disagrees_png"):
        assert not painted[name], name
    tagged = {stem(row) for row in broken.rows if "annotation-failed" in row["tags"]}
    assert tagged == FAULTS.keys() & painted.keys()


def test_nothing_is_written_outside(broken: Result) -> None:
    assert {path.name for path in broken.out.parent.iterdir()} == {"out"}
    assert not list(broken.out.rglob("passwd*"))


@pytest.mark.parametrize("name", ["exif_upright_png", "exif_stored_png"])
def test_exif_turned_photos_and_masks_come_out_upright(broken: Result, name: str) -> None:
    row = next(row for row in broken.rows if stem(row) == name)
    assert (row["width"], row["height"]) == (48, 64)
    # an unaware reader must see it upright too: the turn is in the pixels, not in a tag
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imread(str(broken.out / row["file_name"]), flags).astype(int)
    mask = broken.mask(row)
    assert image.shape[:2] == mask.shape == (64, 48)
    red = (image[..., 2] - image[..., 1]) > 100
    overlap = (red & (mask > 0)).sum() / (red | (mask > 0)).sum()
    assert overlap > 0.85
