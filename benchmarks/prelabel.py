"""Photos a second of `prelabel`: the model alone and end to end, against plain loops and the floor.

    OMP_NUM_THREADS=1 python benchmarks/prelabel.py --weights u2netp=u2netp.onnx [--photos 12]
        [--models u2netp u2net] [--rembg-python PYTHON]
    python benchmarks/prelabel.py --device cuda --photos 4096 --precision bfloat16 --batch 64

Weights that are not given are made up (random): the time does not depend on them. Photos are
640 x 640 JPEGs. Lines:

  forward      the runtime's own forward of one prepared 320 x 320 input (a batch, on a GPU)
  model only   a segmenter's segment(): resize, normalise, forward, maps
  end to end   the task of `prelabel`, file to files (on a GPU: the verb itself)
  plain loop   what people write: cv2.imread, forward of one in plain torch, cv2.imwrite
  host side    what is left to the CPU beside a GPU: read and decode; measure, encode and write
  rembg        its session on the same weights, file to file, in its own environment
  floor        operations / measured matrix rate, and the pictures' bytes / measured bandwidth

On a CPU all are taken in turn, photo by photo, and compared by CPU seconds of this thread: other
work on the machine disturbs them less.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

import datakit
from datakit.io.layouts.sources import open_sources
from datakit.models.factory import Settings
from datakit.models.networks.u2net import U2Net
from datakit.models.segmenters.base import build
from datakit.records.sample import Operation
from datakit.verbs.prelabel.task import Prelabel

SIDE, PHOTO_SIDE = 320, 640
GFLOP = {"u2netp": 39.5, "u2net": 117.2}
MEAN, STD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])

REMBG = """
import sys, time
from PIL import Image
from rembg import new_session, remove
name, home, out, *photos = sys.argv[1:]
session = new_session(name)
for path in [photos[0], *photos]:
    started = time.process_time()
    remove(Image.open(path), session=session, only_mask=True).save(out)
    print(time.process_time() - started)
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=["u2netp", "u2net"])
    parser.add_argument("--weights", nargs="*", default=[], help="NAME=FILE")
    parser.add_argument("--photos", type=int, default=12)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rembg-python", help="a Python that can import rembg")
    return parser.parse_args()


