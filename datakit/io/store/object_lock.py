"""A lock in an object store: an object that only one run can create, with its owner's pulse.

Stores have no locks that end with their process. So the owner writes a count into its lock every
few seconds; whoever finds a lock waits until the count moves (it is held) or has stood still for
so long that the owner would have given up by itself (it is free). No clock of another machine is
read, and none of this one that can be set back. A free lock is taken over by creating the next
number: of two takers one succeeds, and an owner that wakes up sees that it lost.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from datakit.errors import InputError, OutputError
from datakit.io.store import atomic
from datakit.io.store.storage import ObjectPath

LOCK = "lock-"
PULSE_S = 5.0
GIVE_UP_S = 20.0
"""An owner that could not write its pulse for so long stops: others may think it dead."""
DEAD_S = 30.0
"""A lock whose pulse stands still for so long is free."""
POLL_S = 1.0

_mine: set[str] = set()
"""Tokens of the locks that runs in this process hold now."""


class Owner(msgspec.Struct, frozen=True):
    """Who holds a lock: enough to name it, and to know on the same machine whether it lives."""

    token: str
    host: str
    pid: int
    machine: str
    started: str
    pulse: int = 0

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


@contextmanager
def claim(out: ObjectPath, work: ObjectPath) -> Iterator[ObjectLock]:
    """Hold the lock of ``out``, whose object is in ``work``, with a pulse until the block ends."""
    lock = _acquire(out, work)
    pulse = threading.Thread(target=lock.beat_on, name="datakit-lock", daemon=True)
    pulse.start()
    try:
        yield lock
    finally:
        lock.ended.set()
        pulse.join()
        with suppress(OSError):
            lock.release()
        _mine.discard(lock.owner.token)


@dataclass
class ObjectLock:
    """A lock that this run has created."""

    out: ObjectPath
    work: ObjectPath
    number: int
    owner: Owner
    ended: threading.Event = field(default_factory=threading.Event)
    last_s: float = field(default_factory=time.monotonic)
    lost_to: str | None = None

    @property
    def place(self) -> ObjectPath:
        """The lock's object."""
        return self.work / f"{LOCK}{self.number:06d}"

    def beat_on(self) -> None:
        """Write the pulse until the run ends or the lock is lost."""
        while not self.ended.wait(PULSE_S) and self.lost_to is None:
            with suppress(OSError):
                self.beat()

    def beat(self) -> None:
        """Write the pulse once, after a look whether the lock is still this run's."""
        number, owner = _newest(self.work)
        if owner is None or owner.token != self.owner.token:
            self.lost_to = str(owner) if number else "nobody: its object was removed"
            return
        self.owner = msgspec.structs.replace(self.owner, pulse=self.owner.pulse + 1)
        self.place.write_bytes(msgspec.json.encode(self.owner))
        self.last_s = time.monotonic()

    def check(self) -> None:
        """Raise OutputError when the lock is lost, or others may think so."""
        if self.lost_to is None and time.monotonic() - self.last_s > GIVE_UP_S:
            with atomic.write_errors(self.place):
                self.beat()
        if self.lost_to is not None:
            raise OutputError(
                f"{self.out}: this run lost its lock to {self.lost_to}, as it was silent for too "
                "long; wait for that run, then use --resume"
            )

    def release(self) -> None:
        """Remove the lock, if it is still this run's."""
        owner = _newest(self.work)[1]
        if owner is not None and owner.token == self.owner.token:
            self.work.store.remove(
                [place.key for place in self.work.iterdir() if place.name.startswith(LOCK)]
            )


def _acquire(out: ObjectPath, work: ObjectPath) -> ObjectLock:
    owner = _this_process()
    with atomic.write_errors(out):
        while True:
            number, holder = _newest(work)
            if holder is not None and holder.token != owner.token and _lives(work, number, holder):
                raise InputError(
                    f"{out}: another run is writing here ({holder}); "
                    "wait for it or choose another folder"
                )
            lock = ObjectLock(out, work, number + 1, owner)
            with suppress(FileExistsError):
                work.store.create(lock.place.key, msgspec.json.encode(owner))
            # Read back: the answer to a repeated request tells of the first one, and an old store
            # may not know the condition.
            number, holder = _newest(work)
            if holder is not None and holder.token == owner.token:
                _mine.add(owner.token)
                return replace(lock, number=number)


def _newest(work: ObjectPath) -> tuple[int, Owner | None]:
    """Return number and owner of the newest lock; 0 when there is none, None when unreadable."""
    names = [place.name for place in work.iterdir() if place.name.startswith(LOCK)]
    if not names:
        return 0, None
    newest = max(names)
    try:
        number = int(newest.removeprefix(LOCK))
        return number, msgspec.json.decode((work / newest).read_bytes(), type=Owner)
    except FileNotFoundError:
        return 0, None
    except (ValueError, msgspec.DecodeError):
        raise InputError(
            f"{work / newest}: expected a lock of datakit, found something else; remove it"
        ) from None


def _lives(work: ObjectPath, number: int, holder: Owner) -> bool:
    """Tell whether a lock's owner is at work; where it cannot be asked, its pulse is watched."""
    if holder.machine and holder.machine == _machine():
        alive = _started(holder.pid) == holder.started
        return alive and (holder.pid != os.getpid() or holder.token in _mine)
    deadline = time.monotonic() + DEAD_S
    while time.monotonic() < deadline:
        time.sleep(POLL_S)
        now = _newest(work)
        if now == (0, None):
            return False
        if now != (number, holder):
            return True
    return False


def _this_process() -> Owner:
    pid = os.getpid()
    return Owner(secrets.token_hex(8), socket.gethostname(), pid, _machine(), _started(pid))


def _machine() -> str:
    """Return what tells machines, boots and containers apart; empty where the system has none."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """Return when a process started, in ticks since the boot; empty when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]
