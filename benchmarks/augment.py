"""Speed of `datakit augment` against a bare Albumentations loop, and of FastElastic.

    python benchmarks/augment.py [--rounds 5] [--images 12] [--copies 4] [--sizes 512x512 ...]

The bare loop is what one writes by hand: read, decode, a Compose of the same transforms, encode,
write; it keeps no manifest and checks no label. It is handed the generators with which datakit
draws, ready made, so that both do the same work. Both sides use the same codec, run in this
process, in turn, round after round; CPU seconds are compared, so that other work on the machine
matters little. The rates with 1 and 2 workers are those of a whole run once its
workers are busy (their start is printed apart).
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import albumentations as A  # noqa: N812
import cv2
import msgspec
import numpy as np

import datakit as dk
from datakit.core.images.randomness import derive_rng
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import open_sources
from datakit.io.pixels import decoders, images
from datakit.transforms.document import preset_text
from datakit.transforms.elastic import FastElastic
from datakit.verbs.augment.options import Options
from datakit.verbs.augment.run import run
from datakit.verbs.augment.task import Augment

HERE = Path(__file__).parent
PORTRAITS = HERE.parent / "sample_data" / "portraits"


def make_source(folder: Path, size_wh: tuple[int, int], count: int) -> Path:
    """Write portraits of one size: sample photos enlarged, with the grain of photos."""
    rng = np.random.default_rng(0)
    photos = sorted((PORTRAITS / "images").iterdir())
    for kind in ("images", "alphas"):
        (folder / "train" / kind).mkdir(parents=True)
    for number in range(count):
        photo = photos[number % len(photos)]
        image = cv2.resize(cv2.imread(str(photo)), size_wh, interpolation=cv2.INTER_CUBIC)
        image = np.clip(image + rng.normal(0, 5, image.shape), 0, 255).astype(np.uint8)
        alpha = cv2.imread(str(PORTRAITS / "alphas" / f"{photo.stem}.png"), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(folder / f"train/images/{number}.jpg"), image)
        alpha = cv2.resize(alpha, size_wh, interpolation=cv2.INTER_LINEAR)
        cv2.imwrite(str(folder / f"train/alphas/{number}.png"), alpha)
    return folder


Draws = dict[str, list[tuple[np.random.Generator, random.Random]]]


def bare_loop(source: Path, out: Path, draws: Draws) -> None:
    """Do by hand what the p3m preset does."""
    compose = A.Compose(
        [
            A.HorizontalFlip(p=0.5),
            A.RandomBrightnessContrast((-0.2, 0.2), (-0.2, 0.2), p=0.5),
            FastElastic(
                alpha=2200, sigma=30, stationary=True, mask_interpolation=cv2.INTER_LINEAR, p=0.5
            ),
            A.CLAHE((1, 3), (8, 8), p=0.3),
        ],
        additional_targets={"alpha": "mask"},
    )
    for kind in ("images", "alphas"):
        (out / kind).mkdir()
    for path in sorted((source / "train" / "images").iterdir()):
        image = decoders.decode_photo(path.read_bytes())
        label = (source / "train" / "alphas" / f"{path.stem}.png").read_bytes()
        alpha = decoders.decode_mask(label).astype(np.float32) / np.float32(255)
        for copy, (generator, py_random) in enumerate(draws[f"train/{path.name}"]):
            compose.set_random_state(generator, py_random)
            made = compose(image=image, alpha=alpha)
            name = f"{path.stem}__aug{copy}"
            (out / "images" / f"{name}.jpg").write_bytes(images.encode_jpeg(made["image"]))
            label8 = np.rint(made["alpha"] * 255).astype(np.uint8)
            (out / "alphas" / f"{name}.png").write_bytes(images.encode_png(label8))


def task_for(source: Path, out: Path, copies: int) -> tuple[Augment, list[Item]]:
    """Return the verb's task, set up, and its items."""
    items = list(open_sources((str(source),)).items())
    task = Augment(
        out=str(out),
        version=dk.__version__,
        pipeline_text=preset_text("p3m"),
        pipeline_title="p3m",
        seed=0,
        copies={item.key: tuple(range(copies)) for item in items},
        include_originals=False,
        min_visible=0.5,
        backgrounds=None,
        audit={},
    )
    return task, items


