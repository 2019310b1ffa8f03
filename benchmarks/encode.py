"""Masks as PNG: time, size, and whether a million encodes of a few hundred masks are one file each.

python benchmarks/encode.py [--masks 200] [--rounds 5] [--encodes 1000000 --processes 4]

Masks are 640x640 with 1-3 person-like polygons of 40-200 points. Times are CPU microseconds a mask
(least of the rounds). isal is compared where it is installed; datakit does not use it.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import multiprocessing
import os
import random
import time
import zlib
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
from rasterize import SIZE, images

from datakit.core.masks.polygons import polygon_mask, polygon_spans
from datakit.core.masks.span_mask import SpanMask
from datakit.io.pixels.images import GrayCanvas, encode_span_mask


def lines_of(masks: list[np.ndarray]) -> list[np.ndarray]:
    """Masks as the lines of a PNG: a filter byte, 0, before each row."""
    return [np.pad(mask, ((0, 0), (1, 0))) for mask in masks]


def zlib_rle(lines: np.ndarray) -> bytes:
    squeeze = zlib.compressobj(1, zlib.DEFLATED, 15, 9, zlib.Z_RLE)
    return squeeze.compress(lines.tobytes()) + squeeze.flush()


def compare(count: int, rounds: int) -> None:
    sets = images(count)
    spans = [SpanMask(*polygon_spans(rings, SIZE, SIZE), SIZE, SIZE) for rings in sets]
    masks = [polygon_mask(rings, SIZE, SIZE, value=255) for rings in sets]
    canvas = GrayCanvas(SIZE, SIZE)

    def of_pixels(mask: np.ndarray) -> bytes:
        canvas.pixels[:] = mask
        return canvas.encode()

    lines = lines_of(masks)
    ways: dict[str, tuple[Callable, list]] = {
        "datakit, from a canvas": (of_pixels, masks),
        "datakit, from spans": (encode_span_mask, spans),
        "spans from polygons": (lambda r: polygon_spans(r, SIZE, SIZE), sets),
        "mask from polygons": (lambda r: polygon_mask(r, SIZE, SIZE, out=canvas.pixels), sets),
        "OpenCV (libpng)": (lambda m: cv2.imencode(".png", m)[1].tobytes(), masks),
        "zlib, RLE strategy": (zlib_rle, lines),
        "zlib, level 1": (lambda x: zlib.compress(x.tobytes(), 1), lines),
    }
    if importlib.util.find_spec("isal"):
        from isal import isal_zlib

        ways["isal, level 1"] = (lambda x: isal_zlib.compress(x, 1), lines)
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, (work, inputs) in ways.items():
            begin = time.process_time()
            for item in inputs:
                work(item)
            best[name] = min(best[name], (time.process_time() - begin) / len(inputs) * 1e6)
    print(f"{'':28} {'CPU us a mask':>14} {'bytes':>8}")
    for name, (work, inputs) in ways.items():
        made = [work(item) for item in inputs]
        size = f"{np.mean([len(data) for data in made]):8.0f}" if "from pol" not in name else ""
        print(f"{name:28} {best[name]:14.0f} {size}")


def repeat(job: tuple[int, int, int]) -> list[set[str]]:
    """Encode masks again and again in a heap that never looks the same; the digests of each."""
    seed, count, encodes = job
    rng = random.Random(seed)
    sets = images(count)
    spans = [SpanMask(*polygon_spans(rings, SIZE, SIZE), SIZE, SIZE) for rings in sets]
    masks = [polygon_mask(rings, SIZE, SIZE, value=255) for rings in sets]
    canvas = GrayCanvas(SIZE, SIZE)
    held: list[bytearray] = []
    digests: list[set[str]] = [set() for _ in sets]
    for turn in range(encodes):
        place = rng.randrange(count)
        held.append(bytearray(rng.randrange(1 << 16)))
        if len(held) > 50:
            del held[rng.randrange(len(held))]
        if turn % 2:
            data = encode_span_mask(spans[place])
        else:
            canvas.pixels[:] = masks[place]
            data = canvas.encode()
        digests[place].add(hashlib.sha256(data).hexdigest())
    return digests


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--masks", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--encodes", type=int, default=0)
    parser.add_argument("--processes", type=int, default=4)
    options = parser.parse_args()
    cv2.setNumThreads(0)
    compare(options.masks, options.rounds)
    if not options.encodes:
        return
    share = options.encodes // options.processes
    jobs = [(seed, options.masks, share) for seed in range(options.processes)]
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        found = pool.map(repeat, jobs)
    union = [set().union(*each) for each in zip(*found, strict=True)]
    print(
        f"{share * options.processes} encodes in {options.processes} processes: "
        f"{len(union)} masks, {sum(map(len, union))} digests"
    )


if __name__ == "__main__":
    main()
