"""The engines side by side: Ray's overhead, and the driver's memory.

    python benchmarks/engines.py [--rounds 3] [--images 5000] [--samples 1000 100000] [--no-memory]
        [--memory-engines local ray] [--memory-of trimap:dataset coco2mask:coco coco2mask:labelme]

1. `coco2mask` of 5,000 synthetic images of 640x640 with 2 workers, local and Ray in turn, each in a
   process of its own. "Run" is the verb with Ray's daemons up already, as on a cluster, workers'
   start included; "whole" has Ray's start too. CPU seconds of the run are of all processes, Ray's
   daemons too, as seen every 0.1 s.
2. Peak memory of the driver (the process that hands out the work, not its workers) over 1,000 and
   100,000 images of 64x64, all of it, and without the pages of mapped files ("own"): of each
   --memory-of VERB:SOURCE, whose SOURCE is dataset, coco (one file) or labelme (one a photo).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from measure import installed

POLL_S = 0.1
LINKS = 10_000
BAR_OVERHEAD, BAR_MEMORY = 0.10, 1.2
OPTIONS: dict[str, dict[str, Any]] = {
    "coco2mask": {"images": "none"},
    "select": {"where": "width > 10"},
    "split": {"val": 0.2},
}
"""What a verb is measured with, beside its engine."""


def tree_cpu() -> dict[int, float]:
    """Return process id -> CPU seconds so far of every process below this one."""
    found = {}
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            found[process.pid] = times.user + times.system
    return found


def probe(engine: str, verb: str, source: str, out: str, workers: int) -> None:
    """Run the verb in this process; print what it cost as JSON."""
    began = time.perf_counter()
    import datakit

    if engine == "ray":
        from datakit.engine.ray import RayEngine, join

        join(RayEngine(workers).ray, None, workers)
    peak = [0]
    done = threading.Event()
    before, after = tree_cpu(), dict[int, float]()

    def watch() -> None:
        process = psutil.Process()
        while not done.wait(POLL_S):
            memory = process.memory_info()
            peak[0] = max(peak[0], memory.rss - memory.shared)
            after.update(tree_cpu())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    cpu = time.process_time()
    started = time.perf_counter()
    more = OPTIONS.get(verb, {})
    summary = getattr(datakit, verb)(source, out, engine=engine, workers=workers, **more)
    run_s = time.perf_counter() - started
    driver_cpu = time.process_time() - cpu
    done.set()
    watcher.join()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    found = {
        "run_s": run_s,
        "start_s": started - began,
        "driver_cpu_s": driver_cpu,
        "all_cpu_s": driver_cpu + sum(after.values()) - sum(before.values()),
        "samples": summary.counts.get("samples", 0),
        "rss_mb": usage.ru_maxrss * 1024 / 1e6,
        "own_mb": peak[0] / 1e6,
    }
    print(f"\n{json.dumps(found)}")


def measure(engine: str, verb: str, source: Path, out: Path) -> dict[str, float]:
    """Run the verb in a process of its own."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, __file__, "--probe", engine, verb, str(source), str(out), "2"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=installed(),
    )
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    found["whole_s"] = time.perf_counter() - began
    shutil.rmtree(out)
    return found


def overhead(export: Path, out: Path, rounds: int) -> None:
    """Compare the engines' speed, in turn."""
    runs: dict[str, list[dict[str, float]]] = {"local": [], "ray": []}
    for number in range(rounds):
        for engine in sorted(runs, reverse=bool(number % 2)):
            runs[engine].append(measure(engine, "coco2mask", export, out))
    columns = ("run_s", "whole_s", "start_s", "all_cpu_s", "driver_cpu_s")
    print("| engine | run s | whole s | start s | CPU s of the run | of the driver | images/s |")
    print("|---|---|---|---|---|---|---|")
    medians = {}
    for engine, each in runs.items():
        middle = {name: statistics.median(run[name] for run in each) for name in columns}
        medians[engine] = middle
        figures = " | ".join(f"{middle[name]:.2f}" for name in columns)
        print(f"| {engine} | {figures} | {each[0]['samples'] / middle['run_s']:.0f} |")
    pairs = [
        ray["run_s"] / local["run_s"] for local, ray in zip(runs["local"], runs["ray"], strict=True)
    ]
    ratio = medians["ray"]["run_s"] / medians["local"]["run_s"] - 1
    whole = medians["ray"]["whole_s"] / medians["local"]["whole_s"] - 1
    cpu = medians["ray"]["all_cpu_s"] / medians["local"]["all_cpu_s"] - 1
    print(
        f"\nRay's overhead: {ratio:+.1%} of the run (bar: {BAR_OVERHEAD:.0%}; median of pairs "
        f"{statistics.median(pairs) - 1:+.1%}), {whole:+.1%} with Ray's start, "
        f"{cpu:+.1%} of the run's CPU; "
        f"load {os.getloadavg()[0]:.1f}"
    )


