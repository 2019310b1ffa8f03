"""``--from datumaro:NAME``: Datumaro's importers give the objects that our own readers give."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import datakit
from datakit.core.masks.rle import mask_to_rle
from datakit.errors import InputError
from datakit.io.layouts import READERS
from datakit.io.layouts.sources import open_sources
from datakit.verbs.coco2mask.options import Options
from tests.contracts.annotated_sources import HEIGHT, WIDTH
from tests.contracts.test_bad_input import make_coco

INSTALLED = importlib.util.find_spec("datumaro") is not None


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """COCO's own tree: ``annotations/`` beside ``images/``."""
    made = make_coco(tmp_path / "made")
    root = tmp_path / "src"
    (root / "annotations").mkdir(parents=True)
    (root / "images/train").mkdir(parents=True)
    # Datumaro asks for fields that COCO's own files have.
    beside = '"iscrowd": 0, "area": 81, "bbox": [2, 2, 9, 9], "segmentation"'
    text = (made / "coco.json").read_text().replace('"segmentation"', beside)
    for name in ("train/a.jpg", "train/sub/b.jpg", "val/a.jpg", "val/sub/b.jpg"):
        flat = name.replace("/", "_")
        (made / name).rename(root / "images/train" / flat)
        text = text.replace(f'"{name}"', f'"{flat}"')
    (root / "annotations/instances_train.json").write_text(text)
    return root


def test_names_of_the_family_are_taken_and_others_are_not(tmp_path: Path) -> None:
    given = Options(src=(str(tmp_path),), out="out", layout="datumaro:voc")
    assert given.layout == "datumaro:voc" and "datumaro:voc" not in list(READERS)
    with pytest.raises(InputError, match=r"expected one of: .*found 'fiftyone:voc'"):
        Options(src=(str(tmp_path),), out="out", layout="fiftyone:voc")
    assert READERS.load("datumaro:voc").layout == "datumaro:voc"


def test_without_the_package_the_way_out_is_said(
    coco: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datumaro", None)
    for name in [name for name in sys.modules if name.startswith("datumaro.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(InputError, match=r"not installed .*pip install 'datakit\[datumaro\]'"):
        open_sources([str(coco)], layout="datumaro:coco")


@pytest.mark.skipif(not INSTALLED, reason="Datumaro is not installed")
def test_the_same_objects_as_our_own_reader_gives(coco: Path, tmp_path: Path) -> None:
    masks = {}
    for layout in ("coco", "datumaro:coco"):
        out = tmp_path / layout.replace(":", "-")
        done = datakit.coco2mask(coco, out, kind="semantic", layout=layout, workers=0)
        assert done.exit_code == 0 and done.counts["samples"] == 4
        masks[layout] = {
            path.name: cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            for path in out.rglob("masks/**/*.png")
        }
    assert masks["coco"].keys() == masks["datumaro:coco"].keys() and len(masks["coco"]) == 4
    for name, mask in masks["coco"].items():
        assert mask.any() and np.array_equal(mask, masks["datumaro:coco"][name])


@pytest.mark.skipif(not INSTALLED, reason="Datumaro is not installed")
def test_a_layout_that_datakit_does_not_read_itself(tmp_path: Path) -> None:
    """CamVid: pictures of class colours, and a list of pairs."""
    root = tmp_path / "src"
    for folder in ("train", "trainannot"):
        (root / folder).mkdir(parents=True)
    label = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    label[4:12, 6:20] = (0, 128, 64)
    cv2.imwrite(str(root / "train/a.png"), np.full((HEIGHT, WIDTH, 3), 90, np.uint8))
    cv2.imwrite(str(root / "trainannot/a.png"), label)
    (root / "label_colors.txt").write_text("0 0 0 background\n64 128 0 person\n")
    (root / "train.txt").write_text("/train/a.png trainannot/a.png\n")
    out = tmp_path / "out"
    done = datakit.coco2mask(root, out, kind="semantic", layout="datumaro:camvid", workers=0)
    assert done.exit_code == 0 and done.counts["samples"] == 1
    [mask] = out.rglob("masks/**/*.png")
    assert np.array_equal(cv2.imread(str(mask), 0) > 0, label.any(axis=2))


@pytest.mark.skipif(not INSTALLED, reason="Datumaro is not installed")
@pytest.mark.parametrize(
    ("name", "words"), [("nonsense", "no such importer"), ("kitti_raw", "cannot read it")]
)
def test_what_it_cannot_read_is_one_sentence(coco: Path, name: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        open_sources([str(coco)], layout=f"datumaro:{name}")
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not INSTALLED, reason="Datumaro is not installed")
def test_objects_of_a_layout_without_classes_are_foreground(tmp_path: Path) -> None:
    """Segment Anything: a JSON of objects for each photo."""
    cv2.imwrite(str(tmp_path / "a.jpg"), np.full((HEIGHT, WIDTH, 3), 90, np.uint8))
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[2:11, 2:11] = True
    one = {
        "id": 1,
        "segmentation": {"size": [HEIGHT, WIDTH], "counts": mask_to_rle(mask)},
        "bbox": [2, 2, 9, 9],
        "area": 81,
        "predicted_iou": 0.9,
        "stability_score": 0.9,
        "point_coords": [[5, 5]],
        "crop_box": [0, 0, WIDTH, HEIGHT],
    }
    image = {"image_id": 1, "width": WIDTH, "height": HEIGHT, "file_name": "a.jpg"}
    (tmp_path / "a.json").write_text(json.dumps({"image": image, "annotations": [one]}))
    source = open_sources([str(tmp_path)], layout="datumaro:segment_anything")
    [item] = source.items()
    [found] = READERS.load("datumaro:segment_anything").objects(item, (WIDTH, HEIGHT))
    assert (source.classes, found.category, found.problem) == (("foreground",), "foreground", None)
