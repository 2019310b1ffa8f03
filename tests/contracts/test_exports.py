"""Every layout that datakit writes through one suite: read back, resumed, the same everywhere."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import datakit
from datakit.core.metrics.mask_metrics import iou
from datakit.errors import InputError, OutputError
from datakit.io.layouts import WRITERS
from datakit.io.layouts.sample_names import flat_name
from datakit.io.layouts.sources import open_sources
from datakit.io.pixels import decoders, images
from datakit.io.store import atomic
from datakit.records.labels import is_binary
from datakit.verbs.shared.labelled import image_bytes, read_labelled
from tests.contracts.export_readers import READERS, Key
from tests.verbs.exports import Export, box, jpeg, photo, png, tree
from tests.verbs.pairs import SIDE_PX, photo_and_alpha, write_set

# webdataset leaves the shards it has read to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

KINDS = ("matte", "binary", "semantic", "instance")
NAMES = ("a", "anna/IMG 1.2", "b.x")


def matte_set(root: Path) -> Path:
    """Photos with 8- and 16-bit alphas, in sub-folders, under names that loaders dislike."""
    for split, seed in (("train", 0), ("val", 3)):
        for number, name in enumerate(NAMES):
            picture, alpha = photo_and_alpha(seed + number)
            image = root / split / "images" / f"{name}.jpg"
            label = root / split / "alphas" / f"{name}.png"
            for path in (image, label):
                path.parent.mkdir(parents=True, exist_ok=True)
            image.write_bytes(jpeg(picture))
            bits = 16 if number == 1 else 8
            stored = np.rint(alpha * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)
            label.write_bytes(images.encode_png(stored))
    return root


def mask_set(root: Path, kind: str) -> Path:
    """Two classes, holes and parts."""
    for split in ("train", "valid"):
        export = Export(root.with_name(f"{root.name}-coco") / split)
        for number, name in enumerate(("a.jpg", "b 1.jpg", "sub/a.jpg")):
            image = export.image(name, seed=number)
            export.annotate(image, [box(2, 2, 9 + number, 9)])
            if number:
                export.annotate(image, [box(14, 5, 9, 11), box(4, 15, 5, 3)], category=2)
        export.write()
    datakit.coco2mask(root.with_name(f"{root.name}-coco"), root, kind=kind, workers=0)
    return root


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("exports")
    made = {kind: mask_set(root / kind, kind) for kind in KINDS[1:]}
    return made | {"matte": matte_set(root / "matte")}


def options(name: str) -> dict[str, str]:
    return {"size": f"{SIDE_PX}x{SIDE_PX}"} if name == "numpy" else {}


def export(source: Path, out: Path, name: str, **more: object) -> object:
    return datakit.export(source, out, format=name, **{"workers": 0, **options(name), **more})


def truth(source: Path) -> dict[Key, dict[str, np.ndarray]]:
    """What the source holds: photo, stored labels, and the forms that layouts make of them."""
    found = {}
    for item in open_sources([str(source)]).items():
        assert item.image is not None
        arrays = {"image": decoders.decode_photo(item.image.read())}
        for kind, ref in (("mask", item.mask), ("alpha", item.alpha)):
            if ref is not None:
                arrays[kind] = decoders.decode_mask(ref.read())
        if "alpha" in arrays:
            alpha = decoders.decode_alpha(item.alpha.read())  # type: ignore[union-attr]
            arrays["matte"] = np.rint(alpha * 255).astype(np.uint8)
            arrays["binary"] = np.uint8(255) * (alpha >= 0.5)
        else:
            arrays["binary"] = arrays["matte"] = np.uint8(255) * (arrays["mask"] > 0)
        found[item.split or "train", flat_name(item.stem)] = arrays
    return found


def test_every_layout_is_read_back() -> None:
    assert set(READERS) == set(WRITERS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", WRITERS)
def test_labels_come_back(sources: dict[str, Path], tmp_path: Path, name: str, kind: str) -> None:
    summary = export(sources[kind], tmp_path / "out", name)
    assert summary.exit_code == 0, summary  # type: ignore[attr-defined]
    known, found = truth(sources[kind]), READERS[name](tmp_path / "out")
    assert found.keys() == known.keys()
    sized = name == "numpy" and kind != "matte"
    for key, arrays in found.items():
        expected = known[key]
        if not sized and "image" in arrays:
            # JPEG sources go through as they are.
            assert np.array_equal(arrays["image"], expected["image"])
        for form in arrays.keys() - {"image"}:
            cut = form == "near" or (form == "mask" and kind == "matte")
            want = expected["binary" if cut else form]
            if form == "near":
                # Polygons: as near as they say.
                assert iou(arrays[form], want) >= 0.99
            elif sized:
                assert set(np.unique(arrays[form])) <= set(np.unique(want))
            else:
                assert np.array_equal(arrays[form], want), (key, form)


@pytest.mark.parametrize("name", WRITERS)
def test_workers_and_interruptions_do_not_change_a_byte(
    sources: dict[str, Path], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    more: dict[str, object] = {}
    if WRITERS.load(name).FACTS.sharded:
        more = {"shard_samples": 2, "shuffle": 3}
    export(sources["matte"], tmp_path / "a", name, workers=2, **more)
    allowed = [3]
    writing = atomic.writing

    def full(path: Path, *, durable: bool = False) -> object:
        allowed[0] -= 1
        if allowed[0] < 0:
            raise OutputError("the disk is full")
        return writing(path, durable=durable)

    with monkeypatch.context() as patch:
        patch.setattr(atomic, "writing", full)
        with pytest.raises(OutputError):
            export(sources["matte"], tmp_path / "b", name, **more)
    assert not (tmp_path / "b/dataset.json").exists()
    export(sources["matte"], tmp_path / "b", name, resume=True, **more)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    again = export(sources["matte"], tmp_path / "b", name, resume=True, **more)
    assert "nothing was done" in again.notes[0]  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="--overwrite"):
        export(sources["matte"], tmp_path / "b", name, **more)


@pytest.mark.parametrize("name", WRITERS)
def test_a_size_is_the_size_of_all(sources: dict[str, Path], tmp_path: Path, name: str) -> None:
    export(sources["binary"], tmp_path / "out", name, size="20x16", fit="letterbox")
    for arrays in READERS[name](tmp_path / "out").values():
        assert {array.shape[:2] for array in arrays.values()} == {(16, 20)}
    for row in rows(tmp_path / "out/metadata.jsonl"):
        assert (row["width"], row["height"]) == (20, 16)
        assert row["history"][-1]["verb"] == "export"


@pytest.mark.parametrize("name", WRITERS)
def test_a_bad_sample_is_a_row(sources: dict[str, Path], tmp_path: Path, name: str) -> None:
    source = matte_set(tmp_path / "source")
    (source / "train/images/a.jpg").write_bytes(b"no picture")
    (source / "val/images/lone.jpg").write_bytes(jpeg(photo(SIDE_PX, SIDE_PX)))
    summary = export(source, tmp_path / "out", name)
    failed = {row["id"] for row in rows(tmp_path / "out/failures.jsonl")}
    needs_no_label = name in ("webdataset", "parquet")
    # In files of one sample each, an image without a label would say that all of it is background.
    left_out = summary.counts.get("left out: no label", 0)  # type: ignore[attr-defined]
    assert left_out == (not WRITERS.load(name).FACTS.sharded)
    said = set() if needs_no_label or left_out else {"val/lone.jpg"}
    assert failed == {"train/a.jpg"} | said
    assert summary.exit_code == 3  # type: ignore[attr-defined]
    assert summary.counts["samples"] == 5 + needs_no_label  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", WRITERS)
def test_nothing_is_written_outside(tmp_path: Path, name: str) -> None:
    source = mask_set(tmp_path / "source", "binary")
    manifest = source / "metadata.jsonl"
    manifest.write_text(manifest.read_text().replace('"split":"val"', '"split":"../../out2"'))
    export(source, tmp_path / "out", name)
    assert {path.name for path in tmp_path.iterdir()} == {"source", "source-coco", "out"}
    assert not [path for path in tree(tmp_path / "out") if ".." in path]


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


# What single layouts promise


def test_p3m_has_no_test_side_and_tells_hidden_faces(tmp_path: Path) -> None:
    source = mask_set(tmp_path / "source", "binary")
    manifest = source / "metadata.jsonl"
    lines = manifest.read_text().splitlines()
    hidden = next(n for n, line in enumerate(lines) if '"split":"val"' in line)
    lines[hidden] = lines[hidden].replace('"tags":[', '"tags":["faces-hidden"')
    test = next(n for n, line in enumerate(lines) if '"split":"train"' in line)
    lines[test] = lines[test].replace('"split":"train"', '"split":"test"')
    manifest.write_text("\n".join(lines) + "\n")
    summary = export(source, tmp_path / "out", "p3m")
    assert "left out: 1 sample of 'test'" in summary.notes[-1]  # type: ignore[attr-defined]
    assert len(list((tmp_path / "out/validation/P3M-500-P/blurred_image").iterdir())) == 1
    assert len(list((tmp_path / "out/validation/P3M-500-NP/original_image").iterdir())) == 2
    assert len(list((tmp_path / "out/train/blurred_image").iterdir())) == 2
    items = list(open_sources([str(tmp_path / "out")], layout="p3m").items())
    assert len(items) == 5 and all(item.alpha is not None for item in items)


def test_the_export_is_a_dataset_too(sources: dict[str, Path], tmp_path: Path) -> None:
    export(sources["matte"], tmp_path / "out", "modnet")
    found = list(open_sources([str(tmp_path / "out")]).items())
    assert [item.split for item in found] == ["train"] * 3 + ["val"] * 3
    assert all(item.image and item.alpha and item.trimap for item in found)
    assert not (tmp_path / "out/train/metadata.jsonl").exists()


def test_classes_of_coco_and_yolo(sources: dict[str, Path], tmp_path: Path) -> None:
    import yaml
    from pycocotools.coco import COCO

    for kind in ("semantic", "instance"):
        export(sources[kind], tmp_path / kind / "coco", "coco")
        export(sources[kind], tmp_path / kind / "yolo", "yolo-seg")
        coco = COCO(str(tmp_path / kind / "coco/annotations/instances_train.json"))
        names = {entry["id"]: entry["name"] for entry in coco.loadCats(coco.getCatIds())}
        assert set(names.values()) == {"person", "dog"}
        counted = [names[found["category_id"]] for found in coco.loadAnns(coco.getAnnIds())]
        assert sorted(counted) == ["dog"] * 2 + ["person"] * 3
        facts = yaml.safe_load((tmp_path / kind / "yolo/data.yaml").read_text())
        assert set(facts["names"].values()) == {"person", "dog"}
    # One class in a binary set gives it its name; several do not.
    export(sources["binary"], tmp_path / "coco", "coco")
    document = json.loads((tmp_path / "coco/annotations/instances_train.json").read_text())
    assert [entry["name"] for entry in document["categories"]] == ["foreground"]


def test_datakit_reads_its_coco(sources: dict[str, Path], tmp_path: Path) -> None:
    export(sources["instance"], tmp_path / "coco", "coco")
    summary = datakit.coco2mask(
        tmp_path / "coco/annotations/instances_train.json",
        tmp_path / "again",
        images_dir=tmp_path / "coco/images/train",
        kind="semantic",
        workers=0,
    )
    assert summary.exit_code == 0 and summary.counts["samples"] == 3


def test_shards_hold_what_they_say(sources: dict[str, Path], tmp_path: Path) -> None:
    import tarfile

    export(sources["matte"], tmp_path / "out", "webdataset", shard_samples=2)
    names = sorted(path.name for path in (tmp_path / "out/data").iterdir())
    assert names == [f"{side}-0000{n}-of-00002.tar" for side in ("train", "val") for n in range(2)]
    for path in (tmp_path / "out/data").iterdir():
        with tarfile.open(path) as tar:
            for member in tar.getmembers():
                assert (member.mtime, member.uid, member.gid, member.mode) == (0, 0, 0, 0o644)
                assert member.uname == member.gname == "" and "/" not in member.name
    index = rows(tmp_path / "out/shards.jsonl")
    assert [row["row"] for row in index] == [0, 1, 0, 1, 0, 0]
    export(sources["matte"], tmp_path / "mixed", "webdataset", shard_samples=2, shuffle=1)
    mixed = rows(tmp_path / "mixed/shards.jsonl")
    assert [row["id"] for row in mixed] != [row["id"] for row in index]
    assert sorted(str(row["id"]) for row in mixed) == sorted(str(row["id"]) for row in index)


@pytest.mark.parametrize("name", ["webdataset", "parquet"])
@pytest.mark.filterwarnings("ignore")  # other people's deprecations
def test_hugging_face_loads_shards(
    sources: dict[str, Path], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    export(sources["matte"], tmp_path / "out", name, shard_samples=2)
    cache = str(tmp_path / "cache")
    for loaded in (
        datasets.load_dataset(str(tmp_path / "out"), cache_dir=cache),
        datasets.load_dataset(name, data_dir=str(tmp_path / "out/data"), cache_dir=cache),
    ):
        sides = {"train": 3, "val": 3} if "val" in loaded else {"train": 3, "validation": 3}
        assert {side: len(loaded[side]) for side in loaded} == sides
        row = loaded["train"][0]
        field = "jpg" if name == "webdataset" else "image"
        alpha = row["alpha.png" if name == "webdataset" else "alpha"]
        assert row[field].size == alpha.size == (SIDE_PX, SIDE_PX)


@pytest.mark.filterwarnings("ignore")
def test_hugging_face_and_pandas_read_a_dataset(
    sources: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    import pandas as pd

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    source = sources["binary"]
    loaded = datasets.load_dataset("imagefolder", data_dir=str(source), cache_dir=str(tmp_path))
    assert {name: len(part) for name, part in loaded.items()} == {"train": 3, "validation": 3}
    assert loaded["train"][0]["image"].size == (32, 24)
    table = pd.read_json(source / "metadata.jsonl", lines=True)
    assert table.split.value_counts().to_dict() == {"train": 3, "val": 3}


def test_mixed_pictures_become_jpeg_and_it_is_counted(tmp_path: Path) -> None:
    source = matte_set(tmp_path / "source")
    path = source / "train/images/a.jpg"
    path.with_suffix(".png").write_bytes(png(photo(SIDE_PX, SIDE_PX)))
    path.unlink()
    summary = export(source, tmp_path / "out", "webdataset")
    assert summary.counts["images encoded again"] == 1  # type: ignore[attr-defined]
    assert len(READERS["webdataset"](tmp_path / "out")) == 6


def test_long_names_fit_into_a_tar(tmp_path: Path) -> None:
    source = matte_set(tmp_path / "source")
    for folder, suffix in (("images", ".jpg"), ("alphas", ".png")):
        path = source / f"train/{folder}/a{suffix}"
        path.rename(path.with_name(f"{'n' * 100}{suffix}"))
    assert export(source, tmp_path / "out", "webdataset").exit_code == 0  # type: ignore[attr-defined]
    assert ("train", "n" * 100) in READERS["webdataset"](tmp_path / "out")


def test_a_set_that_is_split_in_part_is_refused(tmp_path: Path) -> None:
    one, other = (
        write_set(tmp_path / "one/train", "masks", 1),
        write_set(tmp_path / "b", "masks", 1),
    )
    with pytest.raises(InputError, match="without a split"):
        datakit.export([one.parent, other], tmp_path / "out", format="modnet", workers=0)
    assert not (tmp_path / "out").exists()


def test_wrong_options_are_told(sources: dict[str, Path], tmp_path: Path) -> None:
    source = sources["matte"]
    with pytest.raises(InputError, match="--size"):
        datakit.export(source, tmp_path / "out", format="numpy")
    with pytest.raises(InputError, match="has no shards"):
        datakit.export(source, tmp_path / "out", format="p3m", shard_samples=3)
    with pytest.raises(InputError, match="option format: expected one of"):
        datakit.export(source, tmp_path / "out", format="p4m")
    assert not (tmp_path / "out").exists()


def test_a_dry_run_writes_nothing(sources: dict[str, Path], tmp_path: Path) -> None:
    summary = export(sources["matte"], tmp_path / "out", "webdataset", dry_run=True)
    assert not (tmp_path / "out").exists()
    assert summary.counts["would process"] == 2  # type: ignore[attr-defined]


PICTURES = (
    *("p3m", "u2net", "modnet", "dis", "composition", "rvm", "images-masks", "voc"),
    *("imagefolder", "webdataset", "parquet", "numpy"),
)
OWN = ("metadata.jsonl", "dataset.json", "failures.jsonl", "shards.jsonl")


def stored(source: Path) -> dict[str, np.ndarray]:
    """Return photo -> foreground of its label, as every verb reads a source."""
    found = {}
    for item in open_sources([str(source)]).items():
        labels = read_labelled(item, image_bytes(item))
        mask = labels.alpha >= 0.5 if labels.mask is None else labels.mask > 0  # type: ignore[operator]
        found[f"{item.split}/{Path(item.rel).stem.rpartition('_')[0] or item.rel}"] = mask
    return found


@pytest.mark.parametrize("own", [True, False], ids=["with records", "foreign"])
@pytest.mark.parametrize("name", PICTURES)
def test_what_is_written_is_read_as_a_source(tmp_path: Path, name: str, own: bool) -> None:
    source = mask_set(tmp_path / "source", "binary")
    export(source, tmp_path / "out", name)
    if not own:
        for file in OWN:
            (tmp_path / "out" / file).unlink(missing_ok=True)
    collection = open_sources([str(tmp_path / "out")])
    assert collection.formats[0] in (name, "datakit")
    assert collection.failures == ()
    assert (len(collection), collection.parts[0][2].labelled) == (6, 6)
    assert {item.split for item in collection.items()} == {"train", "val"}
    areas = sorted(int(mask.sum()) for mask in stored(tmp_path / "out").values())
    if name != "numpy":
        assert areas == sorted(int(mask.sum()) for mask in stored(source).values())
    assert datakit.validate(tmp_path / "out", workers=0).problems == ()


@pytest.mark.parametrize("name", ["images-masks", "voc", "webdataset", "parquet", "numpy"])
def test_classes_and_void_are_read_again_without_records(tmp_path: Path, name: str) -> None:
    source = mask_set(tmp_path / "source", "semantic")
    row = next(iter(rows(source / "metadata.jsonl")))
    ignore = np.zeros((row["height"], row["width"]), np.uint8)
    ignore[-4:] = 255
    (source / "ignores").mkdir()
    (source / "ignores/x.png").write_bytes(png(ignore))
    manifest = source / "metadata.jsonl"
    lines = manifest.read_text().splitlines()
    first = json.loads(lines[0]) | {"ignore_file_name": "ignores/x.png", "label_state": "partial"}
    manifest.write_text("\n".join([json.dumps(first), *lines[1:]]) + "\n")
    export(source, tmp_path / "out", name)
    for file in OWN:
        (tmp_path / "out" / file).unlink(missing_ok=True)
    collection = open_sources([str(tmp_path / "out")])
    known = open_sources([str(source)]).label_map
    assert collection.label_map == known
    ignored = [
        int((found.ignore > 0).sum())
        for item in collection.items()
        if (found := read_labelled(item, image_bytes(item))).ignore is not None
    ]
    assert sum(map(bool, ignored)) == 1
    if name in ("webdataset", "parquet"):
        assert [item.label_state for item in collection.items()].count("partial") == 1


def test_what_the_loaders_cannot_take_is_left_out_or_made_fit(tmp_path: Path) -> None:
    source = matte_set(tmp_path / "source")
    gray = decoders.decode_photo((source / "train/images/a.jpg").read_bytes())[..., 0]
    done, data = cv2.imencode(".jpg", gray)
    assert done
    (source / "train/images/a.jpg").write_bytes(data.tobytes())
    (source / "val/alphas/a.png").write_bytes(png(np.zeros((SIDE_PX, SIDE_PX), np.uint8)))
    summary = export(source, tmp_path / "out", "u2net")
    counts = summary.counts  # type: ignore[attr-defined]
    assert (counts["left out: no foreground"], counts["images made RGB"]) == (1, 1)
    for path in (tmp_path / "out").rglob("*.jpg"):
        assert images.probe(path.read_bytes()).mode == "RGB"


@pytest.mark.parametrize("kind", ["semantic", "instance"])
@pytest.mark.parametrize("name", [name for name in WRITERS if WRITERS.load(name).FACTS.binary])
def test_records_of_masks_without_classes_name_none(
    sources: dict[str, Path], tmp_path: Path, name: str, kind: str
) -> None:
    export(sources[kind], tmp_path / "out", name)
    source = open_sources([str(tmp_path / "out")])
    assert source.formats == ("datakit",) and is_binary(source.label_map)
    assert not any(item.sample and item.sample.instances for item in source.items())
    summary = datakit.coco2mask(tmp_path / "out", tmp_path / "again", kind="semantic", workers=0)
    assert (summary.failed, len(source)) == (0, summary.counts["samples"])


def test_background_alone_is_a_mask_of_no_objects(tmp_path: Path) -> None:
    source = mask_set(tmp_path / "source", "instance")
    first = next(iter(rows(source / "metadata.jsonl")))
    empty = np.zeros((first["height"], first["width"]), np.uint16)
    (source / first["mask_file_name"]).write_bytes(png(empty))
    text = (source / "metadata.jsonl").read_text().splitlines()
    text[0] = json.dumps(first | {"instances": []})
    (source / "metadata.jsonl").write_text("\n".join(text) + "\n")
    summary = datakit.coco2mask(source, tmp_path / "again", kind="instance", workers=0)
    assert (summary.failed, summary.counts["empty"]) == (0, 1)
