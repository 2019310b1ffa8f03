"""What goes out to an annotation layout comes back: by its reader as a source, and as a review."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import datakit
from datakit.io.layouts.coco_export import write_annotations
from datakit.io.layouts.label_pixels import decode_label, label_files
from datakit.io.layouts.sources import open_sources
from datakit.io.pixels.decoders import decode_ignore, decode_mask
from tests.contracts import annotated_sources
from tests.contracts.labelled_sets import write_labelled_set
from tests.verbs.exports import Export, box, rle
from tests.verbs.pairs import SIDE_PX

MATTES = (
    *("p3m", "u2net", "modnet", "dis", "composition", "rvm"),
    *("imagefolder", "webdataset", "parquet", "numpy"),
)
"""Layouts with room for an alpha."""
SHARDS = ("webdataset", "parquet", "numpy")
WITH_IGNORE = ("voc", "images-masks", *SHARDS)
"""Layouts of pictures with a word for the unknown region."""
TOOLS = ("coco", "cvat", "label-studio", "labelme", "roboflow", "yolo-seg")
EXACT = {"coco", "cvat"}
"""Layouts that keep every pixel; the others keep their stated share of it."""
WITHOUT_IGNORE = {"yolo-seg"}
PART_IS_OBJECT = {"yolo-seg", "roboflow"}
"""Layouts, or their tools, that tell the parts of an object from one another."""
KINDS = ("binary", "semantic", "instance")
WIDTH, HEIGHT = 96, 80


def _ring() -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[8:40, 8:44] = True
    mask[18:28, 18:30] = False
    return mask


def _parts() -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[50:70, 8:24] = mask[50:70, 34:50] = True
    return mask


def _dataset(tmp_path: Path, kind: str, *, ignore: bool = False) -> Path:
    """A hole, an object of two parts, two that overlap, an image without any."""
    export = Export(tmp_path / "coco/train")
    first = export.image("a.png", wh=(WIDTH, HEIGHT))
    export.annotate(first, rle(_ring()))
    export.annotate(first, rle(_parts()), category=2)
    export.annotate(first, [box(60, 10, 30, 40)])
    export.annotate(first, [box(70, 30, 20, 30)], category=2)
    if ignore:
        region = np.zeros((HEIGHT, WIDTH), bool)
        region[72:78, 60:90] = True
        export.annotate(first, rle(region), iscrowd=1, ignore=1)
    export.image("sub/b.png", wh=(WIDTH, HEIGHT))
    export.write()
    out = tmp_path / "set"
    datakit.coco2mask(tmp_path / "coco", out, kind=kind, workers=0)
    return out


def _sent(dataset: Path, out: Path, tool: str) -> Path:
    """Export, and give it back as people do who change nothing."""
    datakit.export(dataset, out, format=tool, workers=0)
    if tool == "label-studio":
        tasks = json.loads((out / "tasks.json").read_text())
        for task in tasks:
            result = task.pop("predictions")[0]["result"]
            task["annotations"] = [{"completed_by": 1, "result": result}]
        (out / "tasks.json").write_text(json.dumps(tasks))
    for name in ("metadata.jsonl", "dataset.json"):
        (out / name).unlink()
    shutil.rmtree(out / ".datakit", ignore_errors=True)
    return out / "upload" if tool == "roboflow" else out


def _by_class(path: Path) -> dict[str, dict[str, list[np.ndarray]]]:
    """Image -> class -> its objects, or its one region."""
    source = open_sources([str(path)])
    found: dict[str, dict[str, list[np.ndarray]]] = {}
    for item in source.items():
        masks: dict[str, list[np.ndarray]] = {}
        label = decode_mask(item.mask.read()) if item.mask else np.zeros((HEIGHT, WIDTH), np.uint8)
        instances = item.sample.instances if item.sample else ()
        named = [(one.category, one.id) for one in instances] or [
            (name, value) for name, value in source.label_map.items() if value
        ]
        for name, value in named:
            if (label == value).any():
                masks.setdefault(name, []).append(label == value)
        found["a" if Path(item.source_name).stem == "a" else "b"] = masks
    return found


def _ignored(path: Path) -> list[np.ndarray]:
    items = open_sources([str(path)]).items()
    return [decode_ignore(item.ignore.read()) for item in items if item.ignore]


def _iou(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tool", TOOLS)
def test_a_source_read_back_has_the_same_objects(tmp_path: Path, tool: str, kind: str) -> None:
    dataset = _dataset(tmp_path, kind)
    back = tmp_path / "back"
    datakit.coco2mask(_sent(dataset, tmp_path / "x", tool), back, kind=kind, workers=0)
    before, after = _by_class(dataset), _by_class(back)
    assert set(before) == set(after) and not after["b"]
    least = 1.0 if tool in EXACT else 0.94
    assert set(before["a"]) == set(after["a"])
    for name, masks in before["a"].items():
        theirs = after["a"][name]
        assert _iou(np.any(masks, axis=0), np.any(theirs, axis=0)) >= least
        if kind == "instance" and tool not in PART_IS_OBJECT:
            assert len(masks) == len(theirs)
            for mask in masks:
                assert max(_iou(mask, other) for other in theirs) >= least


@pytest.mark.parametrize("tool", [tool for tool in TOOLS if tool not in WITHOUT_IGNORE])
def test_what_nobody_knows_comes_back(tmp_path: Path, tool: str) -> None:
    dataset = _dataset(tmp_path, "semantic", ignore=True)
    back = tmp_path / "back"
    datakit.coco2mask(_sent(dataset, tmp_path / "x", tool), back, kind="semantic", workers=0)
    before, after = _ignored(dataset), _ignored(back)
    assert len(before) == len(after) == 1
    assert _iou(before[0] > 0, after[0] > 0) >= (1.0 if tool in EXACT else 0.94)
    assert open_sources([str(back)]).label_map == open_sources([str(dataset)]).label_map


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tool", TOOLS)
def test_an_untouched_review_changes_nothing(tmp_path: Path, tool: str, kind: str) -> None:
    dataset = _dataset(tmp_path, kind, ignore=tool not in WITHOUT_IGNORE)
    reviewed = _sent(dataset, tmp_path / "x", tool)
    before = _by_class(dataset)
    rows = (dataset / "metadata.jsonl").read_text().splitlines()
    summary = datakit.prelabel(merge=str(reviewed), into=str(dataset), workers=0)
    assert summary.failed == 0 and summary.counts["reviewed"] == 2
    assert "changed" not in summary.counts
    after = _by_class(dataset)
    for image, masks in before.items():
        assert {name: len(found) for name, found in masks.items()} == {
            name: len(found) for name, found in after[image].items()
        }
        for name, found in masks.items():
            for mask, other in zip(found, after[image][name], strict=True):
                assert np.array_equal(mask, other)
    for old, new in zip(rows, (dataset / "metadata.jsonl").read_text().splitlines(), strict=True):
        one, other = json.loads(old), json.loads(new)
        for field in ("categories", "instances", "label_state", "ignore_file_name"):
            assert one.get(field) == other.get(field)


def test_parts_that_an_export_tells_apart_are_still_one_object(tmp_path: Path) -> None:
    """As Label Studio's JSON-MIN does; an object that is new on an empty image is one too."""
    dataset = _dataset(tmp_path, "instance")
    reviewed = _sent(dataset, tmp_path / "x", "label-studio")
    tasks = json.loads((reviewed / "tasks.json").read_text())
    regions = {task["data"]["image"]: task["annotations"][0]["result"] for task in tasks}
    [whole] = [result for result in regions.values() if result]
    [empty] = [result for result in regions.values() if not result]
    assert [region.pop("meta", None) for region in whole].count(None) < len(whole)
    empty.append({**whole[-1], "id": "new"})
    (reviewed / "tasks.json").write_text(json.dumps(tasks))
    before = _by_class(dataset)
    summary = datakit.prelabel(merge=str(reviewed), into=str(dataset), workers=0)
    assert (summary.failed, summary.counts["changed"]) == (0, 1)
    after = _by_class(dataset)
    assert str(after["a"]) == str(before["a"])
    assert [len(masks) for masks in after["b"].values()] == [1]


