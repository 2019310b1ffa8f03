"""Every verb against the least work that gives its result, and against what a user would pick.

    python benchmarks/limits.py [VERB ...] [--samples 1000] [--rounds 2] [--workers 1 2]
        [--peers DIR]

For each verb three things run in turn, each in a process of its own, round after round: the verb,
its floor (`limits_floors.py`: a bare loop in one process) and a peer (`limits_peers.py`) where one
is installed. Of each figure the least of the rounds is kept: other work on a machine only adds.
"Start" is the same run on the fewest samples that the verb takes. "CPU ms a sample" is what is
left of the CPU time, of children too, over the other samples; "share of the limit" is the floor's
over the verb's. "Against the peer" compares whole runs, start-up included, by CPU and by wall time.
"Growth" is the peak memory of the whole process tree at n samples over that at n / 10.

What the development environment lacks is found in --peers, a folder that this makes; without it the
peer is left out:

    pip install --target /tmp/peers --no-deps imagehash PyWavelets

Expensive verbs take a share of the samples. Synthetic pictures of 640x640 with 1 to 3 drawn people,
and sample portraits of 512x512.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from limits_sources import Sources
from measure import Cost, run
from synthetic import image_name

HERE = Path(__file__).parent
NO_PEER = "no peer installed"
DATAKIT = (sys.executable, "-m", "datakit")


@dataclass(frozen=True)
class Row:
    """How one verb is measured.

    Attributes
    ----------
    source : str
        Kind of source (`limits_sources.Sources`).
    options : str
        What follows ``datakit VERB``; ``{src}``, ``{out}`` and ``{other}`` are filled in.
    share : float
        Of the samples that the cheapest verbs take.
    peer : str
        In `limits_peers.PEERS`, or why there is none.
    other : str
        Kind of the second source.
    few : int
        The fewest samples that the verb takes.
    parallel : bool
        Whether the verb has ``--workers`` that do its samples.
    """

    source: str
    options: str = "{src} -o {out}"
    share: float = 1.0
    peer: str = NO_PEER
    other: str = ""
    few: int = 1
    parallel: bool = True


ROWS = {
    "coco2mask": Row("export", peer="pycocotools"),
    "mask2coco": Row("masks", share=0.3, peer="contours"),
    "validate": Row("masks", "{src}", peer="look"),
    "stats": Row("masks", "{src}", peer="count"),
    "prelabel": Row("photos", share=0.1, peer="mediapipe"),
    "dedup": Row("masks", peer="imagehash"),
    "split": Row("masks", "{src} -o {out} --val 0.2", few=5),
    "anonymize": Row("photos", share=0.02, peer="deface"),
    "matte": Row("masks", share=0.05, peer="pymatting"),
    "trimap": Row("masks", share=0.5, peer="erode"),
    "qc": Row("portraits", share=0.1),
    "eval": Row("predictions", "{src} {other} -o {out}", 0.3, "metrics", "portraits"),
    "augment": Row("portraits", "{src} -o {out} --preset p3m", 0.3, "albumentations"),
    "export": Row("masks", "{src} -o {out} --format webdataset", peer="webdataset"),
    "train": Row(
        "portraits",
        "{src} -o {out} --size 64 --epochs 1 --pipeline none --threads 1",
        share=0.1,
        few=5,
        parallel=False,
    ),
    "run": Row("pipeline", "{src}/pipeline.yaml -o {out}", share=0.5, other="export"),
    "report": Row("masks", "{src} -o {out}/report.html"),
    "inpaint": Row("portraits", share=0.005, peer="telea"),
    "select": Row("masks", "{src} -o {out} --where width>100", peer="pandas"),
    "diff": Row("masks", "{src} {other} -o {out} --sheet 0", other="again", peer="compare"),
    "forget": Row("masks", f"{{src}} -o {{out}} --photo {{src}}/train/images/{image_name(0)}"),
    "review": Row("masks", "--help", few=1, peer="a page that waits for a person: start-up only"),
    "weights": Row("masks", "list", peer="no samples: start-up only"),
}
START_ONLY = ("review", "weights")
IN_FOLDER = ("imagehash",)


@dataclass(frozen=True)
class Sized:
    """A contender's cheapest run on the fewest samples, and on all."""

    start: Cost
    whole: Cost

    def each_ms(self, samples: int) -> float:
        """CPU milliseconds of each sample beyond the first ones."""
        return (self.whole.cpu_s - self.start.cpu_s) / max(samples, 1) * 1e3


