"""``python -m tests.verbs.killer SRC WORK POINTS``: runs killed at every kind of moment.

An undisturbed run counts the file-system events of a conversion. Then, for events spread over the
whole run, a forked run is killed with SIGKILL right before that event, resumed, and its tree
compared with the undisturbed one. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import datakit
import datakit.verbs.coco2mask.task  # imported before the forks, once for all
from tests.verbs.exports import tree

EVENTS = frozenset(
    {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate"}
)
MODES = ("new", "overwrite")


class Meter:
    """Counts the file-system events below a folder and kills the process at one of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.deadly = -1
        self.count = 0
        sys.addaudithook(self)

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in EVENTS and str(arguments[0]).startswith(self.folder):
            if self.count == self.deadly:
                os.kill(os.getpid(), signal.SIGKILL)
            self.count += 1


def forked(work: Callable[[], None]) -> int:
    """Run work in a child; return its wait status."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1]


def untouched(out: Path) -> bool:
    """Tell whether the dataset that was to be overwritten is still there, whole."""
    if (out / ".datakit/journal.jsonl").exists() or not (out / "dataset.json").exists():
        return False
    card = json.loads((out / "dataset.json").read_text())
    return bool(card["commands"][-1]["options"]["kind"] == "coverage")


def main(src: str, work: Path, points: int) -> None:
    meter = Meter(work)

    def run(out: Path, mode: str) -> None:
        flags = {} if mode == "new" else {mode: True}
        datakit.coco2mask(src, str(out), workers=0, **flags)

    def prepare(out: Path, mode: str) -> None:
        if mode == "overwrite":
            datakit.coco2mask(src, str(out), workers=0, kind="coverage")

    report: dict[str, dict[str, str]] = {}
    undisturbed: dict[str, str] = {}
    rng = random.Random(11)
    for mode in MODES:
        reference = work / f"{mode}-reference"
        prepare(reference, mode)
        meter.count = 0
        run(reference, mode)
        total = meter.count
        undisturbed = undisturbed or tree(reference)
        assert tree(reference) == undisturbed
        ends = {*range(8), *range(total - 24, total)}
        for point in sorted({*ends, *rng.sample(range(total), points)}):
            out = work / f"{mode}-{point}"
            forked(lambda out=out, mode=mode: prepare(out, mode))

            def killed(out: Path = out, mode: str = mode, point: int = point) -> None:
                meter.count, meter.deadly = 0, point
                run(out, mode)

            status = forked(killed)
            name = f"{mode} {point}/{total}"
            if not os.WIFSIGNALED(status):
                report[name] = {"fault": f"was not killed ({status})"}
            again = "overwrite" if mode == "overwrite" and untouched(out) else "resume"
            status = forked(lambda out=out, again=again: run(out, again))
            if status:
                report[name] = {"fault": f"{again} ended with {status}"}
            found = tree(out)
            if found != undisturbed:
                report[name] = {
                    key: f"{undisturbed.get(key)} became {found.get(key)}"
                    for key in {*found, *undisturbed}
                    if found.get(key) != undisturbed.get(key)
                }
        report[mode] = {"events": str(total)}
    print(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
