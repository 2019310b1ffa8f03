"""Runs of every writing verb ended by a signal at random moments, resumed, and compared.

    python benchmarks/kills.py [--kills 50] [--seed 8] [--verbs coco2mask split …] [--engine local]
        [--signal KILL|TERM|INT|HUP] [--change]

Each verb runs once undisturbed. Then, again and again, a run is started, the whole of it is killed
at a moment drawn from the length of the undisturbed run (every third one is killed once more while
it resumes), resumed to its end, and its tree compared with the undisturbed one, every byte of every
file. A run that was over before its kill does not count and is drawn again, earlier. Workers end
with the process that got the signal, by themselves: one that is left after 20 s is a fault. With
--change a source image becomes another one between the kill and the resumed run, which must end as
an undisturbed run over the changed source does.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps
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

    ``run`` notes seconds, inodes and times of files beside its results. ``changing`` is an image of
    the source that may become another one.
    """

    arguments: tuple[str, ...]
    changing: Path | None = None
    resume: tuple[str, ...] = ("--resume",)
    varies: tuple[str, ...] = ()


def cases(work: Path) -> dict[str, Case]:
    """Make the inputs and return the runs by name."""
    export = make_export(work / "export", 60, people=(1, 3), points=(20, 80), size_wh=(200, 200))
    datakit("coco2mask", str(SAMPLE / "roboflow_export"), "-o", str(work / "small"))
    datakit("coco2mask", str(export), "-o", str(work / "large"))
    (work / "pipeline.yaml").write_text(PIPELINE)
    shutil.copytree(SAMPLE / "portraits", work / "photos")
    small, large, photos = (str(work / name) for name in ("small", "large", "photos"))
    of_export, of_small, of_large, of_photos = (
        sorted(folder.rglob("*.jpg"))[3] for folder in (export, *map(Path, (small, large, photos)))
    )
    return {
        "coco2mask": Case(("coco2mask", str(export)), of_export),
        "anonymize": Case(("anonymize", photos, "--on-no-face", "copy"), of_photos),
        "augment": Case(
            ("augment", small, "--preset", "light", "--copies", "2", "--seed", "7"), of_small
        ),
        "matte": Case(("matte", small), of_small),
        "trimap": Case(("trimap", large), of_large),
        "dedup --drop": Case(("dedup", small, "--drop")),
        "split": Case(("split", large, "--val", "0.25", "--seed", "7")),
        "qc --fix": Case(("qc", photos, "--fix", "safe")),
        "prelabel": Case(("prelabel", photos, "--model", "otsu"), of_photos),
        "mask2coco": Case(("mask2coco", large)),
        "export p3m": Case(("export", small, "--format", "p3m")),
        "export webdataset": Case(
            ("export", large, "--format", "webdataset", "--shard-samples", "7"), of_large
        ),
        "export parquet": Case(("export", large, "--format", "parquet", "--shard-samples", "7")),
        "run": Case(("run", str(work / "pipeline.yaml")), None, (), ("run.json", ".datakit")),
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


def killed_after(process: subprocess.Popen[bytes], seconds: float, number: signal.Signals) -> bool:
    """Send a run a signal at a moment; tell whether it was still under way."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
        process.wait()
        return True
    return False


def left_over(session: int, seconds: float = 20) -> int:
    """Return how many processes of a session are alive when that time is over."""
    until = time.perf_counter() + seconds
    while True:
        alive = 0
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                try:
                    state, _, _, of = Path(entry, "stat").read_text().rpartition(")")[2].split()[:4]
                except OSError:
                    continue
                alive += of == str(session) and state != "Z"
        if not alive or time.perf_counter() > until:
            return alive
        time.sleep(0.2)


@contextmanager
def changed(image: Path | None) -> Iterator[None]:
    """Let an image be another one for a while; None changes nothing."""
    if image is None:
        yield
        return
    before = image.read_bytes()
    with Image.open(image) as photo:
        ImageOps.mirror(photo).save(image, quality=90)
    try:
        yield
    finally:
        image.write_bytes(before)


def difference(expected: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Name what is not the same."""
    names = [name for name in sorted({*expected, *found}) if expected.get(name) != found.get(name)]
    return f"{len(names)} paths differ: {', '.join(names[:3])}"


@dataclass(frozen=True)
class Campaign:
    """What is done to each verb."""

    number: signal.Signals
    change: bool
    engine: tuple[str, ...]
    rng: random.Random


def disturb(
    name: str, case: Case, work: Path, kills: int, how: Campaign
) -> tuple[int, int, list[str]]:
    """Kill one verb so many times; return kills, runs that were the same, and what was not."""
    engine, rng = how.engine if name != "run" else (), how.rng
    image = case.changing if how.change else None
    slug, log = name.replace(" ", "_"), work / "log"
    reference = work / f"{slug}-reference"
    began = time.perf_counter()
    with changed(image):
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
            process = start(case, out, more, log)
            if killed_after(process, rng.uniform(0.1, longest), how.number):
                if alive := left_over(process.pid):
                    faults.append(f"{out}: {alive} processes outlive the run")
                hits, more = hits + 1, (*engine, *case.resume)
                if hits == times:
                    break
            else:
                longest *= 0.8
                if hits:
                    break
                subprocess.run(["rm", "-rf", str(out)], check=True)
        total += hits
        with changed(image):
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
    parser.add_argument("--signal", choices=("KILL", "TERM", "INT", "HUP"), default="KILL")
    parser.add_argument("--change", action="store_true", help="change a source image meanwhile")
    parser.add_argument("--work", type=Path, help="folder to keep what differed")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    work = args.work or Path(tempfile.mkdtemp(prefix="kills-"))
    work.mkdir(parents=True, exist_ok=True)
    chosen = {
        name: case
        for name, case in cases(work).items()
        if (not args.verbs or name in args.verbs) and (case.changing or not args.change)
    }
    engine = ("--engine", args.engine, "--workers", "2")
    how = Campaign(signal.Signals[f"SIG{args.signal}"], args.change, engine, rng)
    print(f"| verb | runs | SIG{args.signal}s | identical trees |\n|---|---|---|---|", flush=True)
    sums, wrong = [0, 0, 0], []
    for index, (name, case) in enumerate(chosen.items()):
        share = args.kills // len(chosen) + (index < args.kills % len(chosen))
        kills, same, faults = disturb(name, case, work, share, how)
        print(f"| `{name}` | {share} | {kills} | {same} |", flush=True)
        sums = [total + one for total, one in zip(sums, (share, kills, same), strict=True)]
        wrong += faults
    print(f"| all | {sums[0]} | {sums[1]} | {sums[2]} |")
    for fault in wrong:
        print(f"\n{fault}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
