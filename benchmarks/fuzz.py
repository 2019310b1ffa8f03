"""The fuzz campaign: damaged inputs of every kind through the command line.

python benchmarks/fuzz.py [--inputs 20000] [--seed 0] [--only NAME] [--minutes 30]

Each input is run in a sandbox that says what SECURITY.md promises: no traceback, an exit code
and a sentence, no write outside DST, nothing half-written, no run over 10 seconds. What breaks is
printed with its seed; the same seed gives the same input again.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import random
import sys
import tempfile
import time
import warnings
from collections import Counter
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

# Fewer of what takes long: weights start a runtime, a manifest goes through whole verbs.
SHARES = {"coco": 30, "zip": 30, "config": 17, "images": 15, "manifest": 5, "weights": 3}

WARMING_UP = 12


def campaign(job: tuple[str, int, int, float]) -> tuple[str, Counter[int], list[str], float]:
    """Run one target's share; a run that hangs kills the worker with its stack printed."""
    name, first, count, until = job
    warnings.simplefilter("ignore")
    from click.testing import CliRunner

    from datakit.cli.main import app
    from tests.fuzz.sandbox import Broken, attack
    from tests.fuzz.targets import TARGETS, fresh

    codes: Counter[int] = Counter()
    broken: list[str] = []
    slowest = 0.0
    with tempfile.TemporaryDirectory() as work:
        os.environ["DATAKIT_WEIGHTS"] = work
        # What a verb imports is not the input's time: one run before any is timed.
        for seed in range(WARMING_UP):
            folder = fresh(Path(work) / "attack")
            CliRunner().invoke(app, TARGETS[name].prepare(folder, random.Random(seed)))
        for seed in range(first, first + count):
            if time.monotonic() > until:
                break
            folder = fresh(Path(work) / "attack")
            arguments = TARGETS[name].prepare(folder, random.Random(seed))
            faulthandler.dump_traceback_later(60, exit=True)
            start = time.monotonic()
            try:
                codes[attack(folder, arguments)] += 1
            except Broken as error:
                broken.append(f"{name} {seed}: {error} ({arguments[0]})")
            slowest = max(slowest, time.monotonic() - start)
            faulthandler.cancel_dump_traceback_later()
    return name, codes, broken, slowest


def main() -> None:
    from tests.fuzz.targets import TARGETS

    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=list(TARGETS))
    parser.add_argument("--minutes", type=float, default=30)
    asked = parser.parse_args()
    names = [asked.only] if asked.only else list(TARGETS)
    parts, whole = 4, sum(SHARES[name] for name in names)
    until = time.monotonic() + 60 * asked.minutes
    jobs = [
        (
            name,
            asked.seed + part * 1_000_000,
            -(-asked.inputs * SHARES[name] // (whole * parts)),
            until,
        )
        for part in range(parts)
        for name in names
    ]
    totals: dict[str, Counter[int]] = {name: Counter() for name in names}
    slowest: Counter[str] = Counter()
    broken: list[str] = []
    start = time.monotonic()
    with get_context("spawn").Pool(2, maxtasksperchild=1) as pool:
        for name, codes, found, seconds in pool.imap_unordered(campaign, jobs):
            totals[name] += codes
            slowest[name] = max(slowest[name], seconds)
            broken += found
    print("| input | inputs | exit 0 | 1 | 2 | 3 | slowest s |\n|---|---|---|---|---|---|---|")
    for name, codes in totals.items():
        row = " | ".join(str(codes[code]) for code in range(4))
        print(f"| {name} | {codes.total()} | {row} | {slowest[name]:.1f} |")
    total = sum(codes.total() for codes in totals.values())
    print(f"\n{total:,} inputs in {time.monotonic() - start:.0f} s; broken promises: {len(broken)}")
    print("\n".join(broken[:40]))
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