def bare_seconds(source: Path, drawn: dict[str, list[tuple[int, int]]]) -> float:
    """Return the CPU time of the bare loop into a fresh folder."""
    draws: Draws = {}
    for key, numbers in drawn.items():
        for copy, attempt in numbers:
            rng = derive_rng(0, key, copy, attempt)
            draws.setdefault(key, []).append((rng, random.Random(int(rng.integers(2**63)))))
    with tempfile.TemporaryDirectory() as out:
        start = time.process_time()
        bare_loop(source, Path(out), draws)
        return time.process_time() - start


def datakit_seconds(source: Path, copies: int) -> float:
    """Return the CPU time of datakit's task into a fresh folder."""
    with tempfile.TemporaryDirectory() as out:
        task, items = task_for(source, Path(out), copies)
        start = time.process_time()
        for item in items:
            task(item)
        return time.process_time() - start


def drawn_numbers(source: Path, copies: int) -> dict[str, list[tuple[int, int]]]:
    """Return the (copy, attempt) of each copy that datakit makes of each sample."""
    with tempfile.TemporaryDirectory() as out:
        task, items = task_for(source, Path(out), copies)
        drawn: dict[str, list[tuple[int, int]]] = {}
        for item in items:
            for sample in task(item).samples:
                params = msgspec.json.decode(sample.history[-1].params)
                drawn.setdefault(item.key, []).append((params["copy"], params["attempt"]))
    return drawn


class Clock:
    """Notes when each item was done."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def begin(self, total: int, what: str) -> None:
        self.times.append(time.perf_counter())

    def advance(self, failed: int) -> None:
        self.times.append(time.perf_counter())

    def end(self) -> None:
        pass


def items_per_second(source: Path, copies: int, workers: int) -> tuple[float, float]:
    """Return items a second once the workers are busy, and the seconds until the first item."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder, "out"))
        run(Options(src=(str(source),), out=out, copies=copies, workers=workers), clock)
    warm = 2 * workers
    done = clock.times[1 + warm :]
    return (len(done) - 1) / (done[-1] - done[0]), clock.times[1] - clock.times[0]


def elastic_seconds(kind: type[A.DualTransform], size_wh: tuple[int, int]) -> float:
    """Return CPU seconds of one elastic warp of an image and a mask."""
    width, height = size_wh
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    compose = A.Compose([kind(alpha=2200, sigma=50, p=1)], seed=0)
    start = time.process_time()
    compose(image=image, mask=image[..., 0].copy())
    return time.process_time() - start


def compare(first: Callable[[], float], second: Callable[[], float], rounds: int) -> list[float]:
    """Run two things in turn; return their medians and the median of the paired ratios."""
    first(), second()
    pairs = [(first(), second()) for _ in range(rounds)]
    medians = [statistics.median(column) for column in zip(*pairs, strict=True)]
    return [*medians, statistics.median(a / b for a, b in pairs)]


def main() -> None:
    """Print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=12)
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--sizes", nargs="+", default=["512x512", "1920x1080"])
    parser.add_argument("--workers", nargs="*", type=int, default=[1, 2])
    options = parser.parse_args()
    cv2.setNumThreads(0)
    print("| size | ElasticTransform ms | FastElastic ms | ratio |\n|---|---|---|---|")
    sizes = [tuple(int(n) for n in size.split("x")) for size in options.sizes]
    for size in sizes:
        slow, fast, ratio = compare(
            lambda size=size: elastic_seconds(A.ElasticTransform, size),
            lambda size=size: elastic_seconds(FastElastic, size),
            options.rounds,
        )
        print(f"| {size[0]}x{size[1]} | {slow * 1e3:.0f} | {fast * 1e3:.1f} | {ratio:.1f} |")
    print("\n| size | bare loop ms a copy | datakit ms a copy | datakit's speed / bare |")
    print("|---|---|---|---|")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            source = make_source(Path(folder), size, options.images)
            drawn = drawn_numbers(source, options.copies)
            bare, ours, ratio = compare(
                lambda source=source, drawn=drawn: bare_seconds(source, drawn),
                lambda source=source: datakit_seconds(source, options.copies),
                options.rounds,
            )
            each = 1e3 / (options.images * options.copies)
            print(f"| {size[0]}x{size[1]} | {bare * each:.1f} | {ours * each:.1f} | {ratio:.3f} |")
    if not options.workers:
        return
    print("\n| size | workers | items a second | seconds to the first |\n|---|---|---|---|")
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            source = make_source(Path(folder), size, 5 * options.images)
            for workers in options.workers:
                rate, start = items_per_second(source, options.copies, workers)
                print(f"| {size[0]}x{size[1]} | {workers} | {rate:.2f} | {start:.1f} |")


if __name__ == "__main__":
    main()
