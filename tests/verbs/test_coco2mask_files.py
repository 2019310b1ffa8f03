"""``coco2mask`` of labels that are files already, in each kind of mask."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import datakit
from datakit.errors import InputError
from datakit.io.pixels.decoders import decode_mask
from tests.verbs.exports import Export, jpeg, photo, png

CLASSES = np.zeros((24, 32), np.uint8)
CLASSES[2:10, 2:12] = 1
CLASSES[12:20, 4:30] = 2
CLASSES[20:, :4] = 255
OBJECTS = np.zeros((24, 32), np.uint8)
OBJECTS[2:10, 2:12] = 1
OBJECTS[12:20, 4:15] = 2
OBJECTS[12:20, 15:30] = 3
OBJECTS[20:, :4] = 255


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def voc(root: Path) -> Path:
    put(root / "JPEGImages/a.jpg", jpeg(photo(32, 24)))
    put(root / "SegmentationClass/a.png", png(CLASSES))
    put(root / "SegmentationObject/a.png", png(OBJECTS))
    put(root / "class_names.txt", b"background\nskin\nhair\n")
    return root


def made(source: Path, out: Path, **options: object) -> tuple[dict, dict[str, np.ndarray]]:
    summary = datakit.coco2mask(source, out, workers=0, **options)
    assert summary.failed == 0, (out / "failures.jsonl").read_text()
    [row] = [json.loads(line) for line in (out / "metadata.jsonl").read_text().splitlines()]
    kinds = ("mask", "alpha", "ignore", "trimap")
    return row, {
        kind: decode_mask((out / row[f"{kind}_file_name"]).read_bytes())
        for kind in kinds
        if row.get(f"{kind}_file_name")
    }


def test_semantic_keeps_classes_and_void(tmp_path: Path) -> None:
    row, labels = made(voc(tmp_path / "voc"), tmp_path / "out", kind="semantic")
    assert np.array_equal(labels["mask"], np.where(CLASSES == 255, 0, CLASSES))
    assert np.array_equal(labels["ignore"] > 0, CLASSES == 255)
    assert row["categories"] == ["skin", "hair"]
    card = json.loads((tmp_path / "out/dataset.json").read_text())
    assert card["label_map"] == {"background": 0, "skin": 1, "hair": 2}


def test_binary_of_chosen_and_mapped_classes(tmp_path: Path) -> None:
    source = voc(tmp_path / "voc")
    _, labels = made(source, tmp_path / "hair", category=("hair",))
    assert np.array_equal(labels["mask"] > 0, CLASSES == 2)
    _, labels = made(source, tmp_path / "mapped", map=("skin=ignore",))
    assert np.array_equal(labels["mask"] > 0, CLASSES == 2)
    assert np.array_equal(labels["ignore"] > 0, (CLASSES == 255) | (CLASSES == 1))
    _, labels = made(source, tmp_path / "ground", map=("skin=background",))
    assert np.array_equal(labels["mask"] > 0, CLASSES == 2)


def test_instances_are_those_of_the_picture_of_objects(tmp_path: Path) -> None:
    row, labels = made(voc(tmp_path / "voc"), tmp_path / "out", kind="instance")
    assert [(one["id"], one["category"]) for one in row["instances"]] == [
        (1, "skin"),
        (2, "hair"),
        (3, "hair"),
    ]
    assert np.array_equal(labels["mask"], np.where(OBJECTS == 255, 0, OBJECTS))
    (tmp_path / "voc/SegmentationObject/a.png").unlink()
    summary = datakit.coco2mask(tmp_path / "voc", tmp_path / "no", kind="instance", workers=0)
    assert summary.failed == 1
    assert "--kind semantic" in (tmp_path / "no/failures.jsonl").read_text()


def alphas(root: Path) -> Path:
    soft = np.tile(np.linspace(0, 255, 32).astype(np.uint8), (24, 1))
    put(root / "image/a.jpg", jpeg(photo(32, 24)))
    put(root / "matte/a.png", png(soft))
    return root


def test_an_alpha_is_cut_at_one_half_or_kept(tmp_path: Path) -> None:
    row, labels = made(alphas(tmp_path / "src"), tmp_path / "binary")
    assert np.array_equal(labels["mask"] > 0, labels["mask"] == 255)
    assert (labels["mask"] > 0).mean() == pytest.approx(0.5)
    assert row["alpha_file_name"] is not None
    row, _ = made(alphas(tmp_path / "src"), tmp_path / "soft", kind="coverage")
    assert row.get("mask_file_name") is None
    summary = datakit.coco2mask(tmp_path / "src", tmp_path / "no", kind="semantic", workers=0)
    assert "an alpha, which has none" in (tmp_path / "no/failures.jsonl").read_text()
    assert summary.failed == 1


def test_a_value_that_no_class_has_is_not_background(tmp_path: Path) -> None:
    source = voc(tmp_path / "voc")
    put(source / "JPEGImages/b.jpg", jpeg(photo(32, 24, seed=1)))
    put(source / "SegmentationClass/b.png", png(np.full((24, 32), 9, np.uint8)))
    summary = datakit.coco2mask(source, tmp_path / "out", workers=0)
    assert (summary.failed, summary.counts["samples"]) == (1, 1)
    assert "found [9] too" in (tmp_path / "out/failures.jsonl").read_text()


def test_what_map_says_of_an_unknown_class_is_refused(tmp_path: Path) -> None:
    source = voc(tmp_path / "voc")
    for entry in ("skn=ignore", "SKIN=ignore"):
        with pytest.raises(InputError, match="did you mean 'skin'"):
            datakit.coco2mask(source, tmp_path / "out", map=(entry,), workers=0)


def test_roles_that_names_alone_decide_are_noted(tmp_path: Path) -> None:
    names = ("person", "dont_care")
    export = Export(tmp_path / "src", [{"id": n, "name": name} for n, name in enumerate(names)])
    for category, left in enumerate((2, 12)):
        export.annotate(0, [[left, 2, left + 8, 2, left + 8, 10]], category)
    export.image("a.jpg")
    export.write()
    [note] = datakit.coco2mask(tmp_path / "src", tmp_path / "out", workers=0).notes
    assert "'dont_care' is ignore" in note
    decided = {"map": ("dont_care=person",), "workers": 0}
    assert not datakit.coco2mask(tmp_path / "src", tmp_path / "mapped", **decided).notes
