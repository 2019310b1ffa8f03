"""Kill `datakit run` at random moments, run it to its end, and compare the bytes.

    python benchmarks/run_kills.py [--seconds 240] [--seed 1]

Eight steps on three small photos are walked once without a kill; then again and again with one to
four SIGKILLs at random moments and a last run that ends. Every file of every result must be the
same;
the index and validate's report hold times and are left out.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.verbs.exports import tree
from tests.verbs.walks import small_pipeline

MORE = """
  - {verb: augment, src: split, preset: light, copies: 3, include-originals: true}
  - {verb: qc, src: masks, fail_on: never}
  - {verb: report, src: augment, records: [qc]}
"""


def kept(folder: Path) -> dict[str, bytes]:
    """Return the files that are promised to be the same."""
    timed = ("run.json", "validate/validate.json")
    return {
        name: data
        for name, data in tree(folder).items()
        if not name.startswith(".datakit") and name not in timed
    }


def walk(work: Path, out: Path, kill_after_s: float | None = None) -> tuple[int, str]:
    """Return the exit code of a walk (-9: it was killed) and what it said."""
    command = [sys.executable, "-m", "datakit", "run", str(work / "p.yaml"), "-o", str(out)]
    process = subprocess.Popen(
        [*command, "-q", "--workers", "0"],
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    said = process.communicate()[1]
    return process.returncode, said


def main() -> None:
    """Kill and compare until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rng = random.Random(given.seed)
    walks = kills = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        work = small_pipeline(Path(folder))
        pipeline = work / "p.yaml"
        pipeline.write_text(pipeline.read_text().rstrip() + MORE)
        started = time.monotonic()
        walk(work, work / "reference")
        once_s = time.monotonic() - started
        expected = kept(work / "reference")
        while time.monotonic() - started < given.seconds:
            walks += 1
            out = work / f"walk{walks}"
            for _ in range(rng.randint(1, 4)):
                kills += walk(work, out, rng.uniform(0.2, once_s))[0] == -signal.SIGKILL
            code, said = walk(work, out)
            if code != 0 or kept(out) != expected:
                wrong += 1
                print(f"walk {walks}: exit code {code}: {said}")
    print(f"| walks | kills | not the same bytes |\n|---|---|---|\n| {walks} | {kills} | {wrong} |")


if __name__ == "__main__":
    main()
