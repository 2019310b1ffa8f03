"""Run a command in a process of its own and say what it cost, children included."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psutil

POLL_S = 0.05
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


@dataclass(frozen=True)
class Cost:
    """What one run cost: wall and CPU seconds, and the peak memory of the whole process tree."""

    wall_s: float
    cpu_s: float
    rss_mb: float


def tree_rss_mb(process: psutil.Process) -> float:
    """Return the resident memory of a process and its descendants; 0 when it is gone."""
    total = 0
    try:
        for one in (process, *process.children(recursive=True)):
            total += one.memory_info().rss
    except psutil.NoSuchProcess:
        return 0.0
    return total / 1e6


def installed() -> dict[str, str]:
    """Return this environment as that of an installed program, whose modules are compiled once.

    Under PYTHONDONTWRITEBYTECODE every process compiles every module of a checkout again, which
    costs a run 0.3 CPU s and each worker 0.1.
    """
    return {name: text for name, text in os.environ.items() if name != NO_BYTECODE}


def run(
    command: Sequence[str], env: dict[str, str] | None = None, ok: Iterable[int] = (0,)
) -> Cost:
    """Run to the end; raise with its stderr when the exit code is not among `ok`.

    CPU time is the kernel's account of the process and of every child it waited for. Memory is
    sampled; shared pages count once for each process, so a tree's figure is an upper bound.
    """
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env={**installed(), **(env or {})}
        )
        peak = [0.0]
        done = threading.Event()

        def watch() -> None:
            seen = psutil.Process(process.pid)
            while not done.wait(POLL_S):
                peak[0] = max(peak[0], tree_rss_mb(seen))

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        done.set()
        watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in set(ok):
            output.seek(0)
            text = output.read().decode(errors="replace")[-3000:]
            sys.exit(f"{' '.join(command)}\nexit code {process.returncode}\n{text}")
    largest = usage.ru_maxrss / 1e3 * 1.024
    return Cost(wall, usage.ru_utime + usage.ru_stime, max(peak[0], largest))


def median(costs: Sequence[Cost]) -> Cost:
    """Return the median of each figure."""
    return Cost(
        statistics.median(c.wall_s for c in costs),
        statistics.median(c.cpu_s for c in costs),
        statistics.median(c.rss_mb for c in costs),
    )
