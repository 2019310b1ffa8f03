"""Two folders change places in one step, so that nobody ever sees half of the new one."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_NOT_OFFERED = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP})


def exchange(first: Path, second: Path) -> None:
    """Let two folders of one file system change places.

    By one call where the system has it (Linux, renameat2); else by three renames, of which a kill
    in between is undone by `restore`.

    Raises
    ------
    OSError
        If one is not there, or may not be moved.
    """
    if _at_once(first, second):
        return
    aside = _aside(first)
    first.rename(aside)
    second.rename(first)
    aside.rename(second)


def restore(folder: Path) -> None:
    """Put a folder back that `exchange` had moved aside when it was killed."""
    aside = _aside(folder)
    if aside.is_dir() and not folder.exists():
        aside.rename(folder)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.before")


def _at_once(first: Path, second: Path) -> bool:
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    names = os.fsencode(first), os.fsencode(second)
    if call(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _NOT_OFFERED:
        return False
    raise OSError(code, os.strerror(code), str(first))
