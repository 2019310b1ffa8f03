"""Runs of every writing verb ended by a signal at random moments, resumed, and compared.

    python benchmarks/kills.py [--runs 50] [--minutes 60] [--seed 8] [--verbs coco2mask split …]
        [--engine local] [--signals KILL TERM INT HUP …] [--change]

Each verb in turn runs once undisturbed; then, again and again, a run of it is started, and the
process that was started gets a signal (of --signals in turn) at a moment drawn from the length of
the undisturbed run, after the first file is there (of a new `python -m datakit` at any moment, also
while it starts; every third one is hit once more while it resumes), resumed to its end, and all
that lies in its folder compared with the undisturbed one, every byte of every file but the seconds
that a summary states. Starting Python and its libraries takes longer than these runs, so most are
forked from this process, which has them loaded; every second one has two worker processes. One of
sixteen is a new `python -m datakit`, as all are on Ray. A run that was over before its signal does
not count and is drawn again, earlier. Workers end with the process that got the signal, by
themselves: one that is left after 20 s is a fault. With --change a source image becomes another one
between the signal and the resumed run, which must end as an undisturbed run over the changed source
does.
"""

from __future__ import annotations

import argparse
import atexit
import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import NoReturn, Protocol, cast

from PIL import Image, ImageOps
from synthetic import make_export

import datakit as package
from datakit.__main__ import main as command_line
from datakit.io.dataset.decisions import now, open_log
from datakit.records.review import Decision

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "sample_data"
TRIES = 6
POLL_S = 0.005
OK = (0, 1, 3)
TARGET = "out"
SECONDS = re.compile(rb'("seconds": *)[0-9.e+-]+')

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
    the source that may become another one. What has no ``--resume`` is done again. ``suffix`` is
    of a DST that is a file.
    """

    arguments: tuple[str, ...]
    changing: Path | None = None
    resume: tuple[str, ...] = ("--resume",)
    varies: tuple[str, ...] = ()
    suffix: str = ""


def cases(work: Path) -> dict[str, Case]:
    """Make the inputs and return the runs by name."""
    export = make_export(work / "export", 60, people=(1, 3), points=(20, 80), size_wh=(200, 200))
    few = make_export(work / "few", 6, people=(1, 1), points=(20, 80), size_wh=(160, 160))
    datakit("coco2mask", str(few), "-o", str(work / "small"))
    datakit("coco2mask", str(export), "-o", str(work / "large"))
    (work / "pipeline.yaml").write_text(PIPELINE)
    for path in sorted((SAMPLE / "portraits/images").iterdir()):
        halved(path, work / "photos" / path.name)
    shutil.copytree(work / "small", work / "judged")
    with open_log(work / "judged.review") as decisions:
        for index, line in enumerate((work / "judged/metadata.jsonl").read_text().splitlines()):
            verdict = "reject" if index % 3 == 2 else "accept"
            decisions.add(Decision(id=json.loads(line)["id"], verdict=verdict, at=now()))
    small, large, photos = (str(work / name) for name in ("small", "large", "photos"))
    of_export, of_small, of_large, of_photos = (
        sorted(folder.rglob("*.jpg"))[3] for folder in (export, *map(Path, (small, large, photos)))
    )
    again = ("--overwrite",)
    tiny = ("--size", "32", "--width", "4", "--depth", "2", "--epochs", "3", "--threads", "1")
    return {
        "coco2mask": Case(("coco2mask", str(export)), of_export),
        "anonymize": Case(("anonymize", photos, "--on-no-face", "copy"), of_photos),
        "augment": Case(
            ("augment", small, "--preset", "light", "--copies", "2", "--seed", "7"), of_small
        ),
        "matte": Case(("matte", small), of_small),
        "trimap": Case(("trimap", large), of_large),
        "inpaint": Case(("inpaint", small, "--model", "telea"), of_small),
        "dedup --drop": Case(("dedup", small, "--drop"), of_small),
        "split": Case(("split", large, "--val", "0.25", "--seed", "7"), of_large),
        "split --repair": Case(("split", str(export), "--repair"), of_export),
        "select": Case(("select", large, "--diverse", "20"), of_large),
        "forget --apply": Case(("forget", small, "--photo", str(of_small), "--apply")),
        "qc --fix": Case(("qc", photos, "--fix", "safe"), of_photos),
        "prelabel": Case(("prelabel", photos, "--model", "otsu"), of_photos),
        "review --apply": Case(("review", str(work / "judged"), "--apply")),
        # Its --resume refuses a source that became another one.
        "train": Case(("train", small, *tiny)),
        "mask2coco": Case(("mask2coco", large), of_large),
        "export p3m": Case(("export", small, "--format", "p3m"), of_small),
        "export webdataset": Case(
            ("export", large, "--format", "webdataset", "--shard-samples", "7"), of_large
        ),
        "export parquet": Case(
            ("export", large, "--format", "parquet", "--shard-samples", "7"), of_large
        ),
        "stats": Case(("stats", large, "--preview", "4"), of_large, again),
        "eval": Case(("eval", small, small), of_small, again),
        "report": Case(("report", small), of_small, again, suffix=".html"),
        "run": Case(("run", str(work / "pipeline.yaml")), of_export, (), ("run.json", ".datakit")),
    }


def halved(path: Path, to: Path) -> None:
    """Write a picture at half its size."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(path) as picture:
        picture.reduce(2).save(to)