def make_dataset(root: Path, count: int) -> Path:
    """Write a dataset of so many samples, whose files are hard links to one image and mask."""
    from synthetic import make_export

    import datakit

    one = root.with_name(root.name + "-one")
    export = make_export(one / "export", 1, people=(1, 1), points=(20, 30), size_wh=(64, 64))
    datakit.coco2mask(str(export), str(root), workers=0)
    row = json.loads((root / "metadata.jsonl").read_text())
    kinds = ("file_name", "mask_file_name")
    last = {kind: row[kind] for kind in kinds}
    with (root / "metadata.jsonl").open("w") as manifest:
        for number in range(count):
            stem = f"train/photo_{number:08d}_jpg.rf.{number:032x}"
            names = {
                kind: row[kind].replace(Path(row[kind]).stem, Path(stem).name) for kind in kinds
            }
            names = names if number else last
            for kind, name in names.items():
                # A file has at most 65,000 names.
                if number % LINKS:
                    os.link(root / last[kind], root / name)
                elif number:
                    shutil.copy(root / row[kind], root / name)
            last = last if number % LINKS else names
            manifest.write(json.dumps({**row, **names, "id": f"{stem}.jpg"}) + "\n")
    return root


def make_labelme(root: Path, count: int) -> Path:
    """Write a folder with so many photos, hard links to a few, and a labelme file beside each."""
    from synthetic import figure, make_export

    make_export(root, count, people=(0, 0), size_wh=(64, 64), link=True)
    (root / "train/_annotations.coco.json").unlink()
    ring = figure(np.random.default_rng(0), 24, (64, 64)).tolist()
    shape = {"label": "person", "points": ring, "shape_type": "polygon", "flags": {}}
    for photo in (root / "train").iterdir():
        label = {"version": "5.4.1", "flags": {}, "shapes": [shape], "imagePath": photo.name}
        label |= {"imageHeight": 64, "imageWidth": 64, "imageData": None}
        photo.with_suffix(".json").write_text(json.dumps(label))
    return root


def make_coco(root: Path, count: int) -> Path:
    """Write an export of so many photos and one COCO file."""
    from synthetic import make_export

    return make_export(root, count, people=(1, 1), points=(20, 30), size_wh=(64, 64), link=True)


MAKERS = {"dataset": make_dataset, "coco": make_coco, "labelme": make_labelme}


def memory(work: Path, counts: list[int], engines: list[str], verb: str, kind: str) -> None:
    """Measure the driver's peak over sources of several sizes."""
    for engine in engines:
        own, rss = [], []
        for count in counts:
            source = work / f"{kind}{count}"
            if not source.exists():
                MAKERS[kind](source, count)
            found = measure(engine, verb, source, work / "out")
            own.append(found["own_mb"])
            rss.append(found["rss_mb"])
            per = 1000 * found["driver_cpu_s"] / count
            cells = f"{verb}, {kind} | {engine} | {count:,} | {rss[-1]:.0f} | {own[-1]:.0f}"
            print(f"| {cells} | {per:.2f} |", flush=True)
        growth = f"{rss[-1] / rss[0]:.2f} | {own[-1] / own[0]:.2f}"
        print(f"| {verb}, {kind} | {engine} | growth (bar: {BAR_MEMORY}) | {growth} | |")


def main() -> None:
    """Make the inputs, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--samples", type=int, nargs="*", default=[1000, 100_000])
    parser.add_argument("--memory-engines", nargs="*", default=["ray"])
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--memory-of", nargs="*", default=["trimap:dataset"], metavar="VERB:SOURCE")
    parser.add_argument("--no-speed", action="store_true")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--probe", nargs=5, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.probe:
        engine, verb, source, out, workers = args.probe
        probe(engine, verb, source, out, int(workers))
        return
    from synthetic import make_export

    with tempfile.TemporaryDirectory(dir=args.work) as folder:
        work = Path(folder)
        if not args.no_speed:
            export = make_export(
                work / "export", args.images, people=(1, 3), points=(40, 200), link=True
            )
            overhead(export, work / "out", args.rounds)
        if not args.no_memory:
            print(
                "\n| verb, source | engine | samples | peak MB | own MB | driver CPU ms a sample |"
            )
            print("|---" * 6 + "|")
            for pair in args.memory_of:
                verb, _, kind = pair.partition(":")
                memory(work, args.samples, args.memory_engines, verb, kind)


if __name__ == "__main__":
    main()