def make_photos(folder: Path, count: int) -> list[Path]:
    """Write photos with the statistics of a portrait: a large smooth shape, texture, noise."""
    folder.mkdir()
    paths = []
    for number in range(count):
        rng = np.random.default_rng(number)
        coarse = rng.integers(0, 255, (20, 20, 3), dtype=np.uint8)
        image = cv2.resize(coarse, (PHOTO_SIDE, PHOTO_SIDE), interpolation=cv2.INTER_CUBIC)
        cv2.ellipse(image, (320, 420), (170, 300), 0, 0, 360, (150, 170, 210), -1)
        noise = rng.normal(0, 6, image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
        paths.append(folder / f"{number:05}.jpg")
        cv2.imwrite(str(paths[-1]), image, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return paths


def make_weights(name: str, folder: Path) -> Path:
    """Write an ONNX file of the architecture with random weights."""
    torch.manual_seed(0)
    path = folder / f"{name}.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            U2Net(name).eval(), torch.zeros(1, 3, SIDE, SIDE), str(path), dynamo=False
        )
    return path


def prepared(image: np.ndarray) -> np.ndarray:
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    return ((small / small.max() - MEAN) / STD).transpose(2, 0, 1)[None].astype(np.float32)


def cpu_seconds(work: Callable[[], Any]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def task_of(name: str, weights: Path, out: Path) -> Prelabel:
    settings = {"weights": (str(weights),), "device": "cpu", "batch_size": 1}
    return Prelabel(
        out=str(out), step=Operation(verb="prelabel", version="0"), model=(name, settings),
        second=None, flip=False, people="any", prompts="none", thorough=False, cleaning={}, depth=8,
        outline="rle", category="person", batch=1, threads=0,
    )  # fmt: skip


def plain_loop(model: torch.nn.Module, device: str) -> Callable[[Path, Path], None]:
    def one(photo: Path, out: Path) -> None:
        image = cv2.cvtColor(cv2.imread(str(photo)), cv2.COLOR_BGR2RGB)
        with torch.no_grad():
            found = model(torch.from_numpy(prepared(image)).to(device))
        found = (found[0] if isinstance(found, (tuple, list)) else found)[0, 0]
        alpha = cv2.resize(found.float().cpu().numpy(), image.shape[1::-1])
        cv2.imwrite(str(out), (alpha * 255).clip(0, 255).astype(np.uint8))

    return one


def on_cpu(name: str, weights: Path, work: Path, paths: list[Path], rembg: str | None) -> None:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(str(weights), options, providers=providers)
    feed = {session.get_inputs()[0].name: prepared(cv2.imread(str(paths[0])))}
    settings = Settings(weights=(weights,), device="cpu", batch_size=1)
    segmenter = build(name, settings)
    task = task_of(name, weights, work / f"{name}-out")
    items = list(open_sources([str(paths[0].parent)]).items())
    plain = plain_loop(U2Net(name).eval(), "cpu")
    seconds: dict[str, list[float]] = {}
    for path, item in zip(paths, items, strict=True):
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        ways: dict[str, Callable[[], Any]] = {
            "forward": lambda: session.run(None, feed),
            "model only": lambda image=image: segmenter.segment([image]),
            "end to end": lambda item=item: task(item),
            "plain loop": lambda path=path: plain(path, work / "plain.png"),
        }
        for way, doing in ways.items():
            seconds.setdefault(way, []).append(cpu_seconds(doing))
    if rembg:
        seconds["rembg"] = run_rembg(rembg, name, weights, work, paths)
    # The first photo warms everything up; medians, as other work disturbs single ones.
    forward = np.array(seconds["forward"][1:])
    for way, found in seconds.items():
        taken, ratio = np.median(found[1:]), np.median(np.array(found[1:]) / forward)
        print(f"  {way:11} {1e3 * taken:8.1f} ms   {ratio:5.2f} x forward   {1 / taken:7.2f} /s")
    host_side(task, items)
    rate, bandwidth = matrix_rate("cpu", "float32"), copy_bandwidth("cpu")
    floor = GFLOP[name] / rate
    moved = PHOTO_SIDE * PHOTO_SIDE * 5 / (1e9 * bandwidth)
    print(
        f"  floor       {1e3 * floor:8.1f} ms by {rate:.0f} GFLOP/s; {1e3 * moved:.2f} ms by "
        f"{bandwidth:.1f} GB/s; forward at {floor / np.median(forward):.0%} of the matrix rate"
    )


def host_side(task: Prelabel, items: list[Any]) -> None:
    """Print what a photo costs before and after the model."""
    worker = task._worker  # type: ignore[attr-defined]
    photo = worker.load(items[0])
    said = worker.start([photo])()[0]
    costs = []
    for work in (lambda: worker.load(items[0]), lambda: worker.finish(items[0], photo, said)):
        work()
        costs.append(1e3 * float(np.median([cpu_seconds(work) for _ in range(50)])))
    print(
        f"  host side   {sum(costs):8.2f} ms: {costs[0]:.2f} to read and decode, {costs[1]:.2f} to "
        f"measure, encode and write; {1e3 / sum(costs):.0f} /s a core"
    )


def run_rembg(python: str, name: str, weights: Path, work: Path, paths: list[Path]) -> list[float]:
    home = work / "rembg"
    home.mkdir(exist_ok=True)
    (home / f"{name}.onnx").write_bytes(weights.read_bytes())
    # rembg compares a checksum of its own release unless it is told not to.
    env = {**os.environ, "U2NET_HOME": str(home), "MODEL_CHECKSUM_DISABLED": "1"}
    command = [python, "-c", REMBG, name, str(home), str(work / "rembg.png"), *map(str, paths)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"  rembg: did not run: {done.stderr.strip().splitlines()[-1]}")
        return [float("nan")] * len(paths)
    return [float(line) for line in done.stdout.split()[1:]]


def matrix_rate(device: str, precision: str) -> float:
    """Return GFLOP a second of a large matrix product."""
    side = 1536 if device == "cpu" else 8192
    dtype = getattr(torch, precision)
    one = torch.randn(side, side, device=device, dtype=dtype)
    best = min(timed(lambda: one @ one, device) for _ in range(5))
    return 2 * side**3 / best / 1e9


def copy_bandwidth(device: str) -> float:
    """Return GB a second that a large copy reads and writes."""
    one = torch.zeros(1 << 26, device=device)
    other = torch.empty_like(one)
    best = min(timed(lambda: other.copy_(one), device) for _ in range(5))
    return 2 * one.numel() * 4 / best / 1e9


def timed(work: Callable[[], Any], device: str) -> float:
    if device == "cpu":
        return cpu_seconds(work)
    torch.cuda.synchronize()
    started = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - started


def on_device(
    name: str, weights: Path, work: Path, paths: list[Path], options: argparse.Namespace
) -> None:
    device, batch = options.device, options.batch
    settings = Settings(
        weights=(weights,), device=device, batch_size=batch, precision=options.precision
    )
    segmenter = build(name, settings)
    images = [cv2.cvtColor(cv2.imread(str(p)), cv2.COLOR_BGR2RGB) for p in paths[:batch]]
    segmenter.segment(images)
    only = min(timed(lambda: segmenter.segment(images), device) for _ in range(10)) / len(images)
    started = time.perf_counter()
    found = datakit.prelabel(
        paths[0].parent, work / f"{name}-out", model=name, weights=(str(weights),), device=device,
        batch=batch, precision=options.precision,
    )  # fmt: skip
    whole = (time.perf_counter() - started) / len(paths)
    plain = plain_loop(U2Net(name).eval().to(device), device)
    some = paths[: min(64, len(paths))]
    plain(some[0], work / "plain.png")
    loop = timed(lambda: [plain(path, work / "plain.png") for path in some], device) / len(some)
    rate = matrix_rate(device, options.precision)
    floor = GFLOP[name] / rate
    for way, taken in (("model only", only), ("end to end", whole), ("plain loop", loop)):
        print(f"  {way:11} {1 / taken:9.1f} /s   {floor / taken:6.1%} of the floor's rate")
    print(f"  floor       {1 / floor:9.1f} /s by {rate / 1e3:.1f} TFLOP/s")
    for stage, use in found.stages.items():
        print(f"  {stage:11} {use.rate:9.1f} /s   busy {use.busy:.0%}")


def main() -> None:
    options = arguments()
    given = dict(pair.split("=", 1) for pair in options.weights)
    cv2.setNumThreads(0 if options.device == "cpu" else -1)
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        paths = make_photos(work / "photos", options.photos)
        for name in options.models:
            weights = Path(given[name]) if name in given else make_weights(name, work)
            print(f"{name}, {weights.name}, {options.device}, {options.precision}")
            if options.device == "cpu":
                on_cpu(name, weights, work, paths, options.rembg_python)
            else:
                on_device(name, weights, work, paths, options)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