def tree(folder: Path, varies: tuple[str, ...]) -> dict[str, str]:
    """Return every path below a run's folder and the digest of what is there."""
    return {
        path.relative_to(folder).as_posix(): "folder"
        if path.is_dir()
        else hashlib.sha256(SECONDS.sub(rb"\1 0", path.read_bytes())).hexdigest()
        for path in sorted(folder.rglob("*"))
        if not {*path.relative_to(folder).parts[1:2]} & {*varies}
    }


class Started(Protocol):
    """A process under way."""

    @property
    def pid(self) -> int:
        """Its number, and that of its session."""

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code; TimeoutExpired where it is not over in time."""

    def send_signal(self, sig: int) -> None:
        """Send it a signal."""


@dataclass
class Forked:
    """A run forked from this process, which has the libraries loaded."""

    pid: int

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code; TimeoutExpired where it is not over in time."""
        until = None if timeout is None else time.monotonic() + timeout
        while until is not None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("datakit", cast(float, timeout))
            time.sleep(POLL_S)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def send_signal(self, sig: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, sig)


def start(case: Case, folder: Path, more: tuple[str, ...], log: Path, *, fork: bool) -> Started:
    """Start a run in a session of its own, which writes into a folder of its own."""
    folder.mkdir(exist_ok=True)
    out = f"{folder / TARGET}{case.suffix}"
    arguments = [*case.arguments, "-o", out, "-q", *more]
    with log.open("wb") as output:
        if fork:
            pid = os.fork()
            if not pid:
                run_here(arguments, folder.parent, output.fileno())
            return Forked(pid)
        return subprocess.Popen(
            [sys.executable, "-m", "datakit", *arguments],
            stdout=output,
            stderr=output,
            cwd=folder.parent,
            start_new_session=True,
        )


def run_here(arguments: list[str], folder: Path, output: int) -> NoReturn:
    """Be the command line from here on, in a process that was just forked."""
    code = 70
    try:
        os.setsid()
        os.chdir(folder)
        for number in (1, 2):
            os.dup2(output, number)
        sys.argv = ["datakit", *arguments]
        command_line()
    except SystemExit as ended:
        code = int(ended.code or 0)
        atexit._run_exitfuncs()
    finally:
        os._exit(code)


def load_all() -> None:
    """Load what any verb may load, but for Ray."""
    for module in walk_packages(package.__path__, "datakit."):
        if not module.name.endswith(("__main__", ".ray", ".actors")):
            import_module(module.name)
    for name in ("cv2", "scipy.ndimage", "torch", "albumentations", "onnxruntime", "pyarrow"):
        import_module(name)


def datakit(*arguments: str) -> None:
    """Run a command that must work."""
    subprocess.run([sys.executable, "-m", "datakit", *arguments, "-q"], check=True)


def killed_after(process: Started, seconds: float, number: signal.Signals) -> bool:
    """Send a run a signal at a moment; tell whether it was still under way."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
        process.wait()
        return True
    return False


def is_alive(pid: int) -> bool:
    """Tell whether a child of this process is still under way."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


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
        time.sleep(0.05)


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


