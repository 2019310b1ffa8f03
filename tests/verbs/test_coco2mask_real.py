"""`coco2mask` on real exports: each quirk that they are known for, with a real file."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.verbs.coco_reference import (
    ANNOTATIONS,
    SPLITS,
    Result,
    annotations_of,
    box_of,
    check_identity,
    check_read_by_others,
    convert,
    document_of,
    furnish,
    painted,
)

EXPORTS_WITH_IMAGES = (
    "babyface_boxes_emptyseg",
    "bubble_rle_degenerate",
    "cat_flat_polygons_derived",
    "old_2021_roboflow_ai_boxes",
    "person_porong_aug3x",
)


@pytest.fixture(scope="module")
def exports(shared_data: Path) -> Path:
    folder = shared_data / "roboflow"
    if not folder.is_dir():
        pytest.skip(f"real Roboflow exports are not at {folder}")
    return folder


@pytest.fixture(scope="module")
def porong(exports: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    return convert(exports / "person_porong_aug3x", tmp_path_factory.mktemp("porong") / "out")


@pytest.fixture(scope="module")
def bubble(exports: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    return convert(exports / "bubble_rle_degenerate", tmp_path_factory.mktemp("bubble") / "out")


@pytest.fixture(scope="module")
def game(exports: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    folder = tmp_path_factory.mktemp("game")
    source = furnish(exports / "game_mixed_rle_jsononly", folder / "src", keep=24)
    return source, convert(source, folder / "out")


# 1 area is never the mask's area


def test_area_is_measured_and_not_believed(exports: Path, porong: Result) -> None:
    document = document_of(exports / "person_porong_aug3x/train")
    areas = {name: each[0]["area"] for name, each in annotations_of(document).items()}
    for row in porong.rows:
        if row["split"] == "train":
            pixels = row["fg_ratio"] * row["width"] * row["height"]
            assert pixels == pytest.approx(np.count_nonzero(porong.mask(row)), abs=0.5)
            assert pixels < 0.97 * areas[Path(row["source"]["name"]).name] + 4


# 2 the unused root category


def test_unused_root_of_the_same_name_is_dropped(exports: Path, tmp_path: Path) -> None:
    source = exports / "person_porong_aug3x/test"
    assert [c["name"] for c in document_of(source)["categories"]] == ["person", "person"]
    result = convert(source, tmp_path / "out", kind="semantic")
    assert result.card["label_map"] == {"background": 0, "person": 1}
    assert {int(v) for row in result.rows for v in np.unique(result.mask(row))} == {0, 1}


def test_root_of_another_name_is_dropped(exports: Path, tmp_path: Path) -> None:
    source = furnish(exports / "babyface_boxes_emptyseg/valid", tmp_path / "src", keep=10)
    result = convert(source, tmp_path / "out", kind="semantic", boxes="paint")
    assert result.card["label_map"] == {"background": 0, "baby": 1, "nose": 2}
    assert {int(v) for row in result.rows for v in np.unique(result.mask(row))} == {0, 1, 2}


def test_category_0_that_is_used_survives(exports: Path, tmp_path: Path) -> None:
    source = furnish(exports / "uncompressed_rle_iscrowd_jsononly", tmp_path / "src")
    result = convert(source, tmp_path / "out", kind="semantic")
    names = ("background", "broken_large", "broken_small", "contamination")
    assert result.card["label_map"] == {name: value for value, name in enumerate(names)}
    used = {int(value) for row in result.rows for value in np.unique(result.mask(row))}
    assert used == {0, 1, 2, 3}


# 3 numbers as strings


def test_box_numbers_as_strings_are_numbers(exports: Path, tmp_path: Path) -> None:
    source = exports / "bubble_rle_degenerate"
    result = convert(source, tmp_path / "out", boxes="paint")
    document = document_of(source / "train")
    present = {Path(row["source"]["name"]).name for row in result.rows}
    boxes = [
        (name, annotation["bbox"])
        for name, each in annotations_of(document).items()
        for annotation in each
        if not annotation["segmentation"]
    ]
    assert len(boxes) == 5
    assert all(isinstance(box[2], str) for _, box in boxes)
    missing = {row["id"].split("/")[-1] for row in result.failures if not row.get("annotation")}
    assert {name for name, _ in boxes} <= present | missing


# 4 polygons made by joining strings


def test_string_concatenated_polygons_are_failures_and_not_painted(
    exports: Path, tmp_path: Path
) -> None:
    source = furnish(exports / "bubble_string_concat_jsononly", tmp_path / "src")
    document = document_of(source)
    joined = {
        str(annotation["id"])
        for annotation in document["annotations"]
        if isinstance(annotation["segmentation"], list)
        and any(isinstance(v, str) for ring in annotation["segmentation"] for v in ring)
    }
    assert len(joined) == 7
    result = convert(source, tmp_path / "out")
    assert joined < result.failed_annotations()
    assert len(result.failed_annotations()) == 7 + 3
    assert check_identity(document, result) == 963
    tagged = [row for row in result.rows if row["tags"]]
    named = {row["id"] for row in result.failures}
    assert {row["id"] for row in tagged} == named
    assert result.summary.exit_code == 3


# 5 two-point polygons, drawn boxes, coordinates equal to the size


def test_two_point_polygons_are_failures_with_their_ids(exports: Path, tmp_path: Path) -> None:
    source = furnish(exports / "bubble_rle_degenerate/train", tmp_path / "src")
    document = document_of(source)
    short = {
        str(annotation["id"])
        for annotation in document["annotations"]
        if isinstance(annotation["segmentation"], list)
        and any(len(ring) < 6 for ring in annotation["segmentation"])
    }
    assert len(short) == 3
    result = convert(source, tmp_path / "out")
    assert result.failed_annotations() == short
    for row in result.failures:
        assert row["step"] == "annotation"
        assert "2 points" in row["error"]
    assert check_identity(document, result) == 493


def test_four_point_boxes_are_sound(exports: Path, bubble: Result) -> None:
    document = document_of(exports / "bubble_rle_degenerate/train")
    drawn_boxes = {
        str(annotation["id"])
        for annotation in document["annotations"]
        if isinstance(annotation["segmentation"], list)
        and any(len(ring) in (8, 10) for ring in annotation["segmentation"])
    }
    assert len(drawn_boxes) > 100
    assert not drawn_boxes & bubble.failed_annotations()


# 6 compressed RLE with iscrowd 0


def test_compressed_rle_with_holes_is_painted_to_the_bit(game: tuple[Path, Result]) -> None:
    source, result = game
    document = document_of(source)
    coded = [a for a in document["annotations"] if isinstance(a["segmentation"], dict)]
    assert len(coded) > 50
    assert all(a["iscrowd"] == 0 and isinstance(a["segmentation"]["counts"], str) for a in coded)
    assert check_identity(document, result) == 24
    assert not result.failures


def test_uncompressed_rle_and_iscrowd_are_painted_to_the_bit(exports: Path, tmp_path: Path) -> None:
    source = furnish(exports / "uncompressed_rle_iscrowd_jsononly", tmp_path / "src")
    document = document_of(source)
    coded = [a for a in document["annotations"] if isinstance(a["segmentation"], dict)]
    assert len(coded) == 40
    assert all(a["iscrowd"] == 1 and isinstance(a["segmentation"]["counts"], list) for a in coded)
    result = convert(source, tmp_path / "out")
    assert check_identity(document, result) == 67
    assert not result.failures


# 7 several polygons in one annotation: only other tools write them


def test_several_polygons_of_one_annotation_are_all_painted(exports: Path, tmp_path: Path) -> None:
    source = furnish(exports / "bubble_rle_degenerate/train", tmp_path / "src", keep=30)
    separate = convert(source, tmp_path / "separate")
    document = document_of(source)
    joined: dict[int, dict[str, Any]] = {}
    for annotation in document["annotations"]:
        polygons = annotation["segmentation"]
        if not isinstance(polygons, list) or not polygons or len(polygons[0]) < 6:
            continue
        one = joined.setdefault(
            annotation["image_id"], annotation | {"segmentation": [], "bbox": [0, 0, 0, 0]}
        )
        one["segmentation"] = one["segmentation"] + polygons
    assert max(len(one["segmentation"]) for one in joined.values()) > 3
    document["annotations"] = list(joined.values())
    (source / ANNOTATIONS).write_text(json.dumps(document))
    together = convert(source, tmp_path / "together")
    assert not together.failures
    others = {a["image_id"] for a in document_of(source)["annotations"]}
    assert others
    masks = {row["id"]: separate.mask(row) for row in separate.rows}
    for row in together.rows:
        if row["annotations"]:
            expected = masks[row["id"]]
            assert np.array_equal(together.mask(row), expected), row["id"]


# 8 kinds mix; `[]` has only a box


def test_empty_segmentations_are_skipped_or_painted(game: tuple[Path, Result]) -> None:
    source, skipped = game
    document = document_of(source)
    boxed = [a for a in document["annotations"] if a["segmentation"] == []]
    assert len(boxed) > 50
    result = convert(source, source.parent / "painted", boxes="paint")
    assert result.summary.counts["samples"] == 24
    before = {row["id"]: skipped.mask(row) for row in skipped.rows}
    of_image = annotations_of(document)
    for row in result.rows:
        extra = np.zeros_like(before[row["id"]])
        for annotation in of_image[Path(row["source"]["name"]).name]:
            if annotation["segmentation"] == []:
                x, y, w, h = map(float, annotation["bbox"])
                ring = [x, y, x + w, y, x + w, y + h, x, y + h]
                box = annotation | {"segmentation": [ring]}
                extra |= painted(box, row["width"], row["height"]) * 255
        assert np.array_equal(result.mask(row), before[row["id"]] | extra), row["id"]


@pytest.mark.parametrize("name", EXPORTS_WITH_IMAGES)
def test_no_mask_is_all_background_where_something_could_not_be_drawn(
    exports: Path, tmp_path: Path, name: str
) -> None:
    result = convert(exports / name, tmp_path / "out")
    partial = [row for row in result.rows if row["label_state"] == "partial"]
    for row in partial:
        assert row["ignore_file_name"], row["id"]
        assert row["mask_file_name"] is None or result.mask(row).any(), row["id"]


def test_boxes_only_export_is_partial_by_default(exports: Path, tmp_path: Path) -> None:
    result = convert(exports / "old_2021_roboflow_ai_boxes", tmp_path / "out")
    assert result.summary.counts["samples"] == result.summary.counts["partial"] > 0
    assert "masks" not in result.summary.counts
    painted_too = convert(exports / "old_2021_roboflow_ai_boxes", tmp_path / "p", boxes="paint")
    assert painted_too.summary.counts["empty"] == 0


def test_images_without_annotation_are_empty_masks(exports: Path, bubble: Result) -> None:
    document = document_of(exports / "bubble_rle_degenerate/train")
    bare = {name for name, each in annotations_of(document).items() if not each}
    rows = [row for row in bubble.rows if Path(row["source"]["name"]).name in bare]
    assert rows
    for row in rows:
        assert not bubble.mask(row).any()
        assert row["fg_ratio"] == 0


# 9 file names and groups


def test_32_digit_tokens_group_augmented_copies(exports: Path, porong: Result) -> None:
    groups = Counter(row["group"] for row in porong.rows if row["split"] == "train")
    assert max(groups.values()) == 3
    for row in porong.rows:
        stem = Path(row["source"]["name"]).name.rpartition(".rf.")[0]
        assert row["group"].split("/")[-1] == stem.removesuffix("_jpg")


def test_20_character_tokens_and_extra_name(exports: Path, bubble: Result) -> None:
    document = document_of(exports / "bubble_rle_degenerate/train")
    true_names = {image["file_name"]: image["extra"]["name"] for image in document["images"]}
    for row in bubble.rows:
        name = Path(row["source"]["name"]).name
        assert len(name.rpartition(".rf.")[2].partition(".")[0]) == 20
        assert row["group"].split("/")[-1] == Path(true_names[name]).stem


def test_folded_png_suffix_is_no_part_of_the_group(exports: Path, tmp_path: Path) -> None:
    result = convert(exports / "cat_flat_polygons_derived", tmp_path / "out")
    # somebody turned and mirrored the one source after the export: "….rf.TOKEN_rotated_90.jpg"
    assert {row["group"] for row in result.rows} == {"1"}


# cat_flat_polygons_derived: flat lists with wrong boxes


def test_flat_lists_are_read_as_one_polygon(exports: Path, tmp_path: Path) -> None:
    source = exports / "cat_flat_polygons_derived"
    document = document_of(source / "test")
    flat = [a for a in document["annotations"] if not isinstance(a["segmentation"][0], list)]
    assert len(flat) == 28
    result = convert(source, tmp_path / "out")
    assert check_identity(document, result, "test") == 8
    # their boxes were not turned along with the polygons: not painted, and each is named
    assert result.failed_annotations() <= {str(a["id"]) for a in document["annotations"]}
    for annotation in document["annotations"]:
        annotation["bbox"] = box_of(annotation["segmentation"])
    mended = tmp_path / "mended"
    shutil.copytree(source / "test", mended / "test")
    (mended / "test" / ANNOTATIONS).chmod(0o644)
    (mended / "test" / ANNOTATIONS).write_text(json.dumps(document))
    result = convert(mended, tmp_path / "out2")
    assert check_identity(document, result, "test") == 8


# 11 and 12: ids restart in each split, `valid` is `val`, images that are not there


def test_every_split_of_the_main_export(exports: Path, porong: Result) -> None:
    source = exports / "person_porong_aug3x"
    present = {split: {p.name for p in (source / split).glob("*.jpg")} for split in SPLITS}
    assert [len(names) for names in present.values()] == [111, 26, 25]
    for split, names in present.items():
        document = document_of(source / split)
        assert document["images"][0]["id"] == 0
        assert check_identity(document, porong, SPLITS[split]) == len(names)
    assert len({row["id"] for row in porong.rows}) == len(porong.rows) == 162
    masks = {row["mask_file_name"] for row in porong.rows}
    assert len(masks) == 162


def test_missing_images_are_failures_by_name(exports: Path, porong: Result) -> None:
    source = exports / "person_porong_aug3x"
    absent = {
        image["file_name"]
        for split in SPLITS
        for image in document_of(source / split)["images"]
        if not (source / split / image["file_name"]).exists()
    }
    assert len(absent) == 589 - 162
    assert {Path(row["file"]).name for row in porong.failures} == absent
    assert porong.summary.failed == len(porong.failures) == len(absent)
    assert porong.summary.exit_code == 3


@pytest.mark.parametrize("folder", ["validation", "val", "valid"])
def test_a_renamed_valid_folder_is_val(exports: Path, tmp_path: Path, folder: str) -> None:
    shutil.copytree(exports / "person_porong_aug3x/test", tmp_path / "src" / folder)
    result = convert(tmp_path / "src", tmp_path / "out")
    assert {row["split"] for row in result.rows} == {"val"}
    assert len(result.rows) == 25


def test_json_at_the_root_has_no_split(exports: Path, tmp_path: Path) -> None:
    result = convert(exports / "person_porong_aug3x/test", tmp_path / "out")
    assert len(result.rows) == 25
    assert {row["split"] for row in result.rows} <= {None, "test"}
    assert not result.failures


# 13 keypoints


def test_keypoints_without_num_keypoints(exports: Path, tmp_path: Path) -> None:
    source = furnish(exports / "person_keypoints_jsononly", tmp_path / "src", keep=4)
    document = document_of(source)
    assert all("num_keypoints" not in a and a["keypoints"] for a in document["annotations"])
    result = convert(source, tmp_path / "out")
    assert check_identity(document, result) == 4
    assert not result.failures


# 14 info


def test_info_of_strings_and_none_at_all(exports: Path, tmp_path: Path, bubble: Result) -> None:
    info = document_of(exports / "bubble_rle_degenerate/train")["info"]
    assert info["version"] == "dataset"
    assert isinstance(info["year"], str)
    assert bubble.rows
    source = furnish(exports / "person_porong_aug3x/test", tmp_path / "src", keep=3)
    document = document_of(source)
    del document["info"], document["licenses"]
    (source / ANNOTATIONS).write_text(json.dumps(document))
    assert len(convert(source, tmp_path / "out").rows) == 3


# the result is read by others


def test_hugging_face_and_pandas_read_the_result(exports: Path, tmp_path: Path) -> None:
    result = convert(exports / "person_porong_aug3x", tmp_path / "out", images="copy")
    check_read_by_others(result, tmp_path, {"train": 111, "validation": 26, "test": 25})
