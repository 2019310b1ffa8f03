"""``croissant.json`` of exports, as MLCommons' own library reads it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import datakit
from tests.verbs.exports import jpeg, photo, png


def exported(root: Path, layout: str) -> Path:
    for split in ("train", "val"):
        for number in range(2):
            for folder, data in (
                ("images", jpeg(photo(32, 24, seed=number))),
                ("masks", png(np.eye(24, 32, dtype=np.uint8) * 255)),
                ("alphas", png(np.full((24, 32), 90, np.uint8))),
            ):
                suffix = "jpg" if folder == "images" else "png"
                path = root / "src" / split / folder / f"{number}.{suffix}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
    datakit.export(root / "src", root / "out", format=layout, license="CC-BY-4.0", workers=0)
    return root / "out"


def test_it_names_licence_files_and_fields(tmp_path: Path) -> None:
    out = exported(tmp_path, "parquet")
    document = json.loads((out / "croissant.json").read_text())
    assert document["license"] == "CC-BY-4.0"
    assert [one["includes"] for one in document["distribution"]] == [
        ["data/train-*.parquet"],
        ["data/val-*.parquet"],
    ]
    names = {field["name"] for field in document["recordSet"][0]["field"]}
    assert {"train/image", "train/mask", "train/alpha", "train/id"} <= names
    card = (out / "README.md").read_text()
    for line in ("license: CC-BY-4.0", "- image-segmentation", "- image-matting", "- split: val"):
        assert line in card


def test_files_are_found_by_folder_and_joined_to_their_samples(tmp_path: Path) -> None:
    document = json.loads((exported(tmp_path, "imagefolder") / "croissant.json").read_text())
    includes = {one["@id"]: one["includes"] for one in document["distribution"]}
    assert includes == {
        "metadata": ["metadata.jsonl"],
        "image-files": ["train/images/*.jpg", "val/images/*.jpg"],
        "mask-files": ["train/masks/*.png", "val/masks/*.png"],
        "alpha-files": ["train/alphas/*.png", "val/alphas/*.png"],
    }
    sets = {one["@id"]: one["field"] for one in document["recordSet"]}
    assert sets.keys() == {"samples", "image", "mask", "alpha"}
    joined = sets["alpha"][0]["references"]
    assert joined == {"fileSet": {"@id": "metadata"}, "extract": {"column": "alpha_file_name"}}
    assert document["description"].startswith("Photos with masks, alphas")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("layout", "labels"),
    [
        ("imagefolder", {"mask", "alpha"}),
        ("images-masks", {"mask"}),
        ("modnet", {"alpha", "trimap"}),
        ("p3m", {"alpha", "trimap"}),
        ("coco", set()),
    ],
)
def test_mlcroissant_validates_files_and_joins_them(
    tmp_path: Path, layout: str, labels: set[str]
) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    dataset = mlcroissant.Dataset(jsonld=str(exported(tmp_path, layout) / "croissant.json"))
    assert not dataset.metadata.issues.errors
    ids = [record["samples/id"] for record in dataset.records("samples")]
    assert {one.id for one in dataset.metadata.record_sets} == {"samples", "image"} | labels
    for kind in {"image"} | labels:
        records = list(dataset.records(kind))
        # Trimaps of P3M's train side are made by its loader.
        known = [one for one in ids if not (kind == "trimap" and layout == "p3m") or b"val" in one]
        assert sorted(record[f"{kind}/id"] for record in records) == sorted(known)
        assert {record[f"{kind}/pixels"].size for record in records} == {(32, 24)}
        if kind == "alpha":
            assert {np.asarray(record["alpha/pixels"]).max() for record in records} == {90}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_mlcroissant_validates_it_and_reads_the_records(tmp_path: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    dataset = mlcroissant.Dataset(jsonld=str(exported(tmp_path, "parquet") / "croissant.json"))
    assert not dataset.metadata.issues.errors
    records = list(dataset.records("val"))
    assert [record["val/id"] for record in records] == [b"val/0.jpg", b"val/1.jpg"]
    assert {record["val/mask"].size for record in records} == {(32, 24)}
    assert np.asarray(records[0]["val/alpha"]).max() == 90
