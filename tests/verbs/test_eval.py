"""eval end to end: figures against the definitions, files, failures, comparisons."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import datakit
from datakit.errors import InputError
from tests.core import slow_metrics as slow
from tests.verbs.pairs import SIDE_PX, photo_and_alpha, write_alphas, write_gray, write_set


def failures(folder: Path) -> dict[str, str]:
    lines = (folder / "failures.jsonl").read_text().splitlines()
    return {row["id"]: row["error"] for row in map(json.loads, lines)}


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_alphas(tmp_path_factory.mktemp("gt") / "gt")


@pytest.fixture(scope="module")
def pred(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_alphas(tmp_path_factory.mktemp("pred") / "pred", blur=0.05)


def stored(folder: Path, name: str) -> np.ndarray:
    return (cv2.imread(str(folder / name), cv2.IMREAD_GRAYSCALE) / 255).astype(np.float32)


def test_the_rows_are_the_definitions_and_the_worst_comes_first(
    pred: Path, truth: Path, tmp_path: Path
) -> None:
    result = datakit.eval((pred, truth), out=tmp_path / "out", workers=0)
    assert result.exit_code == 0 and result.kind == "alpha" and result.samples == 3
    table = list(csv.DictReader((tmp_path / "out/eval.csv").read_text().splitlines()))
    assert [row["id"] for row in table] == ["p2", "p1", "p0"]
    for row in table:
        a, b = stored(pred, row["pred"]), stored(truth, row["gt"])
        assert float(row["sad"]) == pytest.approx(slow.slow_sad(a, b), rel=1e-6)
        assert float(row["mse"]) == pytest.approx(slow.slow_mse(a, b), rel=1e-6)
        grad = slow.slow_gradient_unit(a, b) / 1000
        assert float(row["grad"]) == pytest.approx(grad, rel=1e-5, abs=1e-6)
        conn = slow.slow_connectivity(a, b) / 1000
        assert float(row["conn"]) == pytest.approx(conn, rel=1e-6, abs=1e-6)
        assert float(row["ssim"]) == pytest.approx(slow.slow_ssim(a, b), abs=1e-6)
    mean = np.mean([float(row["mse"]) for row in table])
    summary = result.metrics["mse"]
    assert summary.mean == pytest.approx(mean)
    assert summary.low <= summary.mean <= summary.high
    assert summary.worst_id == "p2" == result.worst[0].id
    rows = [json.loads(line) for line in (tmp_path / "out/eval.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["p2", "p1", "p0"]
    assert json.loads((tmp_path / "out/eval.json").read_text())["profile"] == "dim"
    assert (tmp_path / "out/eval.svg").read_text().startswith("<?xml")


def test_profiles_and_made_trimaps(pred: Path, truth: Path) -> None:
    dim = datakit.eval((pred, truth), trimap="p3m", workers=0).metrics
    rvm = datakit.eval((pred, truth), profile="rvm", workers=0).metrics
    assert rvm["mse"].mean == pytest.approx(1000 * dim["mse"].mean)
    assert "sad_unknown" not in rvm
    parts = dim["sad_unknown"].mean + dim["sad_fg"].mean + dim["sad_bg"].mean
    assert parts == pytest.approx(dim["sad"].mean, rel=1e-6)


def test_equal_predictions_have_no_error(truth: Path) -> None:
    metrics = datakit.eval((truth, truth), workers=0).metrics
    assert metrics["sad"].mean == metrics["conn"].worst == 0
    assert metrics["ssim"].mean == metrics["iou"].mean == metrics["boundary_iou"].worst == 1


def test_workers_do_not_change_the_files(pred: Path, truth: Path, tmp_path: Path) -> None:
    for workers in (0, 2):
        datakit.eval((pred, truth), out=tmp_path / str(workers), workers=workers)
    for name in ("eval.csv", "eval.jsonl", "eval.svg"):
        assert (tmp_path / "0" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_paired_differences_tell_the_better_prediction(
    pred: Path, truth: Path, tmp_path: Path
) -> None:
    better = write_alphas(tmp_path / "better", blur=0.01)
    result = datakit.eval((pred, truth), compare=(better,), workers=0)
    (comparison,) = result.comparisons
    difference = comparison.differences["mse"]
    assert difference.better == 3 and difference.worse == 0 and difference.high < 0
    expected = comparison.metrics["mse"].mean - result.metrics["mse"].mean
    assert difference.mean == pytest.approx(expected)


def test_datasets_match_plain_folders_and_bring_their_trimaps(
    pred: Path, truth: Path, tmp_path: Path
) -> None:
    source = write_set(tmp_path / "src", "alphas")
    datakit.trimap(source, tmp_path / "dataset", style="p3m", kernel=5, workers=0)
    result = datakit.eval((pred, tmp_path / "dataset"), workers=0)
    assert result.samples == 3 and "conn_unknown" in result.metrics
    assert result.metrics["mse"] == datakit.eval((pred, truth), workers=0).metrics["mse"]


def test_masks_are_compared_as_masks(tmp_path: Path) -> None:
    source = write_set(tmp_path / "src", "masks")
    result = datakit.eval((source, source), workers=0)
    assert result.kind == "mask" and result.profile is None
    assert set(result.metrics) == {"iou", "dice", "boundary_iou", "precision", "recall"}


def test_synthetic_truth_is_refused_unless_told(pred: Path, tmp_path: Path) -> None:
    source = write_set(tmp_path / "src", "masks")
    datakit.matte(source, tmp_path / "mattes", workers=0)
    with pytest.raises(InputError, match="--allow-synthetic"):
        datakit.eval((pred, tmp_path / "mattes"), workers=0)
    told = datakit.eval((pred, tmp_path / "mattes"), allow_synthetic=True, workers=0)
    assert told.samples == 3
    as_prediction = datakit.eval((tmp_path / "mattes", pred), workers=0)
    assert as_prediction.samples == 3


def test_each_bad_file_is_one_row_and_nothing_is_lost(truth: Path, tmp_path: Path) -> None:
    pred = write_alphas(tmp_path / "pred", 2)
    gt = write_alphas(tmp_path / "gt", 8)
    write_gray(pred / "p1.png", np.ones((SIDE_PX, SIDE_PX + 3)))
    np.save(pred / "p2.npy", np.full((SIDE_PX, SIDE_PX), np.nan))
    cv2.imwrite(str(pred / "p3.tiff"), np.full((SIDE_PX, SIDE_PX), np.nan, np.float32))
    np.save(pred / "p4.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (pred / "p5.png").write_bytes(b"")
    write_gray(pred / "extra.png", np.ones((4, 4)))
    np.save(pred / "p7.npy", 2 * np.ones((SIDE_PX, SIDE_PX)))
    result = datakit.eval((pred, gt), out=tmp_path / "out", workers=0)
    assert result.exit_code == 3 and result.samples == 1 and result.failed == 8
    errors = failures(tmp_path / "out")
    assert "75x72" in errors["p1"] and "--resize" in errors["p1"]
    assert "nan" in errors["p2"] and "nan" in errors["p3"]
    assert "expected an array of numbers" in errors["p4"] and "empty" in errors["p5"]
    assert "no prediction" in errors["p6"] and "[0, 1]" in errors["p7"]
    assert "the truth has no alpha" in errors["extra"]


def test_16_bit_float_and_array_files_are_read(tmp_path: Path) -> None:
    gt, pred = tmp_path / "gt", tmp_path / "pred"
    gt.mkdir()
    pred.mkdir()
    for seed in range(5):
        write_gray(gt / f"p{seed}.png", photo_and_alpha(seed)[1], 16)
    alphas = [photo_and_alpha(seed)[1] for seed in range(5)]
    cv2.imwrite(str(pred / "p0.tiff"), alphas[0])
    np.save(pred / "p1.npy", alphas[1].astype(np.float64)[None])
    np.save(pred / "p2.npy", np.rint(alphas[2] * 65535).astype(np.uint16))
    np.save(pred / "p3.npy", alphas[3] > 0.5)
    write_gray(pred / "p4.png", alphas[4], 16)
    result = datakit.eval((pred, gt), workers=0)
    assert result.failed == 0 and result.samples == 5
    by_id = {score.id: score.metrics["mad"] for score in result.worst}
    assert max(by_id[name] for name in ("p0", "p1", "p2", "p4")) < 1e-5
    assert by_id["p3"] > 1e-3


def test_a_trimap_without_unknown_pixels_is_a_row(tmp_path: Path) -> None:
    source = write_set(tmp_path / "src", "alphas", 2)
    (source / "trimaps").mkdir()
    write_gray(source / "trimaps/p0.png", np.ones((SIDE_PX, SIDE_PX)))
    result = datakit.eval((source, source), out=tmp_path / "out", workers=0)
    assert result.samples == 1
    assert "expected unknown pixels" in failures(tmp_path / "out")["p0"]


def test_resizing_on_request(truth: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    for seed in range(3):
        alpha = cv2.resize(photo_and_alpha(seed)[1], None, fx=0.5, fy=0.5)
        write_gray(small / f"p{seed}.png", alpha)
    result = datakit.eval((small, truth), resize=True, workers=0)
    assert result.samples == 3 and result.metrics["mad"].worst < 0.01


def test_refusals_are_one_sentence(pred: Path, truth: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write_gray(other / "q.png", np.ones((5, 5)))
    with pytest.raises(InputError, match="named like"):
        datakit.eval((other, truth), workers=0)
    with pytest.raises(InputError, match="sad, mse"):
        datakit.eval((pred, truth), sort="speed", workers=0)
    with pytest.raises(InputError, match="PRED and GT, found 3"):
        datakit.eval((pred, truth, other))
    with pytest.raises(InputError, match="expected masks"):
        datakit.eval((pred, write_set(tmp_path / "src", "alphas")), kind="mask", workers=0)
    with pytest.raises(InputError, match=r"q\.png in it"):
        datakit.eval((pred, truth), out=other, workers=0)
    with pytest.raises(InputError, match="apart from the source"):
        datakit.eval((pred, truth), out=pred / "report", workers=0)
    datakit.eval((pred, truth), out=tmp_path / "out", workers=0)
    with pytest.raises(InputError, match="--overwrite"):
        datakit.eval((pred, truth), out=tmp_path / "out", workers=0)
    again = datakit.eval((pred, truth), out=tmp_path / "out", overwrite=True, workers=0)
    assert again.samples == 3