@pytest.mark.parametrize("layout", annotated_sources.MAKERS)
def test_outlines_of_any_layout_can_be_carried_as_coco(tmp_path: Path, layout: str) -> None:
    items = list(open_sources([str(annotated_sources.MAKERS[layout](tmp_path / "src"))]).items())
    out = tmp_path / "coco"
    for item in items:
        (out / item.key).parent.mkdir(parents=True, exist_ok=True)
        (out / item.key).write_bytes(item.image.read() if item.image else b"")
    size_wh = annotated_sources.WIDTH, annotated_sources.HEIGHT
    rows = ((item, item.key, size_wh) for item in items)
    assert write_annotations(out / "_annotations.coco.json", rows) == 4
    datakit.coco2mask(out, tmp_path / "masks", workers=0)
    masks = [item.mask for item in open_sources([str(tmp_path / "masks")]).items()]
    assert [(decode_mask(mask.read()) > 0).sum() for mask in masks if mask] == [81] * 4


def _export(source: Path, out: Path, layout: str, *, records: bool = False) -> Path:
    """Export, and take datakit's own files away unless they are to stay."""
    size = {"size": f"{SIDE_PX}x{SIDE_PX}"} if layout == "numpy" else {}
    datakit.export(source, out, format=layout, workers=0, **size)
    for name in () if records else ("metadata.jsonl", "dataset.json", "shards.jsonl"):
        (out / name).unlink(missing_ok=True)
    return out


