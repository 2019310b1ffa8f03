"""What differs between operating systems: CPUs, locks, signals, limits, devices; only here.

Linux and macOS are what the tests run on. On Windows signals cannot be blocked and there is no
SIGHUP; locks are Windows' own. That way is tested by a fake platform only.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO, Any

ENDING_SIGNALS = tuple(
    signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""Signals that ask a process to end."""
TERMINAL_SIGNALS = tuple(one for one in ENDING_SIGNALS if one is not signal.SIGTERM)
"""Those of them that a terminal sends to all of its processes."""
NODE = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
"""The machine's name in its network."""

_SHARED_MEMORY = Path("/dev/shm")
_GPU_DEVICES = ("/dev/nvidiactl", "/dev/dxg")
_FEW_FILES = 256
"""How many files a process may open where the system does not tell: the least of any."""
_LOCK_RETRY_S = 0.05
_LOCKED_BYTE = 1 << 30


def usable_cpus() -> int:
    """Return the number of CPUs that this process may use (affinity, not the machine's count)."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def has_gpu_device() -> bool:
    """Tell whether an NVIDIA driver has made its devices; no library is loaded for it."""
    return any(map(os.path.exists, _GPU_DEVICES))


def shared_memory() -> Path | None:
    """Return the folder of shared memory; None where processes share memory in another way."""
    return _SHARED_MEMORY if sys.platform == "linux" else None


def most_open_files() -> int:
    """Return how many files this process may have open at once."""
    try:
        import resource
    except ImportError:
        return _FEW_FILES
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft


def is_out_of_inodes(folder: Path) -> bool:
    """Tell whether a folder's file system is full of files, not of bytes."""
    if not hasattr(os, "statvfs"):
        return False
    found = os.statvfs(folder)
    return found.f_favail == 0 and found.f_files > 0 and found.f_bavail > 0


def lock(file: IO[bytes], *, wait: bool) -> None:
    """Lock an open file for this process, until it is closed or the process ends.

    Parameters
    ----------
    file : file
        Open for writing.
    wait : bool
        Whether to wait for another process that holds the lock.

    Raises
    ------
    BlockingIOError
        If another process holds it, and ``wait`` is False.
    """
    if sys.platform == "win32":
        _lock_windows(file, wait=wait)
        return
    import fcntl

    fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


def _lock_windows(file: IO[bytes], *, wait: bool) -> None:
    msvcrt: Any = import_module("msvcrt")

    # One byte far behind the end: what is locked cannot be read, and the owner's name must be.
    place = file.tell()
    while True:
        file.seek(_LOCKED_BYTE)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            return
        except OSError as error:
            if not wait:
                raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK)) from error
            time.sleep(_LOCK_RETRY_S)
        finally:
            file.seek(place)


@contextmanager
def blocked(signals: Iterable[signal.Signals]) -> Iterator[None]:
    """Hold signals back in this thread, and in processes that are started inside, if it can be."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
