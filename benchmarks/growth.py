"""Curating many photos: how time and memory grow from 5,000 to 50,000.

    python benchmarks/growth.py [--photos 5000 50000] [--work DIR]

Small photos of smooth noise, every twentieth one a smaller copy of the one before, go through
dedup, split, stats and report, each a process of its own with two workers. CPU seconds are of all
its processes, memory is the largest of them at its peak; on a machine under load the growth of the
CPU seconds says more than that of the wall time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

SIZE_WH = (96, 72)
COPIES_EVERY = 20
PER_FOLDER = 1000


def make_photos(folder: Path, count: int) -> Path:
    """Write that many photos, a thousand to a folder."""
    rng = np.random.default_rng(0)
    photo = np.zeros((SIZE_WH[1], SIZE_WH[0], 3), np.uint8)
    for number in range(count):
        if number % PER_FOLDER == 0:
            (folder / f"{number // PER_FOLDER:03}").mkdir(parents=True)
        if number % COPIES_EVERY == COPIES_EVERY - 1:
            photo = cv2.resize(photo, (80, 60), interpolation=cv2.INTER_AREA)
        else:
            coarse = rng.integers(0, 256, (6, 8, 3), np.uint8)
            photo = cv2.resize(coarse, SIZE_WH, interpolation=cv2.INTER_CUBIC)
        path = folder / f"{number // PER_FOLDER:03}" / f"{number:06}.jpg"
        path.write_bytes(cv2.imencode(".jpg", photo)[1].tobytes())
    return folder


def measured(*arguments: str) -> tuple[float, float, float]:
    """Run a command; return wall seconds, CPU seconds and the peak in MB."""
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "datakit", *arguments, "-q"])
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"datakit {' '.join(arguments)} ended with {os.waitstatus_to_exitcode(status)}")
    wall = time.perf_counter() - began
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Measure every size and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, nargs="+", default=[5_000, 50_000])
    parser.add_argument("--work", type=Path)
    asked = parser.parse_args()
    work = asked.work or Path(tempfile.mkdtemp(prefix="growth-"))
    print(
        "| verb | photos | wall s | CPU s | CPU ms a photo | peak MB |\n|---|---|---|---|---|---|"
    )
    for count in asked.photos:
        folder = work / str(count)
        photos = make_photos(folder / "photos", count)
        runs = {
            "dedup": ("dedup", str(photos), "-o", str(folder / "dedup"), "--workers", "2"),
            "split": ("split", str(photos), "-o", str(folder / "split"), "--val", "0.1"),
            "stats": ("stats", str(folder / "split"), "-o", str(folder / "stats")),
            "report": ("report", str(folder / "split"), "-o", str(folder / "report.html")),
        }
        for verb, arguments in runs.items():
            wall, cpu, peak = measured(*arguments)
            per = 1000 * cpu / count
            print(f"| {verb} | {count:,} | {wall:.0f} | {cpu:.0f} | {per:.2f} | {peak:.0f} |")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
