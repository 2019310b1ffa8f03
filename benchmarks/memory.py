"""Memory and first-image time of `datakit coco2mask` on large annotation files.

    python benchmarks/memory.py [--work DIR] [--scale 1.0]
    python benchmarks/memory.py --squares 1000000

1. 20,000 images, 60,000 annotations (162 MB of JSON): peak memory and the time until the first
   image's annotations are in hand, against `json.load` and pycocotools' `COCO()`, each in a
   process of its own; and the peak of the whole command.
2. 10,000 against 100,000 images: peak memory of the whole command beyond the JSON's own size.
3. With ``--squares`` only: that many squares of 9 pixels on one image of 12 megapixels.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ANNOTATIONS = "train/_annotations.coco.json"


def with_json(export: Path) -> Callable[[], Any]:
    """Read with the standard library."""
    import json

    def load() -> Any:
        with (export / ANNOTATIONS).open() as file:
            return json.load(file)

    return load


def with_pycocotools(export: Path) -> Callable[[], Any]:
    """Read and index with pycocotools."""
    from pycocotools.coco import COCO

    return lambda: COCO(export / ANNOTATIONS)


def with_datakit(export: Path) -> Callable[[], Any]:
    """Read with datakit's reader, up to the first image."""
    from datakit.io.layouts.coco import CocoReader
    from datakit.io.store.files import open_root

    def first() -> Any:
        root = open_root(str(export))
        return next(iter(CocoReader(root, [ANNOTATIONS]).items()))

    return first


READERS = {"json.load": with_json, "pycocotools COCO()": with_pycocotools, "datakit": with_datakit}


def probe(reader: str, export: str) -> None:
    """Time one reader, imports not counted; print seconds and the process's peak memory in MB."""
    read = READERS[reader](Path(export))
    start = time.perf_counter()
    kept = read()
    seconds = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(f"\n{seconds} {peak_mb}", "" if kept is not None else "nothing")


def convert(export: Path, workers: int) -> float:
    """Run the whole command; return the peak memory of its process tree in MB."""
    from measure import run  # here, so that a probed process carries nothing of it

    out = export.with_name("out")
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "datakit", "coco2mask", str(export), "-o", str(out)]
    cost = run([*command, "--workers", str(workers), "--images", "none", "-q"])
    shutil.rmtree(out)
    return cost.rss_mb


def make_squares(export: Path, count: int) -> Path:
    """Write squares of 3 x 3 pixels on one picture of 4000 x 3000, each with its bbox."""
    import cv2
    import numpy as np

    (export / ANNOTATIONS).parent.mkdir(parents=True)
    cv2.imwrite(str(export / "train/a.jpg"), np.zeros((3000, 4000, 3), np.uint8))
    rng = random.Random(0)
    with (export / ANNOTATIONS).open("w") as file:
        image = {"id": 1, "file_name": "a.jpg", "width": 4000, "height": 3000}
        head = {"images": [image], "categories": [{"id": 1, "name": "person"}]}
        file.write(json.dumps(head)[:-1] + ', "annotations": [')
        for number in range(1, count + 1):
            x, y = round(rng.uniform(0, 3990), 2), round(rng.uniform(0, 2990), 2)
            x1, y1 = round(x + 3, 2), round(y + 3, 2)
            entry = {"id": number, "image_id": 1, "category_id": 1, "area": 9, "iscrowd": 0}
            entry |= {"bbox": [x, y, 3, 3], "segmentation": [[x, y, x1, y, x1, y1, x, y1]]}
            file.write(("," if number > 1 else "") + json.dumps(entry))
        file.write("]}")
    return export


def first_image(export: Path, rounds: int) -> None:
    """Compare the readers, in turn."""
    size_mb = (export / ANNOTATIONS).stat().st_size / 1e6
    seconds: dict[str, list[float]] = {name: [] for name in READERS}
    peaks: dict[str, float] = {}
    for _ in range(rounds):
        for name in READERS:
            command = [sys.executable, __file__, "--probe", name, str(export)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            first, peak = done.stdout.split("\n")[-2].split()[:2]
            seconds[name].append(float(first))
            peaks[name] = max(peaks.get(name, 0.0), float(peak))
    base = min(seconds["json.load"])
    print(f"{size_mb:.0f} MB of JSON; best of {rounds}\n")
    print("| reader | s to the first image | x json.load | peak RSS MB |\n|---|---|---|---|")
    for name, each in seconds.items():
        print(f"| {name} | {min(each):.2f} | {min(each) / base:.2f} | {peaks[name]:.0f} |")


def main() -> None:
    """Make the files, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="folder for the files (default: a temporary one)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full size")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--readers-only", action="store_true", help="without the whole command")
    parser.add_argument("--squares", type=int, help="only measure so many squares on one image")
    parser.add_argument("--probe", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.probe:
        probe(*args.probe)
        return
    from synthetic import make_export

    with tempfile.TemporaryDirectory(dir=args.work) as folder:
        root = Path(folder)
        if args.squares:
            export = make_squares(root / "squares", args.squares)
            for workers in (0, 1):
                print(
                    f"{args.squares} squares, {workers} workers: {convert(export, workers):.0f} MB"
                )
            return
        count = round(20_000 * args.scale)
        large = make_export(root / "large", count, people=(3, 3), points=(100, 184), link=True)
        first_image(large, args.rounds)
        if args.readers_only:
            return
        print("\n| whole command | peak RSS MB |\n|---|---|")
        for workers in (0, 1, 2):
            print(f"| {count} images, {workers} workers | {convert(large, workers):.0f} |")
        print("\n| images | JSON MB | peak RSS MB | beyond the JSON |\n|---|---|---|---|")
        for count in (round(10_000 * args.scale), round(100_000 * args.scale)):
            export = make_export(
                root / f"flat{count}",
                count,
                people=(1, 1),
                points=(20, 60),
                size_wh=(64, 64),
                link=True,
            )
            size_mb = (export / ANNOTATIONS).stat().st_size / 1e6
            peak = convert(export, 1)
            print(f"| {count} | {size_mb:.0f} | {peak:.0f} | {peak - size_mb:.0f} |")


if __name__ == "__main__":
    main()
