"""`prelabel` with U²-Net-p on real portraits: accuracy, uncertainty, and the same on a GPU."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.stats import spearmanr

import datakit
from datakit.core.metrics.mask_metrics import iou
from datakit.io.tables import jsonl
from datakit.models.networks.u2net import U2Net
from datakit.records.draft import Queued

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.uncertainty import caught, gathered, quality

REFERENCE = {"ppm": 0.967, "people": 0.878}
SLACK = 0.005
FEW = 4


@pytest.fixture
def pairs(shared_data: Path) -> list[list[Path]]:
    portraits, people = shared_data / "matting/ppm100", shared_data / "personseg/vikram_human_seg"
    return [
        [portraits / "image", portraits / "alpha"],
        [people / "Training_Images", people / "Ground_Truth"],
    ]


@pytest.fixture
def weights(shared_data: Path) -> str:
    pytest.importorskip("onnxruntime", reason="the extra 'prelabel' is not installed")
    return str(shared_data / "weights/u2netp_fp16_onnx/u2netp-fp16.onnx")


def test_a_few_portraits(pairs: list[list[Path]], weights: str, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    truths = dict(sorted(gathered(pairs[:1], tmp_path / "photos").items())[:FEW])
    for path in (tmp_path / "photos").iterdir():
        if path.name not in truths:
            path.unlink()
    datakit.prelabel(
        tmp_path / "photos", tmp_path / "out", model="u2netp", weights=(weights,), workers=0
    )
    found = [
        quality((tmp_path / "out/alphas" / name).with_suffix(".png"), truth)
        for name, (_, truth) in truths.items()
    ]
    assert len(found) == FEW
    assert min(found) > 0.92
    queue = list(jsonl.read(tmp_path / "out/queue.jsonl", Queued))
    assert "sides" in queue[0].parts


@pytest.mark.slow
def test_accuracy_and_uncertainty(pairs: list[list[Path]], weights: str, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    truths = gathered(pairs, tmp_path / "photos")
    out = tmp_path / "out"
    datakit.prelabel(tmp_path / "photos", out, model="u2netp", weights=(weights,), workers=2)
    scores = {
        name: quality((out / "alphas" / name).with_suffix(".png"), truth)
        for name, (_, truth) in truths.items()
    }
    first = [scores[name] for name in sorted(scores) if truths[name][0] == 0]
    second = [scores[name] for name in sorted(scores) if truths[name][0] == 1][:40]
    assert np.mean(first) == pytest.approx(REFERENCE["ppm"], abs=SLACK)
    assert np.mean(second) == pytest.approx(REFERENCE["people"], abs=SLACK)
    queue = {row.id: row.doubt for row in jsonl.read(out / "queue.jsonl", Queued)}
    uncertainty = np.array([queue[name] for name in scores])
    wrong = np.array([1 - score for score in scores.values()])
    assert spearmanr(uncertainty, wrong).statistic >= 0.5
    assert caught(uncertainty, wrong > 0.2) >= 0.5


@pytest.mark.cuda
@pytest.mark.parametrize(("precision", "slack"), [("bfloat16", 2e-2), ("float16", 5e-3)])
def test_a_gpu_drafts_the_same(
    sample_data: Path, tmp_path: Path, precision: str, slack: float
) -> None:
    torch = pytest.importorskip("torch", reason="the extra 'prelabel' is not installed")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA GPU")
    torch.manual_seed(0)
    torch.save(U2Net("u2netp").state_dict(), tmp_path / "u2netp.pth")
    photos = sample_data / "portraits/images"
    # A step that changes nothing here, so that the model's own maps are kept.
    given = {"model": "u2netp", "weights": (str(tmp_path / "u2netp.pth"),), "largest": 1000}
    datakit.prelabel(photos, tmp_path / "cpu", device="cpu", workers=0, **given)
    datakit.prelabel(photos, tmp_path / "gpu", device="cuda", batch=4, precision=precision, **given)
    maps = sorted((tmp_path / "cpu/probabilities").iterdir())
    assert len(maps) == len(list(photos.iterdir()))
    for path in maps:
        one = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) / 65535
        other = cv2.imread(str(tmp_path / "gpu/probabilities" / path.name), -1) / 65535
        assert np.abs(one - other).max() <= slack
        assert iou(one > 0.5, other > 0.5) > 0.9
    order = [
        [row.id for row in jsonl.read(tmp_path / device / "queue.jsonl", Queued)]
        for device in ("cpu", "gpu")
    ]
    assert order[0] == order[1]