@dataclass
class Trial:
    """One verb of the campaign: its undisturbed run, and what came of the disturbed ones."""

    name: str
    case: Case
    work: Path
    engine: str
    change: bool
    lasts: dict[bool, tuple[float, float]] = field(default_factory=dict)
    """Forked or not -> seconds until the first file is there, and until the run is over."""
    code: int = 0
    expected: Mapping[str, str] = field(default_factory=dict)
    runs: Counter[str] = field(default_factory=Counter)
    signals: Counter[str] = field(default_factory=Counter)
    same: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def _changing(self) -> Path | None:
        return self.case.changing if self.change else None

    @property
    def _log(self) -> Path:
        return self.work / "log"

    @property
    def _folder(self) -> Path:
        # The same for every run: some summaries say where they are.
        return self.work / f"{self.name.replace(' ', '_')}-run"

    def _start(self, workers: int, fork: bool, more: tuple[str, ...] = ()) -> Started:
        at = () if self.name == "run" else ("--engine", self.engine, "--workers", str(workers))
        return start(self.case, self._folder, (*at, *more), self._log, fork=fork)

    def undisturbed(self, fork: bool) -> None:
        """Run the verb once as it is, over the source that the resumed runs will find."""
        began = time.perf_counter()
        with changed(self._changing):
            process = self._start(0 if fork else 2, fork)
            while not any(self._folder.iterdir()) and is_alive(process.pid):
                time.sleep(POLL_S)
            first_file = time.perf_counter() - began if fork else 0.1
            code = process.wait()
        self.lasts[fork] = first_file, time.perf_counter() - began
        found = tree(self._folder, self.case.varies)
        if code not in OK or (self.expected and found != self.expected):
            sys.exit(f"{self.name} ended with {code}: {self._log.read_text()[-300:]}")
        self.code, self.expected = code, found
        shutil.rmtree(self._folder)

    def disturb(self, number: int, turn: int, name: str, rng: random.Random) -> None:
        """Send one run a signal, or two, resume it, and compare what it leaves."""
        folder, sent = self._folder, signal.Signals[f"SIG{name}"]
        fork = self.engine == "local" and turn % 16 != 7
        workers = 0 if fork and turn % 2 == 0 else 2
        if fork not in self.lasts:
            self.undisturbed(fork)
        earliest, longest = self.lasts[fork]
        times, hits = 2 if turn % 3 == 2 else 1, 0
        for _ in range(TRIES):
            process = self._start(workers, fork, self.case.resume if hits else ())
            if killed_after(process, rng.uniform(min(earliest, longest), longest), sent):
                if alive := left_over(process.pid):
                    self.faults.append(f"{self.name}: {alive} processes outlive SIG{name}")
                hits += 1
                if hits == times:
                    break
            else:
                longest *= 0.8
                if hits:
                    break
                shutil.rmtree(folder)
        if not hits:
            return
        with changed(self._changing):
            ended = self._start(workers, fork, self.case.resume).wait()
        found = tree(folder, self.case.varies)
        self.runs[name] += 1
        self.signals[name] += hits
        if ended == self.code and found == self.expected:
            self.same[name] += 1
            shutil.rmtree(folder)
        else:
            kept = folder.rename(f"{folder}-{number}")
            self.faults.append(
                f"{kept}: {hits} SIG{name}, exit code {ended} (undisturbed {self.code}); "
                f"{difference(self.expected, found)} {self._log.read_text()[-300:]}"
            )


def row(name: str, names: list[str], trials: list[Trial]) -> str:
    """Return a line of the table: identical trees of runs (signals sent), signal by signal."""
    cells = []
    for key in names:
        same, runs, sent = (
            sum(getattr(trial, what)[key] for trial in trials)
            for what in ("same", "runs", "signals")
        )
        cells.append(f"{same} of {runs} ({sent})")
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Run the campaign and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=50, help="runs to disturb, over all verbs")
    parser.add_argument("--minutes", type=float, default=600, help="start no run after that time")
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--verbs", nargs="*")
    parser.add_argument("--engine", default="local")
    parser.add_argument("--signals", nargs="+", default=["KILL"], help="sent in turn")
    parser.add_argument("--change", action="store_true", help="change a source image meanwhile")
    parser.add_argument("--work", type=Path, help="folder to keep what differed")
    args = parser.parse_args()
    rng, until = random.Random(args.seed), time.monotonic() + 60 * args.minutes
    work = args.work or Path(tempfile.mkdtemp(prefix="kills-"))
    work.mkdir(parents=True, exist_ok=True)
    if args.engine == "local":
        load_all()
    trials = [
        Trial(name, case, work, args.engine, args.change)
        for name, case in cases(work).items()
        if (not args.verbs or name in args.verbs) and (case.changing or not args.change)
    ]
    for number in range(args.runs):
        if time.monotonic() > until:
            break
        turn, place = divmod(number, len(trials))
        name = args.signals[(turn + place) % len(args.signals)]
        trial = trials[place]
        before = len(trial.faults)
        trial.disturb(number, turn, name, rng)
        print(number, trial.name, name, *trial.faults[before:], file=sys.stderr, flush=True)
    names = sorted({*args.signals})
    print(f"| verb | {' | '.join(f'SIG{name}' for name in names)} |\n|{'---|' * (len(names) + 1)}")
    for trial in trials:
        print(row(f"`{trial.name}`", names, [trial]))
    print(row("all", names, trials))
    faults = [fault for trial in trials for fault in trial.faults]
    print("\n".join(faults))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
