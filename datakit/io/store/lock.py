"""One run at a time in a folder: the second is refused, with the owner of the first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from datakit import machine
from datakit.errors import InputError
from datakit.io.store import atomic
from datakit.io.store.object_lock import LOCK as OBJECT_LOCK
from datakit.io.store.object_lock import claim as claim_objects
from datakit.io.store.storage import Location, ObjectPath
from datakit.io.store.write_log import WORK as WORK

LOCK = "lock"


class Held(Protocol):
    """A lock that this run has."""

    def check(self) -> None:
        """Raise OutputError when it is not this run's any more."""


class _File:
    def check(self) -> None:
        """Do nothing: a file's lock is held until the process ends."""


@contextmanager
def claim(out: Location) -> Iterator[Held]:
    """Hold the lock of ``out``.

    Raises
    ------
    InputError
        If another run has it; the text names that run.
    OutputError
        If the lock cannot be written.
    """
    if isinstance(out, ObjectPath):
        with claim_objects(out, out / WORK) as held:
            yield held
        return
    with claim_file(out):
        yield _File()


def is_claimed(out: ObjectPath) -> bool:
    """Tell whether a run holds the lock of a place in a store, or left it when it was killed."""
    names = [place.name for place in (out / WORK).iterdir()]
    return any(name.startswith(OBJECT_LOCK) for name in names)


@contextmanager
def claim_file(out: Path, name: str = LOCK) -> Iterator[None]:
    """Hold the lock of a folder on this machine; InputError names the run that has it."""
    with atomic.write_errors(out):
        (out / WORK).mkdir(parents=True, exist_ok=True)
        lock = (out / WORK / name).open("a+b", buffering=0)
    with lock:
        try:
            machine.lock(lock, wait=False)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().decode(errors="replace").strip() or "owner unknown"
            raise InputError(
                f"{out}: another run is writing here ({owner}); "
                "wait for it or choose another folder"
            ) from None
        with atomic.write_errors(out):
            lock.truncate(0)
            atomic.write_all(lock, f"process {os.getpid()} on {machine.NODE}".encode())
        yield
