"""Files of COCO as they come: odd boxes, lists without labels, names of another letter case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import datakit
from datakit.errors import InputError
from datakit.io.layouts.sources import Collection, open_sources
from tests.verbs.exports import jpeg, photo

RING = [4.0, 4, 28, 4, 28, 20, 4, 20]


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def picture(root: Path, *names: str) -> None:
    for name in names:
        put(root / name, jpeg(photo(32, 24)))


def document(path: Path, *names: str, annotation: dict[str, Any] | None = None) -> None:
    size = {"width": 32, "height": 24}
    images = [{"id": n, "file_name": name, **size} for n, name in enumerate(names, 1)]
    shape = {"category_id": 1, "segmentation": [RING]} if annotation is None else annotation
    put(
        path,
        json.dumps(
            {
                "images": images,
                "annotations": [{"id": n, "image_id": n, **shape} for n in (1,)],
                "categories": [{"id": 1, "name": "person"}],
            }
        ).encode(),
    )


def states(found: Collection) -> dict[str, str]:
    return {item.key: item.label_state for item in found.items()}


def rows(root: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (root / name).read_text().splitlines()]


@pytest.mark.parametrize("bbox", [[None] * 4, [], None])
def test_a_box_that_says_nothing_costs_nothing(tmp_path: Path, bbox: object) -> None:
    picture(tmp_path / "src", "a.jpg")
    shape = {"category_id": 1, "segmentation": [RING], "bbox": bbox}
    document(tmp_path / "src/coco.json", "a.jpg", annotation=shape)
    summary = datakit.coco2mask(tmp_path / "src", tmp_path / "out", workers=0)
    assert (summary.failed, summary.counts["masks"]) == (0, 1)


@pytest.mark.parametrize("bbox", ["4,4,24,16", [4, 4, 24], {"x": 4}, [4, 4, None, 16]])
def test_a_box_that_is_none_costs_a_row_and_no_pixel(tmp_path: Path, bbox: object) -> None:
    picture(tmp_path / "src", "a.jpg")
    shape = {"category_id": 1, "segmentation": [RING], "bbox": bbox}
    document(tmp_path / "src/coco.json", "a.jpg", annotation=shape)
    datakit.coco2mask(tmp_path / "src", tmp_path / "out", workers=0)
    [row], [failure] = (
        rows(tmp_path / "out", "metadata.jsonl"),
        rows(tmp_path / "out", "failures.jsonl"),
    )
    assert row["label_state"] == "complete" and row["fg_ratio"] == pytest.approx(0.5)
    assert "without it" in failure["error"]


@pytest.mark.parametrize(
    "entry",
    [
        {"caption": "somebody before a wall"},
        {
            "file_name": "a.png",
            "segments_info": [{"id": 1, "category_id": 1, "bbox": [0, 0, 9, 9]}],
        },
    ],
    ids=["captions", "panoptic"],
)
def test_files_that_label_no_objects_make_no_background(
    tmp_path: Path, entry: dict[str, Any]
) -> None:
    picture(tmp_path, "a.jpg", "b.jpg")
    document(tmp_path / "some_val.json", "a.jpg", "b.jpg", annotation=entry)
    with pytest.raises(InputError, match=r"some_val\.json"):
        open_sources([str(tmp_path)])


def test_a_list_of_images_to_label_labels_none(tmp_path: Path) -> None:
    picture(tmp_path, "a.jpg")
    info = {"images": [{"id": 1, "file_name": "a.jpg"}], "categories": [{"id": 1, "name": "x"}]}
    put(tmp_path / "image_info_test.json", json.dumps(info).encode())
    assert states(open_sources([str(tmp_path)])) == {"test/a.jpg": "none"}
    put(tmp_path / "image_info_test.json", json.dumps(info | {"annotations": []}).encode())
    assert states(open_sources([str(tmp_path)])) == {"test/a.jpg": "complete"}


def test_letter_case_of_folders_and_names_does_not_matter(tmp_path: Path) -> None:
    for split in ("Train2017", "val2017"):
        picture(tmp_path, f"{split}/IMG_1.JPG")
        document(tmp_path / f"Annotations/Instances_{split.lower()}.json", "img_1.jpg")
    found = open_sources([str(tmp_path)])
    assert states(found) == {"train/IMG_1.JPG": "complete", "val/IMG_1.JPG": "complete"}
    assert any("letter case" in note for note in found.notes)


def test_a_file_may_belong_to_one_image(tmp_path: Path) -> None:
    picture(tmp_path, "a.jpg", "b.jpg")
    for name in ("a", "b"):
        document(tmp_path / f"{name}.json", f"{name}.jpg")
    assert open_sources([str(tmp_path)]).formats == ("coco",)
    assert states(open_sources([str(tmp_path / "a.json")])) == {"a.jpg": "complete"}


def test_files_that_disagree_of_an_image_are_named(tmp_path: Path) -> None:
    picture(tmp_path, "a.jpg")
    document(tmp_path / "dogs.json", "a.jpg", annotation={"category_id": 1, "bbox": [0, 0, 9, 9]})
    document(tmp_path / "people.json", "a.jpg")
    [failure] = open_sources([str(tmp_path)]).failures
    assert "1 of dogs.json and 1 of people.json" in failure.error
