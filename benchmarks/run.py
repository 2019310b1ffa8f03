"""What a second `datakit run` costs, when nothing changed.

    python benchmarks/run.py roboflow EXPORT        # an export's folder or .zip
    python benchmarks/run.py p3m PHOTOS             # a folder of portraits
    python benchmarks/run.py files --count 100000   # inputs and results of this many small files

The example pipeline of `datakit run --init` is run on the source as it is, then again, three times,
each in a fresh process; the second runs must skip every step.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from datakit.verbs.run.run import example

SOURCES = {"roboflow": "export.zip", "p3m": "portraits", "selfie": "photos"}
FILES = (
    "steps:\n  - verb: dedup\n    src: SRC\n    duplicates: exact\n    drop: true\n    sheet: 0\n"
)


def once(pipeline: Path, out: Path) -> tuple[float, float, dict[str, object], int]:
    """Return wall and CPU seconds, the summary and the exit code of one run."""
    command = [sys.executable, "-m", "datakit", "run", str(pipeline), "-o", str(out), "--json"]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1, 3):
        sys.exit(done.stderr)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, json.loads(done.stdout), done.returncode


def actions(summary: dict[str, object]) -> list[str]:
    """Return what became of each step."""
    steps = summary["steps"]
    assert isinstance(steps, list)
    return [step["action"] for step in steps]


def small_files(folder: Path, count: int) -> Path:
    """Write many tiny photos, no two alike."""
    import cv2
    import numpy as np

    rng = np.random.default_rng(0)
    for number in range(count):
        path = folder / f"{number // 1000:03}" / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), rng.integers(0, 256, (8, 8, 3), np.uint8))
    return folder


def main() -> None:
    """Measure and print a row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=[*SOURCES, "files"])
    parser.add_argument("source", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="keep the run's folder here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if given.kind == "files":
            source = small_files(work / "photos", given.count)
            text = FILES.replace("SRC", str(source))
        else:
            source = given.source.resolve()
            text = example(given.kind).replace(f"src: {SOURCES[given.kind]}", f"src: {source}")
        pipeline = work / "pipeline.yaml"
        pipeline.write_text(text)
        first, cpu, summary, code = once(pipeline, work / "out")
        assert set(actions(summary)) == {"run"}
        again = [once(pipeline, work / "out") for _ in range(3)]
        assert all(set(actions(one[2])) == {"skip"} for one in again)
        assert all(one[3] == code for one in again)
        files = sum(path.is_file() for path in (work / "out").rglob("*"))
        wall = statistics.median(one[0] for one in again)
        cpu_again = statistics.median(one[1] for one in again)
        if given.keep:
            shutil.move(work / "out", given.keep)
    print("| pipeline | steps | exit code | files made | first run s (CPU) | second run s (CPU) |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {given.kind} {source.name} | {len(actions(summary))} | {code} | {files:,} | "
        f"{first:.1f} ({cpu:.1f}) | {wall:.2f} ({cpu_again:.2f}) |"
    )


if __name__ == "__main__":
    main()
