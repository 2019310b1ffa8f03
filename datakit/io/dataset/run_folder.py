"""The folder of ``datakit run``: one folder per step, an index, and what is known of the inputs."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from datakit.errors import InputError
from datakit.io.dataset import output
from datakit.io.store import atomic
from datakit.io.store.fingerprints import Snapshot, now_ns, stat_tree, take
from datakit.io.store.lock import WORK, claim_file
from datakit.io.store.storage import Location
from datakit.io.tables import jsonl
from datakit.records.pipeline import FileState, RunIndex, StepRecord

INDEX = "run.json"
_RESULTS = "results"
_INPUTS = "inputs"


class _Times(msgspec.Struct, frozen=True):
    """When the newest snapshot of an input was taken, and its digest."""

    digest: str
    taken_ns: int


def check(out: Path) -> None:
    """Refuse a folder that holds something else than a run.

    Raises
    ------
    InputError
        If ``out`` is a file, or holds files and no index of a run.
    """
    with atomic.write_errors(out):
        there = out.exists()
    if not there or (out / INDEX).is_file():
        return
    if not out.is_dir():
        raise InputError(f"{out}: expected a folder to write to, found a file")
    names = [entry.name for entry in out.iterdir()]
    held = [n for n in names if n != WORK and not n.startswith(atomic.TEMPORARY_PREFIX)]
    if held:
        raise InputError(
            f"{out}: expected a new folder, or one that `datakit run` wrote; found {held[0]} "
            f"and no {INDEX}; choose another folder"
        )


@contextmanager
def claim(out: Path) -> Iterator[None]:
    """Hold the lock of a run's folder; InputError names the run that has it."""
    with claim_file(out, "run.lock"):
        with atomic.write_errors(out):
            # Of a run that was killed; what its steps left is theirs.
            for left in out.glob(f"{atomic.TEMPORARY_PREFIX}*"):
                left.unlink()
        yield


class RunFolder:
    """What a run's folder remembers.

    Parameters
    ----------
    out : Path
        The folder; it need not exist until something is written.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self._work = out / WORK

    def index(self) -> dict[str, StepRecord]:
        """Return the steps of the last run by name; empty where there was none."""
        try:
            data = (self.out / INDEX).read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise InputError(f"{self.out / INDEX}: cannot be read ({error.strerror})") from None
        try:
            found = msgspec.json.decode(data, type=RunIndex)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(
                f"{self.out / INDEX}: expected the index of a run; {error}; remove the file to "
                "start anew"
            ) from None
        return {step.name: step for step in found.steps}

    def write_index(self, pipeline: str, steps: tuple[StepRecord, ...]) -> None:
        """Put the index in place, whole or not at all."""
        text = msgspec.json.encode(RunIndex(pipeline=pipeline, steps=steps))
        formatted = msgspec.json.format(text, indent=2) + b"\n"
        atomic.write_bytes(self.out / INDEX, formatted, durable=True)

    # Inputs

    def fingerprint(self, path: Location, *, keep: bool) -> Snapshot:
        """Fingerprint an input; what is remembered of it saves reading what did not change.

        Parameters
        ----------
        path : Path or ObjectPath
            A folder or a file, here or in a store.
        keep : bool
            Remember it: nothing is written otherwise.
        """
        name = hashlib.sha256(os.fsencode(str(path.resolve()))).hexdigest()[:24]
        pointer = self._work / _INPUTS / f"{name}.json"
        known, known_ns = self._known(pointer)
        started_ns = now_ns()
        snapshot = take(path, known, known_ns)
        if keep:
            if snapshot.files != known:
                jsonl.write(self._snapshot(snapshot.digest), snapshot.files)
            # Also when nothing is new: files that were too fresh to be trusted now are not.
            times = msgspec.json.encode(_Times(snapshot.digest, started_ns))
            atomic.write_bytes(pointer, times)
        return snapshot

    def _known(self, pointer: Path) -> tuple[tuple[FileState, ...], int]:
        """Return the newest snapshot of an input; a damaged one is as good as none."""
        try:
            times = msgspec.json.decode(pointer.read_bytes(), type=_Times)
            return tuple(jsonl.read(self._snapshot(times.digest), FileState)), times.taken_ns
        except (OSError, InputError, msgspec.DecodeError):
            return (), 0

    def files_of(self, digest: str) -> tuple[FileState, ...]:
        """Return the files that a digest stands for; empty where they are not known any more."""
        path = self._snapshot(digest)
        return tuple(jsonl.read(path, FileState)) if path.is_file() else ()

    def _snapshot(self, digest: str) -> Path:
        return self._work / _INPUTS / f"{digest}.jsonl"

    def forget(self, used: set[str]) -> None:
        """Remove snapshots that no step and no input refers to."""
        folder = self._work / _INPUTS
        if not folder.is_dir():
            return
        kept = set(used)
        for pointer in folder.glob("*.json"):
            kept.add(msgspec.json.decode(pointer.read_bytes(), type=_Times).digest)
        with atomic.write_errors(folder):
            for path in folder.glob("*.jsonl"):
                if path.stem not in kept:
                    path.unlink()

    # Results

    def remember_result(self, step: StepRecord) -> None:
        """Note size and time of every file of a finished step."""
        files = sorted(self.present(step).values(), key=lambda file: file.name)
        jsonl.write(self._result(step), files)

    def result(self, step: StepRecord) -> dict[str, FileState]:
        """Return the files that a step had made, by name."""
        path = self._result(step)
        return {file.name: file for file in jsonl.read(path, FileState)} if path.is_file() else {}

    def present(self, step: StepRecord) -> dict[str, FileState]:
        """Return the files that a step's result consists of now."""
        path = self.out / step.out
        return {file.name: file for file in stat_tree(path)} if path.exists() else {}

    def _result(self, step: StepRecord) -> Path:
        return self._work / _RESULTS / f"{step.name}.jsonl"

    def is_interrupted(self, step: StepRecord) -> bool:
        """Tell whether a stopped run of the step can go on."""
        return (self.out / step.out / output.WORK / output.JOURNAL).is_file()

    def clear(self, step: StepRecord, *, forced: bool) -> None:
        """Remove a step's result, so that it can be made anew.

        Raises
        ------
        InputError
            If it holds files that the step did not write, unless ``forced``.
        """
        path = self.out / step.out
        if not path.exists():
            return
        strange = sorted(self.present(step).keys() - self.result(step).keys())
        if strange and not forced:
            raise InputError(
                f"{path}: holds {strange[0]}, which this run did not write, and has to be made "
                f"anew; move your files away, or give them up with --redo {step.name}"
            )
        with atomic.write_errors(path):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
