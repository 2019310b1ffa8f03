"""What `datakit --help` costs beside a bare click program.

    python benchmarks/startup.py [--rounds 20]

Both start in turn in fresh processes; wall and CPU milliseconds are medians, the ratio is of pairs.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import installed

BARE = """
import click

@click.group()
def app():
    "A program."

@app.command()
def verb():
    "A verb."

app()
"""


def cost(command: list[str]) -> tuple[float, float]:
    """Return (wall, CPU) seconds of a command."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=installed())
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "bare.py")
        program.write_text(BARE)
        bare = [sys.executable, str(program), "--help"]
        ours = [sys.executable, "-m", "datakit", "--help"]
        pairs = [(cost(ours), cost(bare)) for _ in range(rounds + 1)][1:]
    print("| program | wall ms | CPU ms |\n|---|---|---|")
    for name, column in (("datakit --help", 0), ("a bare click program", 1)):
        wall, cpu = (statistics.median(pair[column][kind] for pair in pairs) for kind in (0, 1))
        print(f"| {name} | {1000 * wall:.0f} | {1000 * cpu:.0f} |")
    ratios = [statistics.median(pair[0][kind] / pair[1][kind] for pair in pairs) for kind in (0, 1)]
    print(f"| ratio | {ratios[0]:.2f} | {ratios[1]:.2f} |")


if __name__ == "__main__":
    main()
