"""Datasets as objects: what a notebook does with them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import datakit
from datakit.errors import InputError
from tests.contracts.labelled_sets import KINDS, write_labelled_set
from tests.verbs.exports import Export, box


@pytest.mark.parametrize("kind", KINDS)
def test_arrays_have_the_types_of_the_design(tmp_path: Path, kind: str) -> None:
    dataset = datakit.open(write_labelled_set(tmp_path / "set", kind))
    assert len(dataset) == 4
    assert dataset.splits == {"train": 2, "val": 2}
    for sample in dataset:
        assert sample.image.dtype == np.uint8
        assert sample.image.shape[2] == 3
        if kind == "alpha":
            assert sample.alpha is not None
            assert sample.alpha.dtype == np.float32
            assert 0 <= sample.alpha.min() <= sample.alpha.max() <= 1
        else:
            wanted = {"binary": bool, "instance": np.uint16}.get(kind, np.uint8)
            assert sample.mask is not None
            assert sample.mask.dtype == wanted
        assert (sample.ignore is not None) == (kind == "partial")


def test_slices_ids_and_conditions(tmp_path: Path) -> None:
    dataset = datakit.open(write_labelled_set(tmp_path / "set", "semantic"))
    assert dataset[:2].ids == dataset.ids[:2]
    assert dataset[dataset.ids[3]].split == "val"
    assert dataset.where("split == 'val' and 'dog' in categories").ids == dataset.ids[2:]
    assert len(dataset.where(lambda one: one.mask is not None)) == 4
    with pytest.raises(InputError, match="column 'nothing' is unknown"):
        dataset.where("nothing > 1")
    with pytest.raises(KeyError, match=r"see `\.ids`"):
        dataset["nobody"]


def test_the_table_is_one_row_per_sample(tmp_path: Path) -> None:
    frame = datakit.open(write_labelled_set(tmp_path / "set", "partial")).frame
    assert frame.index.name == "id"
    assert set(frame["label_state"]) == {"partial"}


def test_an_annotated_export_is_painted_on_demand(tmp_path: Path) -> None:
    export = Export(tmp_path / "export/train")
    image = export.image("a.jpg")
    export.annotate(image, [box(2, 2, 9, 9)])
    export.annotate(image, [], bbox=[14, 5, 9, 11])
    export.write()
    sample = datakit.open(tmp_path / "export")[0]
    assert sample.mask is not None
    assert sample.mask.sum() == 81
    assert sample.label_state == "partial"
    assert sample.ignore is not None
    assert sample.ignore.sum() == 99


@pytest.mark.parametrize(("kind", "objects"), [("binary", 4), ("semantic", 8), ("instance", 8)])
def test_pycocotools_reads_the_masks(tmp_path: Path, kind: str, objects: int) -> None:
    dataset = datakit.open(write_labelled_set(tmp_path / "set", kind))
    coco = dataset.to_coco()
    assert len(coco.anns) == objects
    for number, sample in enumerate(dataset, 1):
        found = sum(coco.annToMask(one) for one in coco.imgToAnns[number])
        assert np.array_equal(found > 0, sample.mask > 0)


def test_what_nobody_knows_is_a_crowd(tmp_path: Path) -> None:
    coco = datakit.open(write_labelled_set(tmp_path / "set", "partial")).to_coco()
    crowds = [one for one in coco.anns.values() if one["iscrowd"]]
    assert len(crowds) == 4 * 2
    assert {one["area"] for one in crowds} == {256}


def test_pictures_for_notebooks(tmp_path: Path) -> None:
    dataset = datakit.open(write_labelled_set(tmp_path / "set", "binary"))
    sheet = dataset.show(3)
    assert sheet._repr_png_()[:4] == b"\x89PNG"
    assert sheet.save(tmp_path / "sheet.png").is_file()
    assert "4 samples" in dataset._repr_html_()


def test_hugging_face_gets_images_and_labels(tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="Hugging Face datasets is not installed")
    dataset = datakit.open(write_labelled_set(tmp_path / "set", "semantic"))
    made = dataset.hf()
    assert made.column_names == ["id", "split", "image", "mask"]
    assert np.array_equal(np.asarray(made[0]["mask"]), dataset[0].mask)


def test_opening_imports_nothing_heavy_before_it_is_used() -> None:
    code = "import sys, datakit; assert not {'numpy', 'cv2', 'pandas', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_binary_mask_keeps_the_class_of_its_rows(tmp_path: Path, sample_data: Path) -> None:
    datakit.coco2mask(sample_data / "roboflow_export", tmp_path / "masks", workers=0)
    dataset = datakit.open(tmp_path / "masks")
    assert dataset.classes == ("person",) and dataset.label_map == {"background": 0, "person": 255}
    assert "classes: person" in repr(dataset) and "classes: person" in repr(dataset[:1])
    assert [one["name"] for one in dataset.to_coco().cats.values()] == ["person"]


def test_missing_pictures_are_marked_and_left_out(tmp_path: Path, sample_data: Path) -> None:
    for name in ("bald_beard.jpg", "red_wind_blown.png", "astronaut.jpg"):
        source = sample_data / "portraits/images" / name
        (tmp_path / name).write_bytes(source.read_bytes())
    dataset = datakit.open(tmp_path)
    (tmp_path / "bald_beard.jpg").unlink()
    (tmp_path / "astronaut.jpg").write_bytes(b"no picture")
    frame = dataset.frame
    assert len(frame) == 3 and frame["problem"].notna().sum() == 2
    assert frame["width"].isna().sum() == 2
    assert frame["problem"].isna().tolist() == [
        name == "red_wind_blown.png" for name in frame.index
    ]
    assert dataset.where("width > 0").ids == ["red_wind_blown.png"]
    with pytest.warns(UserWarning, match="2 samples left out"):
        dataset.show()
