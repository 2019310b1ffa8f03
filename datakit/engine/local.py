"""The default engine: worker processes on this machine, or this process with ``workers=0``."""

from __future__ import annotations

import errno
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import Connection, Pipe
from typing import Any

from threadpoolctl import ThreadpoolController

from datakit import machine
from datakit.engine.base import (
    Chunks,
    Keyed,
    Outcome,
    Session,
    Task,
    WorkerDied,
    check_workers,
    described,
    prepared,
)
from datakit.engine.processes import CONTEXT, starting_processes
from datakit.engine.worker import set_up
from datakit.errors import DatakitError, EngineError, resource_fault

STARTS = 3
_TIGHT_FILES = 64
"""With a limit below this open files are short before anything else is."""
_FIRST_S = 0.5
"""How long the first chunk may take before a second worker is started: the start of one, mostly."""
_PAYS_S = 0.1
"""Work that one worker does before others are started: about what another one costs."""
_FEEDER_S = 1.0
"""How long a thread that is not held up takes to end, at most."""


class LocalEngine:
    """Runs tasks in ``workers`` processes; in this process, one item at a time, when it is 0."""

    def __init__(self, workers: int | None = None) -> None:
        self.workers = machine.usable_cpus() if workers is None else check_workers(workers)

    def rates(self) -> Mapping[str, float]:
        """Return nothing: all work is on this machine."""
        return {}

    @contextmanager
    def open(self, task: Task[Any, Any]) -> Iterator[Session]:
        """Start the workers for ``task``; they end with the context."""
        if self.workers == 0:
            try:
                run = prepared(task)
            except DatakitError:
                raise
            except Exception as error:
                raise EngineError(f"the work cannot be set up: {described(error)}") from error
            # One thread, as in a worker: OpenBLAS's threads wait for each other by spinning, which
            # doubles the time on a busy machine, and sums depend on how many they are.
            with ThreadpoolController().limit(limits=1, user_api="blas"):
                yield _ThisProcess(run)
            return
        session = _Processes(task, self.workers)
        try:
            yield session
        finally:
            session.close()


class _ThisProcess:
    def __init__(self, run: Chunks) -> None:
        self._run = run

    def submit(self, chunk: Sequence[Keyed]) -> _Finished:
        return _Finished(self._run(chunk))

    def run_alone(self, item: Keyed) -> Outcome[Any]:
        return self._run([item])[0]


class _Finished:
    def __init__(self, outcomes: list[Outcome[Any]]) -> None:
        self._outcomes = outcomes

    def result(self) -> list[Outcome[Any]]:
        return self._outcomes


class _Pool(ProcessPoolExecutor):
    """A pool that starts a process for a chunk when none is idle and there are fewer than this."""

    _max_workers: int


