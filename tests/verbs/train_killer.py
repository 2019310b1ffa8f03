"""``python -m tests.verbs.train_killer WORK POINTS``: train and export killed at any moment.

As `tests.verbs.killer`, for verbs whose result is no dataset: each run is killed right before a
file-system event, resumed, and its tree compared with that of an undisturbed run.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import torch

import datakit
import datakit.training.loop  # imported before the forks, once for all
import datakit.verbs.export.task
from tests.verbs.exports import tree
from tests.verbs.killer import Meter, forked
from tests.verbs.pairs import write_set

SMALL = {"size": 32, "width": 4, "depth": 2, "batch_size": 3, "epochs": 3, "threads": 1}


def compared(out: Path) -> dict[str, str]:
    """Return a tree without the result's seconds."""
    return {name: digest for name, digest in tree(out).items() if name != "training.json"}


def main(work: Path, points: int) -> None:
    torch.set_num_threads(1)
    source = write_set(work / "source", "masks", 6)

    def train(out: Path, resume: bool) -> None:
        datakit.train(source, out, **SMALL, pipeline="none", resume=resume)

    def coco(out: Path, resume: bool) -> None:
        datakit.export(source, out, format="coco", workers=0, resume=resume)

    def shards(out: Path, resume: bool) -> None:
        datakit.export(source, out, format="webdataset", shard_samples=2, workers=0, resume=resume)

    meter = Meter(work)
    report: dict[str, str] = {}
    runs: dict[str, Callable[[Path, bool], None]] = {
        "train": train, "coco": coco, "shards": shards,
    }  # fmt: skip
    for name, run in runs.items():
        meter.deadly, meter.count = -1, 0
        forked(lambda run=run, name=name: run(work / name, False))
        known = compared(work / name)
        meter.count = 0
        run(work / f"{name}-count", False)
        total = meter.count
        ends = {*range(3), *range(total - 8, total)}
        for point in sorted({*ends, *random.Random(5).sample(range(total), points)}):
            out = work / f"{name}-{point}"

            def killed(run: Callable[[Path, bool], None] = run, out: Path = out, at: int = point):  # type: ignore[no-untyped-def]
                meter.count, meter.deadly = 0, at
                run(out, False)

            if not os.WIFSIGNALED(forked(killed)):
                report[f"{name} {point}/{total}"] = "was not killed"
            meter.deadly = -1
            if forked(lambda run=run, out=out: run(out, True)):
                report[f"{name} {point}/{total}"] = "could not be resumed"
            elif compared(out) != known:
                report[f"{name} {point}/{total}"] = "another tree"
    print(json.dumps({"faults": report}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
