"""Which files this process wrote below a dataset, on record before each is in place.

A run that is killed leaves files that its journal does not know yet; by the write log, the
next run can tell them from files that somebody else put there.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from datakit.io.store.storage import Location

WORK = ".datakit"
"""The folder in a dataset that is the run's own."""
PREFIX = "written-"


class _WriteLog:
    """The open log of this process; a process writes to one dataset at a time."""

    def __init__(self) -> None:
        self._root = ""
        self._handle: int | None = None
        self._in_items = 0
        self.names: set[str] = set()

    def open(self, out: Location, folder: Path) -> None:
        self.close()
        # Only names are kept of a store, in which nothing can be appended to.
        if isinstance(out, Path):
            path = folder / f"{PREFIX}{socket.gethostname()}-{os.getpid()}"
            self._handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._root = f"{out}/"

    @property
    def is_open(self) -> bool:
        return bool(self._root)

    def close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
        self._handle, self._root, self.names = None, "", set()

    def note(self, path: Location) -> None:
        text = str(path)
        if not self._root or not text.startswith(self._root):
            return
        name = text[len(self._root) :]
        if name.startswith(f"{WORK}/"):
            return
        if self._handle is not None:
            os.write(self._handle, os.fsencode(name) + b"\0")
        if not self._in_items:
            self.names.add(name)

    @contextmanager
    def items(self) -> Iterator[None]:
        self._in_items += 1
        try:
            yield
        finally:
            self._in_items -= 1


_log = _WriteLog()


@contextmanager
def recording(out: Location, folder: Path) -> Iterator[set[str]]:
    """Log writes below ``out`` in ``folder``; give the names that no item's work wrote so far."""
    _log.open(out, folder)
    try:
        yield _log.names
    finally:
        _log.close()


def join(out: Location) -> None:
    """Log writes below ``out`` from now on, in a worker; its run may have ended already."""
    if isinstance(out, Path) and not _log.is_open:
        with suppress(FileNotFoundError):
            _log.open(out, out / WORK)


def note(path: Location) -> None:
    """Put a file on record that is about to be in place."""
    _log.note(path)


def items() -> AbstractContextManager[None]:
    """Return a context in which files belong to items, whose products name them."""
    return _log.items()


def forget(folder: Path) -> None:
    """Remove the write logs of earlier runs."""
    for path in folder.glob(f"{PREFIX}*"):
        path.unlink()


def written(folder: Path) -> Iterator[str]:
    """Yield the names in all write logs of a dataset, of this run and of those before."""
    for path in sorted(folder.glob(f"{PREFIX}*")):
        # A torn last name is one of a file that is not in place.
        *names, _ = path.read_bytes().split(b"\0")
        for name in names:
            yield os.fsdecode(name)
