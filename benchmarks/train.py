"""What training on 40 reviewed photos brings on 40 that were never seen.

    python benchmarks/train.py PAIRS [--weights u2netp.onnx] [--threads 2] [--only NAME] [--seeds 5]

PAIRS holds ``Training_Images/`` and ``Ground_Truth/``. In the string order of their names the first
40 photos are held out for the final score; the next 40 are the reviewed ones, of which ``train``
holds out a fifth by itself to choose its epoch. A label of another size than its photo is stretched
to it. Runs, each on the CPU:

- ``unet``: a plain U-Net from random weights, 128 px, the augmentation ``light``;
- ``u2netp-scratch``: U²-Net-p from random weights, 128 px;
- ``u2netp``: U²-Net-p from its published weights (``--weights``), at the default settings.

Prints one JSON object for each run and seed: mean IoU and boundary IoU of the held 40 before and
after, epochs, seconds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

import datakit
from datakit.io.layouts.sources import open_sources
from datakit.io.pixels import decoders, images
from datakit.training.networks import NetworkSpec, start_from
from datakit.training.samples import read_photo
from datakit.training.scoring import scores_of

HELD = REVIEWED = 40

RUNS: dict[str, dict[str, Any]] = {
    "unet": {
        "model": "unet",
        "size": 128,
        "width": 16,
        "depth": 4,
        "epochs": 60,
        "lr": 2e-3,
        "patience": 0,
    },
    "u2netp-scratch": {"model": "u2netp", "size": 128, "epochs": 40, "lr": 1e-3, "patience": 0},
    "u2netp": {"model": "u2netp"},
}
DEFAULT_SIZE_PX = 320


def write_pair(source: Path, name: str, folder: Path) -> None:
    """Put a photo and its mask, at the photo's size, into images/ and masks/."""
    (photo,) = (source / "Training_Images").glob(f"{name}.*")
    data = photo.read_bytes()
    height, width = decoders.decode_photo(data, photo.name).shape[:2]
    label = decoders.decode_stored((source / "Ground_Truth" / f"{name}.png").read_bytes())
    mask = np.uint8(255) * (label.reshape(*label.shape[:2], -1)[..., 0] > 127)
    if mask.shape != (height, width):
        mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    (folder / "images" / photo.name).write_bytes(data)
    (folder / "masks" / f"{name}.png").write_bytes(images.encode_png(mask))


def scores(network: torch.nn.Module, spec: NetworkSpec, folder: Path) -> list[dict[str, Any]]:
    """Return the measures of each held-out photo at its own size."""
    return list(scores_of(network, spec, list(open_sources([str(folder)]).items())))


def run(name: str, work: Path, weights: Path | None, threads: int, seed: int) -> dict[str, Any]:
    """Train, and score the held-out photos before and after."""
    chosen = dict(RUNS[name])
    given: dict[str, Any] = {}
    size = chosen.get("size", DEFAULT_SIZE_PX)
    spec = NetworkSpec(chosen["model"], size, chosen.get("width", 32), chosen.get("depth", 4))
    if name == "u2netp":
        assert weights is not None
        given = {"weights": str(weights)}
        spec, network = start_from(spec.name, spec.size_px, weights.read_bytes(), weights.name)
    else:
        network = spec.build(seed)
    torch.set_num_threads(threads)
    before = scores(network, spec, work / "held")
    started, cpu = time.perf_counter(), time.process_time()
    result = datakit.train(
        work / "reviewed", work / f"{name}-{seed}", **chosen, **given, threads=threads, seed=seed,
        device="cpu",
    )  # fmt: skip
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    data = (work / f"{name}-{seed}" / "model.safetensors").read_bytes()
    spec, trained = start_from(spec.name, spec.size_px, data, "model.safetensors")
    after = scores(trained, spec, work / "held")
    ious = [row["iou"] for row in after]
    better = sum(new > old["iou"] for new, old in zip(ious, before, strict=True))
    return {
        "run": name,
        "seed": seed,
        "parameters": result.parameters,
        "size_px": spec.size_px,
        "iou_before": _mean(before, "iou"),
        "iou_after": _mean(after, "iou"),
        "boundary_iou_before": _mean(before, "boundary_iou"),
        "boundary_iou_after": _mean(after, "boundary_iou"),
        "median_after": round(statistics.median(ious), 4),
        "worst_after": round(min(ious), 4),
        "photos_better": f"{better} of {len(after)}",
        "epochs": result.epochs,
        "best_epoch": result.best.epoch if result.best else None,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
    }


def _mean(rows: list[dict[str, Any]], measure: str) -> float:
    return round(statistics.mean(row[measure] for row in rows), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", choices=RUNS)
    parser.add_argument("--seeds", type=int, default=1, help="of each run: 0, 1, …")
    chosen = parser.parse_args()
    names = sorted(path.stem for path in (chosen.pairs / "Ground_Truth").glob("*.png"))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name in names[:HELD]:
            write_pair(chosen.pairs, name, work / "held")
        for name in names[HELD : HELD + REVIEWED]:
            write_pair(chosen.pairs, name, work / "reviewed")
        for item in open_sources([str(work / "held")]).items():
            read_photo(item)
        for name in RUNS:
            if chosen.only not in (None, name) or (name == "u2netp" and not chosen.weights):
                continue
            for seed in range(chosen.seeds):
                figures = run(name, work, chosen.weights, chosen.threads, seed)
                print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
