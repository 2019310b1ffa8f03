"""What a report of a large dataset costs: seconds, memory, and the size of the page.

    python benchmarks/report.py [--samples 10000] [--workers 2]

The dataset is made on the spot: real JPEGs and masks, about one finding, one face and one draft a
sample.
Bars: under 60 s, under 20 MB.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.measure import run
from benchmarks.pages_data import make_dataset


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        make_dataset(Path(folder, "set"), given.samples, 640, 480)
        print(f"dataset of {given.samples:,} made in {time.perf_counter() - started:.1f} s")
        out = Path(folder, "report.html")
        command = [sys.executable, "-m", "datakit", "report", f"{folder}/set", "-o", str(out), "-q"]
        cost = run([*command, "--workers", str(given.workers)])
        megabytes = out.stat().st_size / 1e6
        print(f"report: {cost.wall_s:.1f} s wall (bar 60), {cost.cpu_s:.1f} s CPU")
        print(f"page: {megabytes:.2f} MB (bar 20); peak memory {cost.rss_mb:.0f} MB")


if __name__ == "__main__":
    main()
