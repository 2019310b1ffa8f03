"""``croissant.json`` of a Parquet export, as MLCommons' own library reads it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import datakit
from tests.verbs.exports import jpeg, photo, png


def exported(root: Path) -> Path:
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
    datakit.export(root / "src", root / "out", format="parquet", license="CC-BY-4.0", workers=0)
    return root / "out"


def test_it_names_licence_files_and_fields(tmp_path: Path) -> None:
    document = json.loads((exported(tmp_path) / "croissant.json").read_text())
    assert document["license"] == "CC-BY-4.0"
    assert [one["includes"] for one in document["distribution"]] == [
        "data/train-*.parquet",
        "data/val-*.parquet",
    ]
    names = {field["name"] for field in document["recordSet"][0]["field"]}
    assert {"train/image", "train/mask", "train/alpha", "train/id"} <= names
    card = (tmp_path / "out/README.md").read_text()
    for line in ("license: CC-BY-4.0", "- image-segmentation", "- image-matting", "- split: val"):
        assert line in card


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_mlcroissant_validates_it_and_reads_the_records(tmp_path: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    dataset = mlcroissant.Dataset(jsonld=str(exported(tmp_path) / "croissant.json"))
    assert not dataset.metadata.issues.errors
    records = list(dataset.records("val"))
    assert [record["val/id"] for record in records] == [b"val/0.jpg", b"val/1.jpg"]
    assert {record["val/mask"].size for record in records} == {(32, 24)}
    assert np.asarray(records[0]["val/alpha"]).max() == 90
