"""What URLs cost those who do not use them: coco2mask on local folders, before and after.

    git worktree add /tmp/before d04635f
    python benchmarks/storage.py --before /tmp/before [--images 1000] [--rounds 9]

Both trees run by turns, on the same export, each run a process of its own, in one worker-less
process; CPU seconds of the pair's two runs are compared, and the median of the ratios is told.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

import measure
import synthetic

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """
import sys, datakit
assert datakit.__file__.startswith(sys.argv[3]), datakit.__file__
datakit.coco2mask(sys.argv[1], sys.argv[2], workers=0)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, required=True, help="a worktree of the old commit")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        export = Path(folder, "export")
        synthetic.make_export(export, arguments.images)
        trees = {"before": arguments.before.resolve(), "after": ROOT}
        costs: dict[str, list[measure.Cost]] = {name: [] for name in trees}
        for turn in range(arguments.rounds + 1):
            # The first of a pair meets another state of the machine: the order changes.
            for name in sorted(trees, reverse=turn % 2 == 0):
                out = Path(folder, f"{name}-{turn}")
                tree = str(trees[name])
                # -P: the current folder must not decide which of the two is imported.
                command = [sys.executable, "-P", "-c", PROGRAM, str(export), str(out), tree]
                cost = measure.run(command, {"PYTHONPATH": tree})
                # The first round fills the file system's cache.
                if turn:
                    costs[name].append(cost)
        pairs = list(zip(costs["before"], costs["after"], strict=True))
        print("| | CPU s | wall s | CPU ms an image |")
        print("|---|---|---|---|")
        for name, runs in costs.items():
            middle = measure.median(runs)
            each = 1e3 * middle.cpu_s / arguments.images
            print(f"| {name} | {middle.cpu_s:.3f} | {middle.wall_s:.3f} | {each:.3f} |")
        cpu = statistics.median(after.cpu_s / before.cpu_s for before, after in pairs)
        wall = statistics.median(after.wall_s / before.wall_s for before, after in pairs)
        print(f"\nmedian of {len(pairs)} pairs: CPU {cpu:.3f}x, wall {wall:.3f}x (bar: 1.02)")
        # Whatever else the machine does only adds: the least of each is the nearest to the truth.
        least = {name: min(run.cpu_s for run in runs) for name, runs in costs.items()}
        print(
            f"least CPU: {least['before']:.3f} s and {least['after']:.3f} s, "
            f"{least['after'] / least['before']:.3f}x"
        )


if __name__ == "__main__":
    main()
