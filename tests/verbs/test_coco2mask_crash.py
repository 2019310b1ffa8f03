"""`coco2mask` killed, starved and disturbed: the tree is the same to the byte."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any, BinaryIO

import psutil
import pytest

import datakit
from datakit.errors import OutputError
from datakit.io.store import atomic
from tests.verbs.exports import large_export, tree

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return large_export(tmp_path_factory.mktemp("large") / "export")


@pytest.fixture(scope="module")
def undisturbed(export: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    summary = datakit.coco2mask(export, out, workers=0)
    assert summary.counts["samples"] > 280
    assert summary.failed > 5
    found = tree(out)
    assert len(found) > 580
    return found


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_number_of_workers_changes_no_byte(
    export: Path, undisturbed: dict[str, str], tmp_path: Path, workers: int
) -> None:
    datakit.coco2mask(export, tmp_path / "out", workers=workers)
    assert tree(tmp_path / "out") == undisturbed


# Kills


def test_killed_before_any_event_and_resumed_is_the_same(tmp_path: Path) -> None:
    src = large_export(tmp_path / "export", count=40)
    (tmp_path / "work").mkdir()
    command = [sys.executable, "-m", "tests.verbs.killer", str(src), str(tmp_path / "work"), "8"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert int(report.pop("new")["events"]) > 150
    assert int(report.pop("overwrite")["events"]) > 150
    assert report == {}


@pytest.mark.slow
def test_killed_before_very_many_events(tmp_path: Path) -> None:
    src = large_export(tmp_path / "export", count=100)
    (tmp_path / "work").mkdir()
    command = [
        sys.executable, "-m", "tests.verbs.killer", str(src), str(tmp_path / "work"), "400",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert {name for name in report if " " in name} == set()


def started(export: Path, out: Path, workers: int, *flags: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "datakit", "coco2mask", str(export), "-o", str(out)]
    return subprocess.Popen(
        [*command, "--workers", str(workers), "-q", *flags],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("workers", [0, 2])
def test_killed_at_random_moments_and_resumed_is_the_same(
    export: Path, undisturbed: dict[str, str], tmp_path: Path, workers: int
) -> None:
    out, rng = tmp_path / "out", random.Random(workers)
    process = started(export, out, workers)
    for _ in range(3):
        # Time runs from the first sign of work, or the kill would only ever hit the imports.
        deadline = time.monotonic() + 30
        while not (out / ".datakit/journal.jsonl").exists() and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process = started(export, out, workers, "--resume")
    assert process.wait() == 3
    assert tree(out) == undisturbed


def test_ended_by_the_user_and_resumed_is_the_same(
    export: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = started(export, out, 2)
    while not (out / ".datakit/journal.jsonl").exists():
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    assert process.wait() in (130, 3)
    assert started(export, out, 0, "--resume").wait() == 3
    assert tree(out) == undisturbed


def workers() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if any("multiprocessing.forkserver" in word for word in child.cmdline()):
                found.append(child)
    return found


def test_workers_killed_in_the_middle_change_nothing(
    export: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    out, kills = tmp_path / "out", []
    ended = threading.Event()

    def hunt() -> None:
        while not ended.is_set() and len(kills) < 3:
            done = len(list(out.glob("*/masks/*"))) if out.exists() else 0
            if done > 60 * (len(kills) + 1):
                # Other children are the trackers of shared resources, which later tests need.
                for child in workers()[-1:]:
                    child.kill()
                    kills.append(child.pid)
            time.sleep(0.005)

    hunter = threading.Thread(target=hunt)
    hunter.start()
    try:
        datakit.coco2mask(export, out, workers=2)
    finally:
        ended.set()
        hunter.join()
    assert kills
    assert tree(out) == undisturbed


# A full disk


class Budget:
    """A file on a disk with room for some bytes more."""

    left = 0

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handle, name)

    def write(self, data: bytes | memoryview) -> int:
        fits = data[: max(0, Budget.left)]
        Budget.left -= len(data)
        self._handle.write(fits)
        if len(fits) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return len(data)


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> type[Budget]:
    writing, write_all = atomic.writing, atomic.write_all

    @contextmanager
    def limited(path: Path, *, durable: bool = False) -> Iterator[BinaryIO]:
        with writing(path, durable=durable) as handle:
            yield Budget(handle)  # type: ignore[misc]

    def limited_all(handle: FileIO, data: bytes) -> None:
        write_all(Budget(handle), data)  # type: ignore[arg-type]

    monkeypatch.setattr(atomic, "writing", limited)
    monkeypatch.setattr(atomic, "write_all", limited_all)
    return Budget


@pytest.mark.parametrize("room", [0, 100, 2_000, 50_000, 150_000, 260_000, 300_000, 350_000])
def test_a_full_disk_is_one_sentence_and_the_run_can_go_on(
    export: Path,
    undisturbed: dict[str, str],
    tmp_path: Path,
    small_disk: type[Budget],
    room: int,
) -> None:
    out = tmp_path / "out"
    small_disk.left = room
    with pytest.raises(
        OutputError, match=r"cannot be written \(No space left on device\); make room"
    ):
        datakit.coco2mask(export, out, workers=0)
    temporary = [path for path in tmp_path.rglob("*") if atomic.TEMPORARY_PREFIX in path.name]
    assert not temporary
    assert not (out / "metadata.jsonl").exists()
    small_disk.left = 1 << 40
    datakit.coco2mask(export, out, workers=0, resume=True)
    assert tree(out) == undisturbed


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_real_disk_that_is_full(
    export: Path, undisturbed: dict[str, str], tmpfs: Path, workers: int
) -> None:
    out = tmpfs / "out"
    command = [sys.executable, "-m", "datakit", "coco2mask", str(export), "-o", str(out)]
    command += ["--workers", str(workers)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    *notes, sentence = done.stderr.splitlines()
    assert all(note.startswith("read as coco: ") for note in notes)
    assert sentence.startswith("Error: ")
    assert "No space left on device" in sentence
    assert done.stdout == ""
    subprocess.run(["mount", "-o", "remount,size=64m", str(tmpfs)], check=True)
    done = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert tree(out) == undisturbed
