"""Runs of every writing verb killed with SIGKILL at random moments, resumed, and compared.

    python benchmarks/kills.py [--kills 50] [--seed 8] [--verbs coco2mask split …] [--engine local]

Each verb runs once undisturbed. Then, again and again, a run is started, the whole of it is killed
at a moment drawn from the length of the undisturbed run (every third one is killed once more while
it resumes), resumed to its end, and its tree compared with the undisturbed one, every byte of every
file. A run that was over before its kill does not count and is drawn again, earlier. Workers die
with the process that is killed, by themselves.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from synthetic import make_export

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "sample_data"
TRIES = 6
OK = (0, 1, 3)

PIPELINE = """seed: 7
steps:
  - name: masks
    verb: coco2mask
    src: export
  - verb: split
    val: 0.25
  - verb: trimap
"""


@dataclass(frozen=True)
class Case:
    """A command line without its DST, what makes it go on, and names that tell of time.

    ``run`` notes seconds, inodes and times of files beside its results.
    """

    arguments: tuple[str, ...]
    resume: tuple[str, ...] = ("--resume",)
    varies: tuple[str, ...] = ()


def cases(work: Path) -> dict[str, Case]:
    """Make the inputs and return the runs by name."""
    export = make_export(work / "export", 60, people=(1, 3), points=(20, 80), size_wh=(200, 200))
    datakit("coco2mask", str(SAMPLE / "roboflow_export"), "-o", str(work / "small"))
    datakit("coco2mask", str(export), "-o", str(work / "large"))
    (work / "pipeline.yaml").write_text(PIPELINE)
    small, large, photos = str(work / "small"), str(work / "large"), str(SAMPLE / "portraits")
    return {
        "coco2mask": Case(("coco2mask", str(export))),
        "anonymize": Case(("anonymize", photos, "--on-no-face", "copy")),
        "augment": Case(("augment", small, "--preset", "light", "--copies", "2", "--seed", "7")),
        "matte": Case(("matte", small)),
        "trimap": Case(("trimap", large)),
        "dedup --drop": Case(("dedup", small, "--drop")),
        "split": Case(("split", large, "--val", "0.25", "--seed", "7")),
        "qc --fix": Case(("qc", photos, "--fix", "safe")),
        "prelabel": Case(("prelabel", photos, "--model", "otsu")),
        "mask2coco": Case(("mask2coco", large)),
        "export p3m": Case(("export", small, "--format", "p3m")),
        "export webdataset": Case(
            ("export", large, "--format", "webdataset", "--shard-samples", "7")
        ),
        "export parquet": Case(("export", large, "--format", "parquet", "--shard-samples", "7")),
        "run": Case(("run", str(work / "pipeline.yaml")), (), ("run.json", ".datakit")),
    }


def tree(folder: Path, varies: tuple[str, ...]) -> dict[str, str]:
    """Return every path below a folder and the digest of what is there."""
    return {
        path.relative_to(folder).as_posix(): "folder"
        if path.is_dir()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.relative_to(folder).parts[0] not in varies
    }


def start(case: Case, out: Path, more: tuple[str, ...], log: Path) -> subprocess.Popen[bytes]:
    """Start a run in a session of its own."""
    command = [sys.executable, "-m", "datakit", *case.arguments, "-o", str(out), "-q", *more]
    with log.open("wb") as output:
        return subprocess.Popen(
            command, stdout=output, stderr=output, cwd=out.parent, start_new_session=True
        )


def datakit(*arguments: str) -> None:
    """Run a command that must work."""
    subprocess.run([sys.executable, "-m", "datakit", *arguments, "-q"], check=True)


def killed_after(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Kill a run at a moment; tell whether it was still under way."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


def difference(expected: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Name what is not the same."""
    names = [name for name in sorted({*expected, *found}) if expected.get(name) != found.get(name)]
    return f"{len(names)} paths differ: {', '.join(names[:3])}"


def campaign(
    name: str, case: Case, work: Path, kills: int, rng: random.Random, engine: tuple[str, ...]
) -> tuple[int, int, list[str]]:
    """Kill one verb so many times; return kills, runs that were the same, and what was not."""
    slug, log = name.replace(" ", "_"), work / "log"
    reference = work / f"{slug}-reference"
    began = time.perf_counter()
    code = start(case, reference, engine, log).wait()
    seconds = time.perf_counter() - began
    if code not in OK:
        return 0, 0, [f"the undisturbed run ended with {code}: {log.read_text()[-300:]}"]
    expected, same, total, faults = tree(reference, case.varies), 0, 0, []
    for number in range(kills):
        out = work / f"{slug}-{number}"
        longest, times = seconds, 2 if number % 3 == 2 else 1
        hits, more = 0, engine
        for _ in range(TRIES):
            if killed_after(start(case, out, more, log), rng.uniform(0.1, longest)):
                hits, more = hits + 1, (*engine, *case.resume)
                if hits == times:
                    break
            else:
                longest *= 0.8
                if hits:
                    break
                subprocess.run(["rm", "-rf", str(out)], check=True)
        total += hits
        ended = start(case, out, (*engine, *case.resume), log).wait()
        found = tree(out, case.varies) if out.is_dir() else {}
        if ended == code and found == expected and hits:
            same += 1
            subprocess.run(["rm", "-rf", str(out)], check=True)
        else:
            faults.append(
                f"{out}: kills {hits}, exit code {ended} (undisturbed {code}); "
                f"{difference(expected, found)} {log.read_text()[-300:]}"
            )
    return total, same, faults


def main() -> None:
    """Run the campaign and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="runs to disturb, over all verbs")
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--verbs", nargs="*")
    parser.add_argument("--engine", default="local")
    parser.add_argument("--work", type=Path, help="folder to keep what differed")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    work = args.work or Path(tempfile.mkdtemp(prefix="kills-"))
    work.mkdir(parents=True, exist_ok=True)
    chosen = {
        name: case for name, case in cases(work).items() if not args.verbs or name in args.verbs
    }
    print("| verb | runs | SIGKILLs | identical trees |\n|---|---|---|---|", flush=True)
    sums, wrong = [0, 0, 0], []
    for index, (name, case) in enumerate(chosen.items()):
        share = args.kills // len(chosen) + (index < args.kills % len(chosen))
        engine = ("--engine", args.engine, "--workers", "2") if name != "run" else ()
        kills, same, faults = campaign(name, case, work, share, rng, engine)
        print(f"| `{name}` | {share} | {kills} | {same} |", flush=True)
        sums = [total + one for total, one in zip(sums, (share, kills, same), strict=True)]
        wrong += faults
    print(f"| all | {sums[0]} | {sums[1]} | {sums[2]} |")
    for fault in wrong:
        print(f"\n{fault}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
