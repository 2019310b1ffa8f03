"""train end to end: the loss falls, resume gives the same weights, the same seed the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import datakit
from datakit.errors import InputError, ModelError, OutputError
from datakit.io.store import atomic
from tests.verbs.exports import tree
from tests.verbs.pairs import write_set

SMALL = {"size": 32, "width": 4, "depth": 2, "batch_size": 3, "threads": 1}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("train") / "set"
    write_set(root / "train", "masks", 6)
    write_set(root / "val", "alphas", 3)
    return root


def history(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]


def fill_disk(patch: pytest.MonkeyPatch, write: int) -> None:
    """Let this write of a training, and all after it, fail."""
    writes = [0]
    writing = atomic.write_bytes

    def full(path: Path, data: bytes, *, durable: bool = False) -> None:
        writes[0] += 1
        if writes[0] >= write:
            raise OutputError("the disk is full")
        writing(path, data, durable=durable)

    patch.setattr(atomic, "write_bytes", full)


@pytest.mark.parametrize(("model", "size"), [("unet", 64), ("u2netp", 64)])
def test_the_loss_falls_on_the_sample_data(
    sample_data: Path, tmp_path: Path, model: str, size: int
) -> None:
    result = datakit.train(
        sample_data / "portraits", tmp_path / "out", model=model, size=size, width=8, depth=3,
        epochs=4, batch_size=3, lr=3e-3, pipeline="none", patience=0, threads=1,
    )  # fmt: skip
    losses = [row["loss"]["total"] for row in history(tmp_path / "out")]  # type: ignore[index]
    assert len(losses) == 4 and losses[-1] < 0.9 * losses[0]
    assert result.exit_code == 0 and result.epochs == 4
    assert result.counts == {"train": 6, "val": 1} and "held out" in result.notes[0]
    assert result.best is not None and result.best.scores["iou"] <= 1


def test_a_person_is_found_after_some_epochs(source: Path, tmp_path: Path) -> None:
    result = datakit.train(
        source, tmp_path / "out", **{**SMALL, "width": 8}, epochs=25, lr=0.01, pipeline="none"
    )
    assert result.best is not None and result.best.scores["iou"] > 0.85 > result.before["iou"]


def test_the_same_seed_gives_the_same_bytes_and_resume_too(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datakit.train(source, tmp_path / "a", **SMALL, epochs=4)
    datakit.train(source, tmp_path / "w", **SMALL, epochs=4, workers=2)
    with monkeypatch.context() as patch:
        fill_disk(patch, 3)
        with pytest.raises(OutputError):
            datakit.train(source, tmp_path / "b", **SMALL, epochs=4)
    assert (tmp_path / "b/checkpoint.safetensors").exists()
    assert not (tmp_path / "b/dataset.json").exists()
    with pytest.raises(InputError, match="--resume expected the same"):
        datakit.train(source, tmp_path / "b", **{**SMALL, "batch_size": 4}, epochs=4, resume=True)
    # Neither is a training gone on from whose photos became others.
    photo, neighbour = sorted(source.glob("train/images/*"))[:2]
    before, other_photo = photo.read_bytes(), neighbour.read_bytes()
    photo.write_bytes(other_photo)
    with pytest.raises(InputError, match="--resume expected the same"):
        datakit.train(source, tmp_path / "b", **SMALL, epochs=4, resume=True)
    photo.write_bytes(before)
    datakit.train(source, tmp_path / "b", **SMALL, epochs=4, resume=True)
    known = {name: data for name, data in tree(tmp_path / "a").items() if name != "training.json"}
    assert {"model.safetensors", "history.jsonl", "samples.jsonl", "dataset.json"} <= known.keys()
    for other in ("b", "w"):
        found = tree(tmp_path / other)
        assert {name: found[name] for name in known} == known
    again = datakit.train(source, tmp_path / "b", **SMALL, epochs=4, resume=True)
    assert "nothing was done" in again.notes[-1]
    photo.write_bytes(other_photo)
    with pytest.raises(InputError, match="some are new, gone or changed"):
        datakit.train(source, tmp_path / "b", **SMALL, epochs=4, resume=True)
    photo.write_bytes(before)
    (tmp_path / "w/model.safetensors").write_bytes(b"others")
    with pytest.raises(InputError, match="expected the weights of the finished training"):
        datakit.train(source, tmp_path / "w", **SMALL, epochs=4, resume=True)
    with pytest.raises(InputError, match="other options"):
        datakit.train(source, tmp_path / "b", **SMALL, epochs=5, resume=True)
    datakit.train(source, tmp_path / "c", **SMALL, epochs=4, seed=1)
    other = (tmp_path / "c/model.safetensors").read_bytes()
    assert other != (tmp_path / "a/model.safetensors").read_bytes()


def test_it_stops_when_nothing_gets_better(source: Path, tmp_path: Path) -> None:
    result = datakit.train(source, tmp_path / "out", **SMALL, epochs=50, patience=2, lr=1e-9)
    assert result.epochs < 50 and result.best is not None
    rows = history(tmp_path / "out")
    assert [row["gained"] for row in rows[-2:]] == [False, False]
    assert any(row["gained"] for row in rows) == (len(rows) > 2)
    assert any("improved" in note or "of no use" in note for note in result.notes)
    assert any(row["best"] for row in rows)


def test_a_model_that_predicts_nothing_is_of_no_use_and_its_drafts_are_told(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datakit.training.loop import Trainer

    learn = Trainer._pass

    def forgets(trainer: Trainer, *given: object) -> object:
        found = learn(trainer, *given)  # type: ignore[arg-type]
        *_, last = (part for part in trainer.network.modules() if hasattr(part, "out_channels"))
        last.bias.data.fill_(-30.0)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_pass", forgets)
        result = datakit.train(source, tmp_path / "model", **SMALL, epochs=1)
    said = " ".join(result.notes)
    assert "of no use yet: the best epoch predicts nothing" in said and "improved" not in said
    assert result.best is not None and result.best.scores["foreground"] == 0
    drafts = datakit.prelabel(
        source / "train/images", tmp_path / "drafts", model="unet",
        weights=[str(tmp_path / "model/model.safetensors")], device="cpu", workers=0,
    )  # fmt: skip
    assert drafts.counts["empty"] == drafts.counts["samples"] == 6
    (told,) = [note for note in drafts.notes if "6 of 6 drafts are empty" in note]
    assert "verdict of `datakit train`" in told and "--model" in told
    assert drafts.models[0].startswith("unet (licence not known, sha256 ")


def test_of_equal_epochs_that_of_the_least_error_is_kept(source: Path, tmp_path: Path) -> None:
    result = datakit.train(source, tmp_path / "out", **SMALL, epochs=3, lr=1e-4)
    rows = history(tmp_path / "out")
    top = max(row["scores"]["iou"] for row in rows)
    equal = [row["scores"]["mse"] for row in rows if row["scores"]["iou"] == top]
    assert result.best is not None
    assert result.best.scores["mse"] == min(equal)


def test_a_val_side_without_a_subject_is_refused(tmp_path: Path) -> None:
    write_set(tmp_path / "set/train", "masks", 2)
    write_set(tmp_path / "set/val", "alphas", 1)
    (alpha,) = (tmp_path / "set/val/alphas").iterdir()
    empty = np.zeros_like(cv2.imread(str(alpha), cv2.IMREAD_GRAYSCALE))
    assert cv2.imwrite(str(alpha), empty)
    with pytest.raises(InputError, match="val samples, found all of them empty"):
        datakit.train(tmp_path / "set", tmp_path / "out", **SMALL, epochs=1)


def test_prelabel_loads_what_train_wrote(source: Path, tmp_path: Path) -> None:
    from datakit.io.pixels import decoders
    from datakit.models.factory import Settings
    from datakit.models.networks.unet import UNetConfig
    from datakit.models.segmenters.base import build, segment_one

    datakit.train(source, tmp_path / "out", **SMALL, epochs=2)
    weights = tmp_path / "out/model.safetensors"
    segmenter = build("unet", Settings(weights=(str(weights),), device="cpu"))
    image = decoders.decode_photo((source / "val/images/p0.png").read_bytes())
    found = segment_one(segmenter, image)

    from datakit.models.networks.unet_weights import read_unet
    from datakit.training.networks import NetworkSpec
    from datakit.training.scoring import predict

    model = read_unet(weights.read_bytes(), "weights").eval()
    assert model.config == UNetConfig(width=4, depth=2, size_px=32)
    expected = predict(model, NetworkSpec("unet", 32, 4, 2), image)
    assert np.abs(found - expected).max() < 1e-5


def test_going_on_from_weights(source: Path, tmp_path: Path) -> None:
    first = datakit.train(source, tmp_path / "a", **SMALL, epochs=3, lr=0.01)
    weights = tmp_path / "a/model.safetensors"
    more = {**SMALL, "width": 9, "depth": 5, "size": 40}  # the file says its shape itself
    second = datakit.train(source, tmp_path / "b", **more, epochs=1, weights=str(weights))
    assert second.started_from_sha256 == first.weights_sha256
    assert second.parameters == first.parameters
    with pytest.raises(ModelError, match="u2netp"):
        datakit.train(source, tmp_path / "c", model="u2netp", size=64, weights=str(weights))
    assert not (tmp_path / "c").exists()


def test_weights_that_no_epoch_makes_better_are_kept(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datakit.training import loop

    first = datakit.train(source, tmp_path / "a", **SMALL, epochs=1)
    weights = str(tmp_path / "a/model.safetensors")
    calls = [0]

    def worse(*_: object) -> list[dict[str, float]]:
        calls[0] += 1
        iou = 0.9 - 0.1 * calls[0]
        return [{"iou": iou, "boundary_iou": iou, "mse": 1 - iou, "foreground": 0.3,
                 "true_foreground": 0.3}] * 3  # fmt: skip

    monkeypatch.setattr(loop, "scores_of", worse)
    kept = datakit.train(source, tmp_path / "kept", **SMALL, weights=weights)
    assert kept.epochs == 3 and kept.best is None  # the patience of going on
    assert kept.weights_sha256 == first.weights_sha256
    assert any("no epoch was better than the given weights" in note for note in kept.notes)


def test_a_frozen_encoder_stays_as_it_is(source: Path, tmp_path: Path) -> None:
    from datakit.models.weights.files import read_tensors

    datakit.train(source, tmp_path / "a", **SMALL, epochs=2, lr=0.01)
    weights = tmp_path / "a/model.safetensors"
    frozen = {**SMALL, "weights": str(weights), "freeze": "encoder", "lr": 0.01}
    datakit.train(source, tmp_path / "b", **frozen, epochs=3)
    before, after = (
        read_tensors((tmp_path / name / "model.safetensors").read_bytes(), name)[0]
        for name in ("a", "b")
    )
    changed = {key.split(".")[0] for key in before if not before[key].equal(after[key])}
    assert "down" not in changed and changed <= {"up", "head"}
    assert changed or "no epoch was better" in str((tmp_path / "b/training.json").read_text())
    with pytest.raises(InputError, match="--freeze encoder: expected --weights"):
        datakit.train(source, tmp_path / "c", **SMALL, freeze="encoder")


def test_without_a_val_side_the_score_is_cross_validated(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = {**SMALL, "epochs": 2, "val_share": 0, "folds": 3, "pipeline": "none"}
    train = source / "train"
    result = datakit.train(train, tmp_path / "a", **tiny)
    folds = [json.loads(line) for line in (tmp_path / "a/folds.jsonl").read_text().splitlines()]
    assert sorted(name for fold in folds for name in fold["ids"]) == [f"p{i}.png" for i in range(6)]
    assert [len(fold["after"]) for fold in folds] == [2, 2, 2]
    assert result.counts == {"train": 6, "val": 0} and result.folds == 3 and result.best is None
    found = result.out_of_fold["iou"]
    mean = np.mean([row["iou"] for fold in folds for row in fold["after"]])
    assert found.low <= found.mean <= found.high and found.mean == pytest.approx(mean)
    assert result.epochs == sorted(fold["best"] for fold in folds)[1]
    assert any("cross-validated in 3 folds" in note for note in result.notes)
    stages = [row["fold"] for row in history(tmp_path / "a")]
    assert stages == [0, 0, 1, 1, 2, 2, *[None] * result.epochs]

    # Stopped anywhere, it goes on to the same bytes.
    for stop in (3, 4, 7):
        out = tmp_path / f"stopped-{stop}"
        with monkeypatch.context() as patch:
            fill_disk(patch, stop)
            with pytest.raises(OutputError):
                datakit.train(train, out, **tiny)
        datakit.train(train, out, **tiny, resume=True)
        known = tree(tmp_path / "a")
        assert {**tree(out), "training.json": ""} == {**known, "training.json": ""}
    with pytest.raises(InputError, match="all of one group"):
        datakit.train(write_set(tmp_path / "one", "masks", 1), tmp_path / "b", **tiny)


def test_a_teacher_labels_the_photos_without_a_label(source: Path, tmp_path: Path) -> None:
    datakit.train(source, tmp_path / "teacher", **{**SMALL, "width": 8}, epochs=4, lr=0.01)
    weights = str(tmp_path / "teacher/model.safetensors")
    few = write_set(tmp_path / "few", "masks", 6)
    for name in ("p2", "p3", "p4"):
        (few / f"masks/{name}.png").unlink()
    (few / "images/p4.png").write_bytes(b"no image")
    given = {"teacher": ["unet", "otsu"], "teacher_weights": [weights, "-"], "val_share": 0.4}
    result = datakit.train(few, tmp_path / "a", **SMALL, **given, epochs=1)
    assert result.counts == {"train": 2, "val": 1, "taught": 2} and result.failed == 1
    assert [name.split(" ")[0] for name in result.teachers] == ["unet", "otsu"]
    rows = (tmp_path / "a/samples.jsonl").read_text().splitlines()
    assert [row["id"] for row in map(json.loads, rows) if row["side"] == "taught"] == [
        "p2.png", "p3.png",
    ]  # fmt: skip
    # The soft label is the mean of the teachers' maps.
    from datakit.io.pixels import decoders
    from datakit.models.factory import Settings
    from datakit.models.segmenters.base import build, segment_one

    image = decoders.decode_photo((few / "images/p2.png").read_bytes())
    maps = [
        segment_one(build(name, settings), image)
        for name, settings in (
            ("unet", Settings(weights=(weights,), device="cpu")), ("otsu", Settings()),
        )
    ]  # fmt: skip
    soft = cv2.imread(str(tmp_path / "a/taught/p2.png"), cv2.IMREAD_UNCHANGED)
    assert np.abs(soft / 255 - np.mean(maps, axis=0)).max() < 0.003
    # It is learnt from: without the teacher the weights are others.
    alone = datakit.train(few, tmp_path / "b", **SMALL, epochs=1, val_share=0.4)
    assert alone.weights_sha256 != result.weights_sha256
    with pytest.raises(InputError, match="--teacher-weights: expected one for each of 1"):
        datakit.train(few, tmp_path / "d", teacher=["otsu"], teacher_weights=["-", "-"])
    with pytest.raises(InputError, match="--teacher: expected photos without a label"):
        datakit.train(source, tmp_path / "d", teacher=["otsu"])


def test_labels_that_the_size_leaves_nothing_of_are_told(tmp_path: Path) -> None:
    root = write_set(tmp_path / "set", "masks", 5)
    mask = cv2.imread(str(root / "masks/p0.png"), cv2.IMREAD_GRAYSCALE)
    speck = np.zeros((4 * mask.shape[0], 4 * mask.shape[1]), np.uint8)
    speck[5, 5] = 255
    photo = cv2.imread(str(root / "images/p0.png"))
    assert cv2.imwrite(str(root / "images/p0.png"), cv2.resize(photo, speck.shape[::-1]))
    assert cv2.imwrite(str(root / "masks/p0.png"), speck)
    result = datakit.train(root, tmp_path / "out", **SMALL, epochs=1)
    (told,) = [note for note in result.notes if "at the new size" in note]
    assert told.startswith("1 label without any foreground at the new size, such as p0.png")
    assert "take a larger --size, or leave out such samples" in told


def test_the_small_published_net_goes_on_with_folded_norms(
    shared_data: Path, source: Path, tmp_path: Path
) -> None:
    (weights,) = (shared_data / "weights/u2netp_fp16_onnx").glob("*.onnx")
    result = datakit.train(
        source, tmp_path / "out", model="u2netp", size=64, epochs=1, threads=1,
        weights=str(weights), lr=1e-5, pipeline="none",
    )  # fmt: skip
    assert result.best is not None
    from datakit.models.factory import Settings
    from datakit.models.segmenters.base import build

    written = str(tmp_path / "out/model.safetensors")
    assert build("u2netp", Settings(weights=(written,), device="cpu")).identity.name == "u2netp"


def test_bad_samples_are_rows(tmp_path: Path) -> None:
    source = write_set(tmp_path / "set", "masks", 6)
    (source / "images/p1.png").write_bytes(b"no image")
    (source / "masks/p2.png").unlink()
    result = datakit.train(source, tmp_path / "out", **SMALL, epochs=1, val_share=0.4)
    assert result.exit_code == 3 and result.failed == 1
    row = json.loads((tmp_path / "out/failures.jsonl").read_text())
    assert row["id"] == "p1.png" and row["step"] == "train"
    assert sum(result.counts.values()) == 4
    assert any("1 sample without a label" in note for note in result.notes)
    with pytest.raises(InputError, match="--strict"):
        datakit.train(source, tmp_path / "strict", **SMALL, epochs=1, strict=True)
    assert not (tmp_path / "strict").exists()


def test_a_model_is_no_dataset_and_is_not_overwritten_by_chance(
    source: Path, tmp_path: Path
) -> None:
    datakit.train(source, tmp_path / "out", **SMALL, epochs=1)
    assert not (tmp_path / "out/metadata.jsonl").exists()
    with pytest.raises(InputError, match="--overwrite"):
        datakit.train(source, tmp_path / "out", **SMALL, epochs=1)
    datakit.train(source, tmp_path / "out", **SMALL, epochs=1, overwrite=True)


def test_what_cannot_be_trained_is_told_before_any_work(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(InputError, match=r"--weights .* cannot be read"):
        datakit.train(source, out, **SMALL, weights=str(tmp_path / "none.pth"))
    (tmp_path / "page.pth").write_text("<!DOCTYPE html>")
    with pytest.raises(ModelError, match="web page"):
        datakit.train(source, out, **SMALL, weights=str(tmp_path / "page.pth"))
    with pytest.raises(InputError, match="64 px for u2netp"):
        datakit.train(source, out, model="u2netp", size=32)
    with pytest.raises(InputError, match="found 0"):
        datakit.train(source / "train/images", out)
    write_set(tmp_path / "all/test", "masks", 3)
    with pytest.raises(InputError, match=r"3 in split test, .* `datakit split SRC -o PARTS`"):
        datakit.train(tmp_path / "all", out)
    assert datakit.train(source, out, **SMALL, dry_run=True).counts == {"train": 6, "val": 3}


def test_the_device_is_told_and_never_another_one(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from datakit.training.loop import Trainer

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ModelError, match="--device cuda: expected a CUDA device"):
        datakit.train(source, tmp_path / "out", **SMALL, device="cuda")
    assert not (tmp_path / "out").exists()
    done = datakit.train(source, tmp_path / "out", **SMALL, epochs=1)
    assert done.notes[-1] == "device: cpu (chosen by auto)"

    def full(*_: object) -> None:
        raise torch.cuda.OutOfMemoryError("injected")

    monkeypatch.setattr(Trainer, "_pass", full)
    with pytest.raises(ModelError, match=r"a batch of 3 at 32 px .* smaller --batch-size"):
        datakit.train(source, tmp_path / "again", **SMALL)


def test_a_loss_that_is_no_number_ends_the_run(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datakit.training import losses

    monkeypatch.setattr(
        losses, "alpha_mse", lambda pred, true, known: (pred - true).sum() * float("nan")
    )
    with pytest.raises(ModelError, match="finite loss"):
        datakit.train(source, tmp_path / "out", **SMALL)
    assert not (tmp_path / "out").exists()
