"""Loading pymatting in many workers at once, without all of them compiling it."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from datakit import machine
from datakit.errors import InputError


def load_pymatting() -> None:
    """Import pymatting; the first process compiles it for numba's cache, the others wait for that.

    Raises
    ------
    InputError
        If it is not installed.
    """
    # One thread: the engine has a worker for each CPU already.
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    folder = Path(platformdirs.user_cache_dir("datakit"))
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "pymatting.lock").open("wb") as lock:
        machine.lock(lock, wait=True)
        try:
            import pymatting  # noqa: F401
        except ImportError:
            raise InputError(
                "--method knn and lbdm need pymatting; install datakit[matte], or take closed-form"
            ) from None
