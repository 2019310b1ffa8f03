"""What differs between systems: as this one has it, and as a fake Windows has it."""

from __future__ import annotations

import ast
import errno
import os
import signal
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from datakit import machine

PACKAGE = Path(machine.__file__).parent
POSIX_MODULES = {"fcntl", "grp", "posix", "pwd", "resource", "termios"}
POSIX_CALLS = {
    *("uname", "sched_getaffinity", "statvfs", "fork", "getuid", "geteuid", "killpg", "setsid"),
    *("pthread_sigmask", "SIGHUP", "SIGKILL", "SIGUSR1", "alarm", "setitimer"),
}


class FakeMsvcrt(types.ModuleType):
    """Windows' locks of bytes of a file: a second one of the same bytes is refused."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        super().__init__("msvcrt")
        self.held: dict[tuple[int, int], int] = {}
        self.places: list[int] = []

    def locking(self, descriptor: int, mode: int, length: int) -> None:
        assert (mode, length) == (self.LK_NBLCK, 1)
        place = os.lseek(descriptor, 0, os.SEEK_CUR)
        self.places.append(place)
        key = (os.fstat(descriptor).st_ino, place)
        if self.held.setdefault(key, descriptor) != descriptor:
            raise OSError(errno.EACCES, "permission denied")


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMsvcrt]:
    """A machine without POSIX' modules and calls."""
    fake = FakeMsvcrt()
    monkeypatch.setattr(machine, "sys", types.SimpleNamespace(platform="win32"))
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    for name in ("fcntl", "resource"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("sched_getaffinity", "statvfs"):
        monkeypatch.delattr(os, name, raising=False)
    monkeypatch.delattr(signal, "pthread_sigmask")
    yield fake


def test_a_lock_is_one_process_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    other = f"from datakit import machine; machine.lock(open({str(path)!r}, 'ab'), wait=False)"
    with path.open("ab") as file:
        machine.lock(file, wait=False)
        found = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True)
        assert "BlockingIOError" in found.stderr
    subprocess.run([sys.executable, "-c", other], check=True)


def test_a_lock_on_windows_leaves_the_owners_name_readable(
    windows: FakeMsvcrt, tmp_path: Path
) -> None:
    path = tmp_path / "lock"
    with path.open("a+b", buffering=0) as first, path.open("a+b", buffering=0) as second:
        first.write(b"process 1")
        machine.lock(first, wait=False)
        assert first.tell() == len(b"process 1")
        with pytest.raises(BlockingIOError):
            machine.lock(second, wait=False)
        second.seek(0)
        assert second.read() == b"process 1"
        assert min(windows.places) > len(b"process 1")


def test_a_lock_on_windows_waits_for_its_turn(
    windows: FakeMsvcrt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        machine, "time", types.SimpleNamespace(sleep=lambda seconds: windows.held.clear())
    )
    path = tmp_path / "lock"
    with path.open("ab") as first, path.open("ab") as second:
        machine.lock(first, wait=True)
        machine.lock(second, wait=True)
    assert len(windows.places) == 3


@pytest.mark.usefixtures("windows")
def test_windows_has_answers_for_everything(tmp_path: Path) -> None:
    assert machine.usable_cpus() == os.cpu_count()
    assert machine.most_open_files() == 256
    assert machine.shared_memory() is None
    assert not machine.is_out_of_inodes(tmp_path)
    with machine.blocked(machine.TERMINAL_SIGNALS):
        pass


def test_signals_are_held_back_and_come_afterwards() -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, frame: seen.append(number))
    try:
        with machine.blocked(machine.TERMINAL_SIGNALS):
            # To this thread: another one of the process would take what is sent to the process.
            signal.raise_signal(signal.SIGHUP)
            assert not seen
        assert seen == [signal.SIGHUP]
    finally:
        signal.signal(signal.SIGHUP, before)


def test_this_machine_is_described() -> None:
    assert 1 <= machine.usable_cpus() <= (os.cpu_count() or 1)
    assert machine.most_open_files() >= 64
    assert signal.SIGTERM in machine.ENDING_SIGNALS
    assert signal.SIGTERM not in machine.TERMINAL_SIGNALS


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_no_other_file_asks_for_what_only_some_systems_have(path: Path) -> None:
    if path.name == "machine.py":
        return
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names} & POSIX_MODULES
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.module or "").split(".")[0]} & POSIX_MODULES
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found |= {node.attr} & POSIX_CALLS if node.value.id in ("os", "signal") else set()
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= {node.value} if node.value.startswith("/dev/") else set()
    assert not found, f"{path}: move {found} to datakit/machine.py"
