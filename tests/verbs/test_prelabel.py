"""`prelabel` through the Python API: drafts, queue, calibration, COCO."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest
import yaml

import datakit
from datakit.core.drafts.uncertainty import WEIGHTS
from datakit.core.masks.polygons import polygon_mask
from datakit.core.metrics.mask_metrics import iou
from datakit.engine.base import Outcome
from datakit.errors import InputError, SchemaError
from datakit.io.tables import jsonl
from datakit.records.draft import CHANGES, Calibration, Change, Draft, Queued
from datakit.records.drafting import Drafting
from datakit.records.product import Product
from datakit.verbs.prelabel.options import Options
from datakit.verbs.prelabel.stages import StageTimes
from tests.verbs.exports import tree

pytest.importorskip("ai_edge_litert", reason="the extra 'faces' is not installed")

PORTRAITS = 7


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, sample_data: Path) -> Path:
    """The sample portraits and a wall, small."""
    folder = tmp_path_factory.mktemp("photos") / "photos"
    folder.mkdir()
    for path in sorted((sample_data / "portraits/images").iterdir()):
        image = cv2.imread(str(path))
        scale = 320 / max(image.shape)
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"{path.stem}.jpg"), small)
    cv2.imwrite(str(folder / "wall.png"), np.full((200, 240, 3), 190, np.uint8))
    return folder


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> tuple[Path, Drafting]:
    out = tmp_path_factory.mktemp("drafts") / "drafts"
    summary = datakit.prelabel(photos, out, workers=0)
    assert isinstance(summary, Drafting)
    return out, summary


def test_every_photo_has_a_label(drafted: tuple[Path, Drafting], photos: Path) -> None:
    out, summary = drafted
    assert summary.exit_code == 0
    assert summary.counts["samples"] == summary.counts["masks"] == PORTRAITS + 1
    assert summary.counts["empty"] == 1
    for path in photos.iterdir():
        image = cv2.imread(str(path))
        for kind in ("masks", "alphas"):
            label = cv2.imread(str(out / kind / f"{path.stem}.png"), cv2.IMREAD_UNCHANGED)
            assert label.shape == image.shape[:2]
            assert (label.mean() > 20) == (path.stem != "wall")


def test_the_drafts_are_people(drafted: tuple[Path, Drafting], sample_data: Path) -> None:
    out, _ = drafted
    for path in (sample_data / "portraits/alphas").iterdir():
        truth = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        mask = cv2.imread(str(out / "masks" / f"{path.stem}.png"), cv2.IMREAD_GRAYSCALE)
        truth = cv2.resize(truth, mask.shape[::-1], interpolation=cv2.INTER_AREA) > 127
        assert (truth & (mask > 0)).sum() / (truth | (mask > 0)).sum() > 0.8, path.stem


def test_the_queue_begins_with_what_is_uncertain(drafted: tuple[Path, Drafting]) -> None:
    out, _ = drafted
    queue = list(jsonl.read(out / "queue.jsonl", Queued))
    assert [row.rank for row in queue] == list(range(1, PORTRAITS + 2))
    assert queue[0].id == "wall.png"
    assert (queue[0].doubt, queue[0].reason) == (1, "empty")
    uncertainties = [row.doubt for row in queue]
    assert uncertainties == sorted(uncertainties, reverse=True)
    with (out / "queue.csv").open(newline="") as lines:
        table = list(csv.DictReader(lines))
    assert [row["id"] for row in table] == [row.id for row in queue]
    assert [float(row["entropy"]) for row in table] == [row.parts["entropy"] for row in queue]


def test_the_coco_file_paints_the_masks_again(
    drafted: tuple[Path, Drafting], tmp_path: Path
) -> None:
    out, _ = drafted
    document = json.loads((out / "annotations.coco.json").read_text())
    assert [image["id"] for image in document["images"]] == list(range(1, PORTRAITS + 2))
    assert [one["id"] for one in document["annotations"]] == list(range(1, PORTRAITS + 1))
    datakit.coco2mask(
        out / "annotations.coco.json", tmp_path / "again", workers=0, images_dir=str(out)
    )
    for path in (out / "masks").iterdir():
        again = tmp_path / "again/masks" / path.name
        assert (cv2.imread(str(again), 0) == cv2.imread(str(path), 0)).all()


def test_polygons_keep_the_masks(photos: Path, tmp_path: Path) -> None:
    datakit.prelabel(photos, tmp_path / "out", workers=0, outline="polygons")
    document = json.loads((tmp_path / "out/annotations.coco.json").read_text())
    names = {image["id"]: image["file_name"] for image in document["images"]}
    drawn = [one for one in document["annotations"] if isinstance(one["segmentation"], list)]
    assert drawn
    for one in drawn:
        path = tmp_path / "out/masks" / f"{Path(names[one['image_id']]).stem}.png"
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) > 0
        rings = [np.reshape(ring, (-1, 2)) for ring in one["segmentation"]]
        assert iou(polygon_mask(rings, *mask.shape) > 0, mask) >= 0.99


def test_a_contract_is_recorded_by_its_content(photos: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from tests.models import weight_makers

    (tmp_path / "src").mkdir()
    shutil.copy(photos / "wall.png", tmp_path / "src")
    (tmp_path / "model.onnx").write_bytes(weight_makers.brightness_onnx())
    file = weight_makers.contract_file(tmp_path, "stretch")
    datakit.prelabel(
        tmp_path / "src",
        tmp_path / "out",
        workers=0,
        model="onnx",
        weights=(str(tmp_path / "model.onnx"),),
        contract=str(file),
    )
    row = json.loads((tmp_path / "out/metadata.jsonl").read_text())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert json.loads(row["history"][-1]["params"])["contract"] == f"{file.name} (sha256 {digest})"


def test_what_a_dataset_says_of_its_drafts(drafted: tuple[Path, Drafting]) -> None:
    out, summary = drafted
    rows = [json.loads(line) for line in (out / "metadata.jsonl").read_text().splitlines()]
    for row in rows:
        assert {"draft", "synthetic-alpha"} <= set(row["tags"])
        [model] = json.loads(row["history"][-1]["params"])["models"]
        assert model["name"] == "mediapipe-selfie"
        assert model["licence"] == "Apache-2.0"
        assert model["sha256"] in summary.models[0]
    card = json.loads((out / "dataset.json").read_text())
    assert card["label_map"] == {"background": 0, "person": 255}
    assert card["commands"][-1]["options"]["device"] == "cpu"
    assert any("device: cpu" in note for note in summary.notes)
    assert set(summary.stages) == {"read", "decode", "infer", "label", "write"}
    # Drafts are no truth: eval says so.
    with pytest.raises(InputError, match="synthetic"):
        datakit.eval((out, out), workers=0)


def test_drafts_read_as_a_dataset(drafted: tuple[Path, Drafting]) -> None:
    splits = datakit.stats(drafted[0], workers=0).splits.values()
    assert sum(split.samples for split in splits) == PORTRAITS + 1


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_no_byte(
    drafted: tuple[Path, Drafting], photos: Path, tmp_path: Path, workers: int
) -> None:
    datakit.prelabel(photos, tmp_path / "out", workers=workers)
    assert tree(tmp_path / "out") == tree(drafted[0])


def test_killed_and_resumed_is_the_same(
    drafted: tuple[Path, Drafting], photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "datakit", "prelabel", str(photos), "-o", str(out), "-q"]
    command += ["--workers", "1"]
    run = subprocess.Popen(command)
    journal = out / ".datakit/journal.jsonl"
    while run.poll() is None and not (journal.exists() and journal.read_bytes().count(b"\n") > 2):
        time.sleep(0.002)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert not (out / "queue.csv").exists()
    assert subprocess.run([*command, "--resume"]).returncode == 0
    assert tree(out) == tree(drafted[0])


def test_resume_of_a_finished_run_does_nothing(
    drafted: tuple[Path, Drafting], photos: Path
) -> None:
    before = tree(drafted[0])
    again = datakit.prelabel(photos, drafted[0], workers=0, resume=True)
    assert any("complete already" in note for note in again.notes)
    assert tree(drafted[0]) == before


def test_every_step_is_off_or_on_and_recorded(photos: Path, tmp_path: Path) -> None:
    some = tmp_path / "some"
    some.mkdir()
    for name in ("bald_beard.jpg", "wall.png"):
        shutil.copy(photos / name, some)
    options: dict[str, Any] = {
        "min_max": True, "refine": True, "largest": 1, "min_area": 0.01, "matting": True,
        "depth": "16", "tta": "flip", "second": "mediapipe-selfie", "category": "human",
    }  # fmt: skip
    datakit.prelabel(some, tmp_path / "out", workers=0, **options)
    alpha = cv2.imread(str(tmp_path / "out/alphas/bald_beard.png"), cv2.IMREAD_UNCHANGED)
    raw = cv2.imread(str(tmp_path / "out/probabilities/bald_beard.png"), cv2.IMREAD_UNCHANGED)
    assert alpha.dtype == raw.dtype == np.uint16
    row = json.loads((tmp_path / "out/metadata.jsonl").read_text().splitlines()[0])
    params = json.loads(row["history"][-1]["params"])
    assert {name: params[name] for name in options} == options
    assert len(params["models"]) == 2
    parts = json.loads((tmp_path / "out/drafts.jsonl").read_text().splitlines()[0])["parts"]
    assert {"flip", "second"} <= set(parts)


def test_a_bad_photo_is_a_row(photos: Path, tmp_path: Path) -> None:
    shutil.copytree(photos, tmp_path / "src")
    (tmp_path / "src/bad.jpg").write_bytes(b"\xff\xd8\xff")
    summary = datakit.prelabel(tmp_path / "src", tmp_path / "out", workers=0)
    assert summary.exit_code == 3
    assert summary.counts["samples"] == PORTRAITS + 1
    assert len(list(jsonl.read(tmp_path / "out/queue.jsonl", Queued))) == PORTRAITS + 1


@pytest.mark.parametrize(
    "how", [{"people": "faces", "effort": "fast"}, {}], ids=["faces", "verified"]
)
def test_a_photo_without_people_has_an_empty_label(
    photos: Path, sample_data: Path, tmp_path: Path, how: dict[str, str]
) -> None:
    (tmp_path / "src").mkdir()
    shutil.copy(photos / "bald_beard.jpg", tmp_path / "src")
    for name in ("chelsea.jpg", "coffee.jpg"):
        shutil.copy(sample_data / "photos" / name, tmp_path / "src")
    datakit.prelabel(tmp_path / "src", tmp_path / "out", workers=0, **how)  # type: ignore[arg-type]
    queue = list(jsonl.read(tmp_path / "out/queue.jsonl", Queued))
    assert [(row.id, row.doubt) for row in queue[:2]] == [("chelsea.jpg", 1), ("coffee.jpg", 1)]
    for name in ("chelsea", "coffee", "bald_beard"):
        mask = cv2.imread(str(tmp_path / f"out/masks/{name}.png"), cv2.IMREAD_UNCHANGED)
        assert mask.any() == (name == "bald_beard")
        kept = (tmp_path / f"out/probabilities/{name}.png").exists()
        assert kept == (name != "bald_beard" or not how)


# Calibration


def reviewed(drafts: Path, folder: Path, copies: int = 3) -> Path:
    """Return a drafted dataset with a merged review: people changed what was soft."""
    folder.mkdir()
    rows = [
        msgspec.structs.replace(row, id=f"{copy}/{row.id}")
        for copy in range(copies)
        for row in jsonl.read(drafts / "drafts.jsonl", Draft)
    ]
    jsonl.write(folder / "drafts.jsonl", rows)
    jsonl.write(
        folder / CHANGES,
        [Change(id=row.id, sha256=row.sha256, iou=1 - row.parts["border"]) for row in rows],
    )
    return folder


def test_calibration_orders_by_what_people_changed(
    drafted: tuple[Path, Drafting], photos: Path, tmp_path: Path
) -> None:
    folder = reviewed(drafted[0], tmp_path / "reviewed")
    datakit.prelabel(photos, tmp_path / "out", workers=0, calibrate=str(folder))
    found = msgspec.convert(
        yaml.safe_load((tmp_path / "out/calibration.yaml").read_text()), Calibration
    )
    assert found.reviewed == 3 * (PORTRAITS + 1)
    assert found.weights["border"] == max(found.weights.values())
    assert found.spearman is not None
    assert found.spearman > 0.7
    again = tmp_path / "out/calibration.yaml"
    datakit.prelabel(photos, tmp_path / "again", workers=0, calibrate=str(again))
    for name in ("queue.jsonl", "queue.csv", "calibration.yaml"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


def test_calibrations_that_are_none(
    drafted: tuple[Path, Drafting], photos: Path, tmp_path: Path
) -> None:
    def refused(path: Path, error: type[Exception], words: str) -> None:
        with pytest.raises(error, match=words):
            datakit.prelabel(photos, tmp_path / "out", workers=0, calibrate=str(path))
        assert not (tmp_path / "out").exists()

    refused(drafted[0], InputError, r"expected changes\.jsonl")
    refused(tmp_path / "none.yaml", InputError, "cannot be read")
    (tmp_path / "c.yaml").write_text("weights: {hair: 1}")
    refused(tmp_path / "c.yaml", SchemaError, "no uncertainty measure")
    (tmp_path / "c.yaml").write_text("weights: {entropy: 7}")
    refused(tmp_path / "c.yaml", SchemaError, "<= 1.0")
    refused(reviewed(drafted[0], tmp_path / "few", copies=1), InputError, "at least 10")


def test_the_plain_weights_are_written_too(drafted: tuple[Path, Drafting]) -> None:
    text = (drafted[0] / "calibration.yaml").read_text()
    assert yaml.safe_load(text)["weights"] == dict(WEIGHTS)


# Bad input


def test_nothing_is_written_when_the_model_cannot_run(photos: Path, tmp_path: Path) -> None:
    def refused(error: type[Exception], words: str, **options: Any) -> None:
        with pytest.raises(error, match=words):
            datakit.prelabel(photos, tmp_path / "out", **{"workers": 0, **options})
        assert not (tmp_path / "out").exists()

    refused(InputError, "--model|model", model="no-such-model")
    refused(InputError, "device", device="tpu")
    refused(InputError, "--second NAME", second_weights=("x.onnx",))
    refused(InputError, "has no use for weights", weights=("x.onnx",))
    refused(InputError, "go together", merge="reviewed")
    refused(InputError, "runs on the CPU only", device="cuda:7")


def test_merge_takes_no_source(photos: Path) -> None:
    with pytest.raises(InputError, match="takes no SRC"):
        datakit.prelabel(photos, "", merge="reviewed", into="drafts")
    with pytest.raises(InputError, match="expected SRC and -o DST"):
        datakit.prelabel()


def test_a_dry_run_writes_nothing(photos: Path, tmp_path: Path) -> None:
    summary = datakit.prelabel(photos, tmp_path / "out", workers=0, dry_run=True)
    assert summary.counts["would process"] == PORTRAITS + 1
    assert not (tmp_path / "out").exists()


# GPU: what is decided without one


@pytest.mark.parametrize(
    ("workers", "processes", "hands"), [(0, 0, 1), (1, 1, 1), (3, 1, 3), (8, 2, 8), (16, 4, 16)]
)
def test_processes_that_share_a_gpu(workers: int, processes: int, hands: int) -> None:
    options = Options(src=("photos",), out="drafts", model="u2netp", device="cuda", workers=workers)
    assert options.make_engine().workers == processes
    assert options.hands == hands
    on_cpu = Options(src=("photos",), out="drafts", device="cpu", workers=workers)
    assert on_cpu.make_engine().workers == workers


def test_busy_shares_count_the_hands() -> None:
    times = StageTimes(8, gpu_processes=2)
    seconds = {"read": 4.0, "compute": 1.0}
    times.count(Outcome("a", Product(), stages=seconds))
    times.count(Outcome("b", Product()))
    table = times.table(2.0)
    assert (table["read"].busy, table["read"].rate) == (0.25, 4.0)
    assert (table["infer"].busy, table["infer"].rate) == (0.25, 4.0)


@pytest.fixture(scope="module")
def couple(tmp_path_factory: pytest.TempPathFactory, sample_data: Path) -> Path:
    """Return a folder with one photo: two people side by side, 256 x 512 pixels."""
    names = ("astronaut.jpg", "bald_beard.jpg")
    images = [cv2.imread(str(sample_data / "portraits/images" / name)) for name in names]
    folder = tmp_path_factory.mktemp("couple")
    joined = np.hstack([cv2.resize(image, (256, 256)) for image in images])
    assert cv2.imwrite(str(folder / "two.png"), joined)
    return folder


def test_people_are_parted_into_instances(couple: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    datakit.prelabel(couple, out, instances=True, effort="fast", workers=0)
    mask = cv2.imread(str(out / "masks/two.png"), cv2.IMREAD_UNCHANGED)
    assert mask.dtype == np.uint16 and set(np.unique(mask)) == {0, 1, 2}
    left, right = (np.nonzero(mask == number)[1] for number in (1, 2))
    assert (left < 256).mean() > 0.97 and (right >= 256).mean() > 0.97
    row = json.loads((out / "metadata.jsonl").read_text())
    assert [one["id"] for one in row["instances"]] == [1, 2] and row["annotations"] == 2
    assert [one["area"] for one in row["instances"]] == [len(left), len(right)]
    coco = json.loads((out / "annotations.coco.json").read_text())
    assert [one["area"] for one in coco["annotations"]] == [len(left), len(right)]
    # The same people in one mask; the alpha does not tell them apart.
    datakit.prelabel(couple, tmp_path / "one", effort="fast", workers=0)
    whole = cv2.imread(str(tmp_path / "one/masks/two.png"), cv2.IMREAD_UNCHANGED)
    assert ((mask > 0) == (whole > 0)).all()
    assert (out / "alphas/two.png").read_bytes() == (tmp_path / "one/alphas/two.png").read_bytes()
    # What a tool sent back as it got it is unchanged.
    datakit.export(out, tmp_path / "coco", format="coco", workers=0)
    merged = datakit.prelabel(merge=str(tmp_path / "coco"), into=str(out))
    after = cv2.imread(str(out / "masks/two.png"), cv2.IMREAD_UNCHANGED)
    assert (after == mask).all() and merged.failed == 0


def test_boxes_part_people_too(couple: Path, tmp_path: Path) -> None:
    boxes = [(0, 0, 256, 256), (256, 0, 256, 256)]
    annotations = [
        {"id": number, "image_id": 1, "category_id": 1, "bbox": box, "area": 65536, "iscrowd": 0}
        for number, box in enumerate(boxes, 1)
    ]
    shutil.copytree(couple, tmp_path / "src")
    (tmp_path / "src/_annotations.coco.json").write_text(
        json.dumps(
            {
                "images": [{"id": 1, "file_name": "two.png", "width": 512, "height": 256}],
                "categories": [{"id": 1, "name": "person"}],
                "annotations": annotations,
            }
        )
    )
    out = tmp_path / "out"
    datakit.prelabel(
        tmp_path / "src", out, instances=True, prompts="boxes", effort="fast", workers=0
    )
    mask = cv2.imread(str(next(out.rglob("masks/two.png"))), cv2.IMREAD_UNCHANGED)
    assert set(np.unique(mask[:, :256])) == {0, 1} and set(np.unique(mask[:, 256:])) == {0, 2}