def _labels(path: Path, kind: str) -> list[np.ndarray]:
    """The labels of a kind by what they show, as no layout keeps every name."""
    found = []
    for item in open_sources([str(path)]).items():
        ref = label_files(item).get(kind)
        if ref is not None:
            found.append(decode_label(item, kind, ref))
    return sorted(found, key=lambda label: label.tobytes())


@pytest.mark.parametrize("layout", MATTES)
def test_an_alpha_comes_back(tmp_path: Path, layout: str) -> None:
    source = write_labelled_set(tmp_path / "set", "alpha")
    out = _export(source, tmp_path / "out", layout)
    before, after = _labels(source, "alpha"), _labels(out, "alpha")
    assert len(before) == len(after) == 4
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("records", [False, True], ids=["without records", "with records"])
@pytest.mark.parametrize("layout", WITH_IGNORE)
def test_what_nobody_knows_comes_back_from_pictures(
    tmp_path: Path, layout: str, records: bool
) -> None:
    source = write_labelled_set(tmp_path / "set", "partial")
    out = _export(source, tmp_path / "out", layout, records=records)
    assert open_sources([str(out)]).label_map == open_sources([str(source)]).label_map
    ignored = _labels(source, "ignore")
    assert np.array_equal(_labels(out, "ignore"), ignored)
    assert len(ignored) == 4 and ignored[0].any()
    before, after = _labels(source, "mask"), _labels(out, "mask")
    assert len(before) == len(after) == 4
    for one, other in zip(before, after, strict=True):
        # What lies under an ignored pixel is nobody's word.
        assert not ((one != other) & (ignored[0] == 0)).any()


@pytest.mark.parametrize("kind", ["binary", "semantic", "instance"])
def test_masks_of_every_kind_come_back_from_voc(tmp_path: Path, kind: str) -> None:
    source = write_labelled_set(tmp_path / "set", kind)
    out = _export(source, tmp_path / "out", "voc")
    back = tmp_path / "back"
    datakit.coco2mask(out, back, kind=kind, workers=0)
    ours = [_objects_of(source), _objects_of(back)]
    assert ours[0] == ours[1] and len(ours[0]) == 4


def _objects_of(path: Path) -> list[list[tuple[str, bytes]]]:
    """Each image's classes or objects with their pixels, in an order of their own."""
    source = open_sources([str(path)])
    found = []
    for item in source.items():
        assert item.mask
        label = decode_mask(item.mask.read())
        instances = item.sample.instances if item.sample else ()
        named = [(one.category, one.id) for one in instances] or [
            (name, value) for name, value in source.label_map.items() if value
        ]
        found.append(sorted((name, (label == value).tobytes()) for name, value in named))
    return sorted(found)