class _Processes:
    """A pool for chunks and, once a worker died, a pool of one for the suspects.

    The pool has one worker until there is more to do than starting another one costs.
    """

    def __init__(self, task: Task[Any, Any], workers: int) -> None:
        self._blob = pickle.dumps(task)
        # Nothing is sent through it: it closes when this process ends, however it ends.
        self._lifeline, self._held_end = Pipe(duplex=False)
        self._workers = workers
        self._pool = self._new_pool(workers)
        self._pool._max_workers = 1
        self._latest: Future[Any] | None = None
        self._patience_s = _FIRST_S
        self._alone: _Pool | None = None

    def submit(self, chunk: Sequence[Keyed]) -> _Submitted:
        self._try_one_worker()
        try:
            with _starting_workers():
                self._latest = self._pool.submit(_run_chunk, list(chunk))
            return _Submitted(self._latest)
        except BrokenProcessPool:
            # The broken pool's unfinished chunks find out by their own futures.
            self._end(self._pool)
            self._pool = self._new_pool(self._workers)
            return self.submit(chunk)

    def _try_one_worker(self) -> None:
        """Wait for what is under way, unless it takes so long that more workers pay."""
        if self._latest is None or self._pool._max_workers == self._workers:
            return
        began = time.monotonic()
        done, _ = wait([self._latest], self._patience_s)
        left_s = min(self._patience_s - (time.monotonic() - began), _PAYS_S)
        if not done or left_s <= 0:
            self._pool._max_workers = self._workers
        self._patience_s = left_s

    def run_alone(self, item: Keyed) -> Outcome[Any]:
        if self._alone is None:
            self._alone = self._started_alone()
        try:
            with _starting_workers():
                submitted = _Submitted(self._alone.submit(_run_chunk, [item]))
            return submitted.result()[0]
        except (BrokenProcessPool, WorkerDied):
            self._end(self._alone)
            self._alone = None
            raise WorkerDied from None

    def _started_alone(self) -> _Pool:
        """Start a worker for suspects; one that is killed while it starts is started again."""
        for _ in range(STARTS):
            pool = self._new_pool(1)
            try:
                with _starting_workers():
                    ready = pool.submit(_ready)
                ready.result()
            except BrokenProcessPool:
                self._end(pool)
            else:
                return pool
        raise EngineError(
            "worker processes end before they start (killed by the system for memory, or a crash "
            "in native code); use workers=0 to see what ends them"
        )

    def close(self) -> None:
        self._end(self._pool)
        if self._alone is not None:
            self._end(self._alone)
        self._held_end.close()
        self._lifeline.close()

    def _new_pool(self, workers: int) -> _Pool:
        with _starting_workers():
            return _Pool(workers, CONTEXT, _start_worker, (self._blob, self._lifeline))

    def _end(self, pool: _Pool) -> None:
        processes, queue = (
            list((pool._processes or {}).values()),
            getattr(pool, "_call_queue", None),
        )
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()
        if sys.version_info < (3, 11, 5) and queue is not None:
            _free_feeder(queue)


def _free_feeder(queue: Any) -> None:
    """Let the thread that feeds a full pipe end: until 3.11.5 it waits for dead readers for ever.

    This process would wait for that thread (CPython issue 94777). A thread that is not held up
    closes the pipe itself, and closing it at the same time would close it twice.
    """
    feeder = queue._thread
    if feeder is None:
        return
    feeder.join(_FEEDER_S)
    if feeder.is_alive():
        queue._reader.close()


@contextmanager
def _starting_workers() -> Iterator[None]:
    """Start workers, which end with this process, whatever the terminal tells them.

    Raises
    ------
    EngineError
        If this machine is short of what a process needs.
    """
    try:
        with starting_processes():
            yield
    except OSError as error:
        raise EngineError(f"workers cannot be started: {_shortage(error)}") from error


def _shortage(error: OSError) -> str:
    """Return what is short where processes cannot be started."""
    if error.errno == errno.ENOSPC or (error.errno == errno.ENOENT and _no_shared_memory()):
        return (
            f"shared memory (/dev/shm) is full or not there ({error.strerror}); make room in it "
            "(docker run --shm-size=1g), or use --workers 0"
        )
    if isinstance(error, FileNotFoundError) and machine.most_open_files() < _TIGHT_FILES:
        # Whatever keeps `tempfile` from a file, it says that no folder is there.
        error = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    return resource_fault(error) or str(error.strerror or error)


def _no_shared_memory() -> bool:
    folder = machine.shared_memory()
    return folder is not None and not folder.is_dir()


class _Submitted:
    def __init__(self, future: Future[list[Outcome[Any]] | DatakitError]) -> None:
        self._future = future

    def result(self) -> list[Outcome[Any]]:
        try:
            outcomes = self._future.result()
        except BrokenProcessPool:
            raise WorkerDied from None
        if isinstance(outcomes, DatakitError):
            raise outcomes
        return outcomes


_run: Chunks | DatakitError | None = None


def _start_worker(blob: bytes, lifeline: Connection) -> None:
    """Prepare a worker: one thread a library, no signals of the terminal, no life of its own."""
    global _run
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
    # An error in a pool's initializer is lost; the first chunk hands it to the parent.
    _run = set_up(blob)


def _end_with_parent(lifeline: Connection) -> None:
    lifeline.poll(None)
    os._exit(1)


def _ready() -> bool:
    return True


def _run_chunk(items: list[Keyed]) -> list[Outcome[Any]] | DatakitError:
    if isinstance(_run, DatakitError):
        return _run
    if _run is None:
        return EngineError("a worker got work before its task")
    return _run(items)