class Bench:
    """Runs contenders.

    Parameters
    ----------
    folder : Path
    samples, rounds : int
    peers : Path, optional
        Where further peers are installed.
    """

    def __init__(self, folder: Path, samples: int, rounds: int, peers: Path | None = None) -> None:
        self._peers = peers
        self._sources = Sources(folder)
        self._out = folder / "out"
        self._samples, self._rounds = samples, rounds

    def count(self, row: Row) -> int:
        """How many samples a row takes."""
        return max(2 * row.few, round(row.share * self._samples))

    def measure(self, verb: str, workers: int) -> str:
        """Measure one verb; return its line of the table."""
        row, count = ROWS[verb], self.count(ROWS[verb])
        if row.peer in IN_FOLDER and self._peers is None:
            row = replace(row, peer=f"{row.peer} is not installed")
        contenders = _contenders(verb, row, workers)
        kept: dict[str, list[tuple[Cost, Cost]]] = {name: [] for name in contenders}
        for number in range(self._rounds):
            for name, command in contenders.items():
                print(f"{verb}: {name}, round {number + 1}", file=sys.stderr)
                pair = (self._cost(row, command, row.few), self._cost(row, command, count))
                kept[name].append(pair)
        sized = {name: _cheapest(pairs) for name, pairs in kept.items()}
        tenth = self._cost(row, contenders["datakit"], max(row.few, count // 10))
        return _line(verb, workers, row, count, sized, tenth)

    def start(self, verb: str) -> str:
        """Measure the start-up of a verb that has no samples to do."""
        command = (*DATAKIT, verb, *ROWS[verb].options.split())
        costs = [run(command) for _ in range(self._rounds)]
        cpu, rss = min(cost.cpu_s for cost in costs), max(cost.rss_mb for cost in costs)
        return f"| {verb} | - | {cpu:.2f} | - | - | - | {ROWS[verb].peer} | - | {rss:.0f} | - |"

    def _cost(self, row: Row, command: Sequence[str], count: int) -> Cost:
        places = {
            "src": self._sources.path(row.source, count),
            "other": self._sources.path(row.other, count) if row.other else "",
            "out": self._out,
        }
        shutil.rmtree(self._out, ignore_errors=True)
        filled = [part.format_map(places) for part in command]
        environment = {"OMP_NUM_THREADS": "1"}
        if self._peers is not None:
            found = (os.environ.get("PYTHONPATH", ""), str(self._peers))
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, found))
        return run([part for part in filled if part], environment, ok=(0, 1))


def _contenders(verb: str, row: Row, workers: int) -> dict[str, list[str]]:
    """Return name -> command line."""
    commands = {"datakit": [*DATAKIT, verb, *row.options.split(), "-q"]}
    if row.parallel and verb != "run":
        commands["datakit"] += ["--workers", str(workers)]
    floors, peers = (str(HERE / f"limits_{kind}.py") for kind in ("floors", "peers"))
    commands["floor"] = [sys.executable, floors, verb, "{src}", "{out}", "{other}"]
    if " " not in row.peer:
        commands["peer"] = [sys.executable, peers, row.peer, "{src}", "{out}"]
        commands["peer"] += ["{other}"] if row.other else []
    return commands


def _cheapest(pairs: Sequence[tuple[Cost, Cost]]) -> Sized:
    return Sized(*(_least(column) for column in zip(*pairs, strict=True)))


def _least(costs: Sequence[Cost]) -> Cost:
    """Return the least of each figure; of memory the most."""
    return Cost(
        min(cost.wall_s for cost in costs),
        min(cost.cpu_s for cost in costs),
        max(cost.rss_mb for cost in costs),
    )


def _line(
    verb: str, workers: int, row: Row, count: int, sized: dict[str, Sized], tenth: Cost
) -> str:
    ours, floor, peer = sized["datakit"], sized["floor"], sized.get("peer")
    rest = count - row.few
    each, least = ours.each_ms(rest), floor.each_ms(rest)
    against = "-"
    if peer is not None:
        cpu, wall = (
            getattr(peer.whole, kind) / getattr(ours.whole, kind) for kind in ("cpu_s", "wall_s")
        )
        against = f"{cpu:.2f}x, {wall:.2f}x"
    cells = [
        verb if workers == 1 else f"{verb}, {workers} workers",
        f"{count}",
        f"{ours.start.cpu_s:.2f} ({floor.start.cpu_s:.2f})",
        f"{each:.2f}",
        f"{least:.2f}",
        f"{least / each:.2f}",
        row.peer,
        against,
        f"{ours.whole.rss_mb:.0f}",
        f"{ours.whole.rss_mb / tenth.rss_mb:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verbs", nargs="*", metavar="VERB", choices=[*ROWS, []])
    parser.add_argument("--samples", type=int, default=1000, help="of the cheapest verbs")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--workers", type=int, nargs="*", default=[1], help="as many rows a verb")
    parser.add_argument("--work", type=Path, help="folder for the files (default: a temporary one)")
    parser.add_argument("--peers", type=Path, help="folder in which further peers are installed")
    args = parser.parse_args()
    print(
        "| verb | n | start CPU s (floor's) | CPU ms a sample | floor's | share of the limit "
        "| peer | against the peer: CPU, wall | peak RSS MB | growth |"
    )
    print("|---" * 10 + "|", flush=True)
    with tempfile.TemporaryDirectory(dir=args.work) as temporary:
        bench = Bench(args.work or Path(temporary), args.samples, args.rounds, args.peers)
        for verb in args.verbs or ROWS:
            if verb in START_ONLY:
                print(bench.start(verb), flush=True)
                continue
            for workers in args.workers if ROWS[verb].parallel and verb != "run" else [1]:
                print(bench.measure(verb, workers), flush=True)
    print(f"\nload {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
