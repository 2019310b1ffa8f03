"""Masks to COCO and back: what comes back, what is written, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO

import datakit
from datakit.core.metrics.mask_metrics import boundary_iou, iou
from datakit.errors import InputError
from datakit.io.layouts.sources import open_sources
from datakit.io.pixels import decoders, images
from tests.core.sample_masks import blobs
from tests.verbs.exports import Export, box, jpeg, photo, rle, tree

CLASSES = ("person", "dog", "=cmd()<b>")


def write_pairs(root: Path, masks: list[np.ndarray], names: list[str] | None = None) -> Path:
    """Plain folders images/ and masks/."""
    for number, mask in enumerate(masks):
        name = names[number] if names else f"p{number}"
        for folder, suffix, data in (
            ("images", ".jpg", jpeg(photo(mask.shape[1], mask.shape[0], number))),
            ("masks", ".png", images.encode_png(mask)),
        ):
            path = root / folder / f"{name}{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return root


def classes_of(seed: int, height: int = 70, width: int = 90) -> np.ndarray:
    """Three classes with holes and parts, and one object of a few pixels."""
    label = np.zeros((height, width), np.uint8)
    for value in (1, 2, 3):
        label[blobs(seed * 3 + value, height, width, 5) & (label == 0)] = value
    label[0, 0] = 1
    return label


def there_and_back(root: Path, masks: list[np.ndarray], **options: Any) -> list[np.ndarray]:
    source = write_pairs(root / "pairs", masks)
    summary = datakit.mask2coco(source, root / "coco", category=CLASSES, workers=0, **options)
    assert summary.exit_code == 0, summary
    datakit.coco2mask(root / "coco", root / "again", kind="semantic", workers=0, overlap="order")
    label_map = json.loads((root / "again/dataset.json").read_text())["label_map"]
    values = {label_map[name]: number for number, name in enumerate(CLASSES, 1)}
    found = []
    for number in range(len(masks)):
        stored = decoders.decode_mask((root / f"again/masks/p{number}.png").read_bytes())
        label = np.zeros_like(stored)
        for value, meant in values.items():
            label[stored == value] = meant
        found.append(label)
    return found


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["class", "component"]))
def test_rle_comes_back_to_the_pixel(seed: int, instances: str) -> None:
    masks = [classes_of(seed), classes_of(seed + 1, 33, 41)]
    with TemporaryDirectory() as folder:
        found = there_and_back(Path(folder), masks, shapes="rle", instances=instances)
    for mask, label in zip(masks, found, strict=True):
        assert (mask == label).all()


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from(["class", "component"]),
    st.sampled_from(["rle", "bridge"]),
)
def test_polygons_come_back_within_the_bounds(seed: int, instances: str, holes: str) -> None:
    mask = blobs(seed, 90, 120, 6).astype(np.uint8) * 255
    with TemporaryDirectory() as folder:
        root = Path(folder)
        source = write_pairs(root / "pairs", [mask])
        datakit.mask2coco(source, root / "coco", holes=holes, instances=instances, workers=0)
        datakit.coco2mask(root / "coco", root / "again", workers=0)
        found = decoders.decode_mask((root / "again/masks/p0.png").read_bytes())
        rows = lines(root / "coco/outlines.jsonl")
    assert all(row["iou"] >= 0.99 and row["boundary_iou"] >= 0.95 for row in rows)
    assert iou(found, mask) >= 0.99
    if instances == "class":
        assert boundary_iou(found, mask) >= 0.95
        assert iou(found, mask) == rows[0]["iou"]


@pytest.mark.parametrize("options", [{"tolerance": 0}, {"iou": 1, "boundary_iou": 1}])
def test_polygons_can_be_lossless(tmp_path: Path, options: dict[str, float]) -> None:
    masks = [classes_of(4)]
    [found] = there_and_back(tmp_path, masks, holes="bridge", **options)
    assert (found == masks[0]).all()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def document(out: Path, split: str = "") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / split / "_annotations.coco.json").read_text())
    return found


def test_what_is_written_is_what_pycocotools_reads(tmp_path: Path) -> None:
    masks = [classes_of(1), classes_of(2), np.zeros((20, 30), np.uint8)]
    source = write_pairs(tmp_path / "pairs", masks)
    out = tmp_path / "coco"
    summary = datakit.mask2coco(source, out, category=CLASSES, workers=0)
    coco = COCO(str(out / "_annotations.coco.json"))
    assert coco.getImgIds() == [1, 2, 3]
    assert coco.getCatIds() == [1, 2, 3]
    assert coco.getAnnIds() == [1, 2, 3, 4, 5, 6]
    assert summary.counts["objects"] == 6
    for image in coco.loadImgs(coco.getImgIds()):
        mask = masks[image["id"] - 1]
        assert (image["height"], image["width"]) == mask.shape
        assert (out / image["file_name"]).is_file()
        for annotation in coco.loadAnns(coco.getAnnIds(imgIds=image["id"])):
            truth = mask == annotation["category_id"]
            rows, columns = np.nonzero(truth)
            assert annotation["area"] == truth.sum()
            assert annotation["bbox"] == [
                columns.min(),
                rows.min(),
                columns.max() + 1 - columns.min(),
                rows.max() + 1 - rows.min(),
            ]
            assert iou(coco.annToMask(annotation), truth) >= 0.99
            assert annotation["iscrowd"] == 0


def test_components_are_annotations_of_their_own(tmp_path: Path) -> None:
    mask = np.zeros((30, 40), np.uint8)
    mask[2:9, 2:9] = mask[9:14, 9:14] = mask[20:28, 30:38] = 255
    mask[22:25, 32:35] = 0
    source = write_pairs(tmp_path / "pairs", [mask])
    datakit.mask2coco(source, tmp_path / "a", workers=0)
    datakit.mask2coco(source, tmp_path / "b", instances="component", workers=0)
    [whole] = document(tmp_path / "a")["annotations"]
    assert isinstance(whole["segmentation"], dict)
    corner, ring = document(tmp_path / "b")["annotations"]
    # Pixels that touch at a corner are connected.
    assert corner["bbox"] == [2, 2, 12, 12] and isinstance(corner["segmentation"], list)
    assert ring["area"] == 64 - 9 and isinstance(ring["segmentation"], dict)
    datakit.mask2coco(source, tmp_path / "c", instances="component", holes="bridge", workers=0)
    assert isinstance(document(tmp_path / "c")["annotations"][1]["segmentation"], list)


@pytest.mark.parametrize("kind", ["binary", "semantic", "instance"])
def test_datasets_of_coco2mask_go_back(tmp_path: Path, kind: str) -> None:
    export = Export(tmp_path / "source/train")
    one = export.image("sub dir/a.jpg")
    export.annotate(one, [box(2, 2, 9, 9)])
    export.annotate(one, [box(13, 3, 9, 11)], category=2)
    export.annotate(one, [box(3, 14, 5, 7)], category=2)
    other = Export(tmp_path / "source/valid")
    other.annotate(other.image("a.jpg"), rle(blobs(3, 24, 32)), category=2)
    for part in (export, other):
        part.write()
    first, second = tmp_path / "first", tmp_path / "second"
    datakit.coco2mask(tmp_path / "source", first, kind=kind, workers=0)
    datakit.mask2coco(first, tmp_path / "coco", shapes="rle", workers=0)
    datakit.coco2mask(tmp_path / "coco", second, kind=kind, workers=0)
    assert {split for split in ("train", "valid") if (tmp_path / "coco" / split).is_dir()} == {
        "train",
        "valid",
    }
    labels = [
        {
            item.key: decoders.decode_mask(item.mask.read())
            for item in open_sources([str(root)]).items()
        }
        for root in (first, second)
        if root
    ]
    assert labels[0].keys() == labels[1].keys() == {"train/sub dir/a.jpg", "val/a.jpg"}
    for key, label in labels[0].items():
        same = labels[1][key] > 0 if kind == "instance" else labels[1][key]
        assert (same == (label > 0 if kind == "instance" else label)).all()
    names = {entry["name"] for entry in document(tmp_path / "coco", "train")["categories"]}
    assert names == ({"foreground"} if kind == "binary" else {"person", "dog"})
    if kind == "instance":
        assert len(document(tmp_path / "coco", "train")["annotations"]) == 3


def test_alphas_are_cut_and_travel(tmp_path: Path) -> None:
    source = write_pairs(tmp_path / "pairs", [np.full((20, 20), 128, np.uint8)])
    (source / "masks").rename(source / "alphas")
    summary = datakit.mask2coco(source, tmp_path / "coco", workers=0)
    assert summary.counts["alphas cut"] == 1
    assert any("cut at one half" in note for note in summary.notes)
    assert document(tmp_path / "coco")["annotations"][0]["area"] == 400
    stored = decoders.decode_stored((tmp_path / "coco/soft/p0.alpha").read_bytes())
    assert (stored == 128).all()


def test_a_mask_of_several_values_needs_names_or_a_threshold(tmp_path: Path) -> None:
    gray = np.tile(np.arange(0, 240, 6, dtype=np.uint8), (20, 1))
    source = write_pairs(tmp_path / "pairs", [gray, np.full((9, 9), 1, np.uint8)])
    summary = datakit.mask2coco(source, tmp_path / "a", workers=0)
    assert (summary.exit_code, summary.counts["objects"]) == (3, 1)
    [failure] = lines(tmp_path / "a/failures.jsonl")
    assert "--threshold" in failure["error"] and "--category" in failure["error"]
    datakit.mask2coco(source, tmp_path / "b", threshold=120, workers=0)
    [found] = document(tmp_path / "b")["annotations"]
    assert found["bbox"] == [20, 0, 20, 20]
    summary = datakit.mask2coco(source, tmp_path / "c", category=("a", "b"), workers=0)
    assert summary.exit_code == 3
    assert "expected the values of the classes" in (tmp_path / "c/failures.jsonl").read_text()


def test_names_of_classes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    source = write_pairs(tmp_path / "pairs", [classes_of(1)])
    with pytest.raises(InputError, match="different names"):
        datakit.mask2coco(source, tmp_path / "x", category=("a", "a"), workers=0)
    export = Export(tmp_path / "coco/train")
    export.annotate(export.image("a.jpg"), [box(1, 1, 9, 9)])
    export.write()
    datakit.coco2mask(tmp_path / "coco", tmp_path / "named", kind="semantic", workers=0)
    with pytest.raises(InputError, match="names its classes itself"):
        datakit.mask2coco(tmp_path / "named", tmp_path / "x", category=("a",), workers=0)
    for options in ({"iou": 1.5}, {"tolerance": -1}, {"holes": "fill"}, {"instances": "x"}):
        with pytest.raises(InputError):
            datakit.mask2coco(source, tmp_path / "x", **options)
    assert not (tmp_path / "x").exists()


def test_one_bad_sample_is_one_failure(tmp_path: Path) -> None:
    source = write_pairs(tmp_path / "pairs", [blobs(n, 30, 40).astype(np.uint8) for n in range(3)])
    (source / "masks/p1.png").write_bytes(images.encode_png(np.ones((7, 7), np.uint8)))
    summary = datakit.mask2coco(source, tmp_path / "coco", workers=0)
    assert (summary.exit_code, summary.failed, summary.counts["samples"]) == (3, 1, 2)
    assert [image["id"] for image in document(tmp_path / "coco")["images"]] == [1, 2]


def test_workers_and_resume_give_the_same_bytes(tmp_path: Path) -> None:
    source = write_pairs(tmp_path / "pairs", [classes_of(n) for n in range(4)])
    found = []
    for workers in (0, 2):
        out = tmp_path / f"out{workers}"
        datakit.mask2coco(source, out, category=CLASSES, workers=workers)
        found.append(tree(out))
    assert found[0] == found[1]
    again = datakit.mask2coco(source, tmp_path / "out0", category=CLASSES, resume=True, workers=0)
    assert "nothing was done" in again.notes[0]


@pytest.mark.parametrize(
    ("field", "value"), [("id", "../../../evil.jpg"), ("split", "../../evil"), ("id", "/evil.jpg")]
)
def test_a_manifest_cannot_name_a_place_outside(tmp_path: Path, field: str, value: str) -> None:
    export = Export(tmp_path / "source/train")
    for name in ("a.jpg", "b.jpg"):
        export.annotate(export.image(name), [box(2, 2, 9, 9)])
    export.write()
    datakit.coco2mask(tmp_path / "source", tmp_path / "first", workers=0)
    manifest = tmp_path / "first/metadata.jsonl"
    first, second = map(json.loads, manifest.read_text().splitlines())
    manifest.write_text(f"{json.dumps(first | {field: value})}\n{json.dumps(second)}\n")
    before = set(tmp_path.rglob("*"))
    summary = datakit.mask2coco(tmp_path / "first", tmp_path / "deep/er/out", workers=0)
    assert (summary.failed, summary.counts["samples"]) == (1, 1)
    made = set(tmp_path.rglob("*")) - before
    assert {path.relative_to(tmp_path).parts[0] for path in made} == {"deep"}
    assert {path.name for path in (tmp_path / "deep/er").iterdir()} == {"out"}
