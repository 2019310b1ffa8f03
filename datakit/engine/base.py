"""One task over many items, in order, within a bounded window, whatever runs it.

An engine supplies ``open``; the session it gives runs chunks and, when a worker died, single items.
Everything else (order, window, quarantine, resume) is here, once for all engines.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, Generic, Protocol, TypeVar, cast

from datakit.errors import DatakitError, EngineError, OutputError

Value = TypeVar("Value")

CHUNK_SECONDS = 0.05
MAX_CHUNK = 64
ATTEMPTS_ALONE = 2


class Keyed(Protocol):
    """An item of work; its key is unique and stable."""

    @property
    def key(self) -> str:
        """The item's name in journals and failures."""


Item = TypeVar("Item", bound=Keyed)
ItemIn = TypeVar("ItemIn", contravariant=True)
ValueOut = TypeVar("ValueOut", covariant=True)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a task asks of its workers, so that an engine can place it and feed it.

    Attributes
    ----------
    gpus : float
        GPUs that one worker holds; the engine ``local`` leaves them to the task.
    cpus : float
        CPUs that one worker holds on a cluster; a task that waits for a GPU may take half of one.
    chunk : int, optional
        Its worker is a `ChunkWorker` that wants this many items at once; by time when None.
    """

    gpus: float = 0.0
    chunk: int | None = None
    cpus: float = 1.0


class TaskWorker(Protocol[ItemIn, ValueOut]):
    """What a task becomes in the process that does it; it holds the models.

    Calling it twice with one item gives the same result.
    """

    def __call__(self, item: ItemIn) -> ValueOut:
        """Do one item; a DatakitError says what is wrong with it."""


class ChunkWorker(TaskWorker[ItemIn, ValueOut], Protocol[ItemIn, ValueOut]):
    """A worker that does many items together: it overlaps reading, computing and writing."""

    def run_chunk(self, items: Sequence[Any]) -> list[Outcome[Any]]:
        """Do all items and give one outcome each (see `failed`), in any order.

        What it gives for an item must not depend on the others.
        """


class Task(Protocol[ItemIn, ValueOut]):
    """A frozen, picklable piece of work.

    A task with an attribute ``needs`` (`Needs`) says what it asks of its workers.
    """

    def setup(self) -> TaskWorker[ItemIn, ValueOut]:
        """Load what all items need (models), once in each process, and return what holds it."""


@dataclass(frozen=True)
class LazyTask:
    """A task named by the class of its worker, which is imported where the work is done.

    The process that hands out the work then imports nothing of what the work needs.

    Parameters
    ----------
    target : str
        ``"module:Class"`` of the worker.
    params : mapping
        Its keyword arguments; they must be picklable.
    needs : Needs
        What it asks of its workers.
    by_key : tuple of str
        The parameters (mappings, sets) in which an item is looked up by its key alone: of these,
        only what they say of the item decides what is made of it.
    """

    target: str
    params: Mapping[str, Any]
    needs: Needs = Needs()
    by_key: tuple[str, ...] = ()

    def setup(self) -> TaskWorker[Any, Any]:
        """Build the worker."""
        module, name = self.target.split(":")
        worker: TaskWorker[Any, Any] = getattr(import_module(module), name)(**self.params)
        return worker


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Value]):
    """What became of one item: a value, or the error that took its place.

    ``fatal`` is set when the error would meet every other item too (the target is full, the device
    cannot hold the model). ``node`` names the machine that did it; "" is this one. ``stages`` holds
    the seconds that a task counted for each stage of its work since its last report.
    """

    key: str
    value: Value | None = None
    error: str | None = None
    seconds: float = 0.0
    fatal: DatakitError | None = None
    node: str = ""
    stages: dict[str, float] | None = None


class WorkerDied(Exception):
    """A worker process ended while it ran a chunk; the chunk's items are unfinished."""


class Handle(Protocol[ValueOut]):
    """Work under way."""

    def result(self) -> list[Outcome[Any]]:
        """Wait for the outcomes; WorkerDied if the worker is gone."""


class Session(Protocol):
    """Workers that are ready for one task."""

    def submit(self, chunk: Sequence[Any]) -> Handle[Any]:
        """Start a chunk; WorkerDied if the workers are gone."""

    def run_alone(self, item: Any) -> Outcome[Any]:
        """Run one item with no other in flight; WorkerDied if the worker dies of it."""


class Engine(Protocol):
    """A way to run tasks."""

    @property
    def workers(self) -> int:
        """How many work at once; an engine that asks a cluster knows it when it is open."""

    def rates(self) -> Mapping[str, float]:
        """Return items a second of each node, for engines that have nodes."""

    def open(self, task: Task[Any, Any]) -> AbstractContextManager[Session]:
        """Start workers for a task; they end with the context, also after an error."""


Chunks = Callable[[Sequence[Any]], list[Outcome[Any]]]
"""What runs a chunk of items, one outcome each."""


def prepared(task: Task[Any, Any]) -> Chunks:
    """Set a task up in this process; for the engines' workers."""
    worker = task.setup()
    if needs_of(task).chunk is None:
        return lambda items: [_attempt(worker, item) for item in items]
    return partial(_attempt_together, cast(ChunkWorker[Any, Any], worker))


def _attempt(worker: TaskWorker[Any, Value], item: Keyed) -> Outcome[Value]:
    """Run one item and turn its failure into data."""
    started = time.perf_counter()
    try:
        value = worker(item)
    # One bad item is one row: whatever a codec or a model throws must not end the run, and neither
    # must a library that calls sys.exit.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        return failed(item.key, error, time.perf_counter() - started)
    return Outcome(item.key, value, seconds=time.perf_counter() - started)


def _attempt_together(worker: ChunkWorker[Any, Any], items: Sequence[Keyed]) -> list[Outcome[Any]]:
    try:
        return worker.run_chunk(items)
    except (Exception, SystemExit) as error:  # noqa: BLE001
        return [failed(item.key, error) for item in items]


def failed(key: str, error: BaseException, seconds: float = 0.0) -> Outcome[Any]:
    """Return the outcome of an item that an error ended."""
    if isinstance(error, OutputError | EngineError):
        return Outcome(key, fatal=error)
    text = str(error) if isinstance(error, DatakitError) else described(error)
    return Outcome(key, error=text, seconds=seconds)


def needs_of(task: Task[Any, Any]) -> Needs:
    """Return what a task asks of its workers: nothing, for most."""
    needs: Needs = getattr(task, "needs", Needs())
    return needs


def described(error: BaseException) -> str:
    """Return an error of another library as one line: its kind, and what it says."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def ordered_map(
    engine: Engine,
    task: Task[Item, Value],
    items: Iterable[Item],
    *,
    recorded: Callable[[Item], Value | None] = lambda item: None,
) -> Generator[Outcome[Value], None, None]:
    """Run ``task`` over ``items`` and yield one outcome per item, in the order of the items.

    Parameters
    ----------
    engine : Engine
        Where the work runs; it does not change the outcomes.
    task : Task
        What is done with one item.
    items : iterable
        Read lazily: only a window of a few chunks a worker is in memory.
    recorded : callable
        Item -> the value of an earlier run, or None when it is still to be done.

    Yields
    ------
    Outcome
        With ``error`` "WorkerLost: …" for an item whose worker died also when it ran alone.

    Raises
    ------
    EngineError
        If workers cannot start at all.
    OutputError
        If the target cannot be written: the items after this one are not done.
    """
    with engine.open(task) as session:
        window: _Window[Item, Value] = _Window(engine, session, recorded, needs_of(task))
        yield from window.run(items)


class _Window(Generic[Item, Value]):
    """The items between submission and yield, oldest first."""

    def __init__(
        self,
        engine: Engine,
        session: Session,
        recorded: Callable[[Item], Value | None],
        needs: Needs = Needs(),
    ) -> None:
        self._session = session
        self._recorded = recorded
        self._limit = max(1, 3 * engine.workers)
        self._fixed_chunk = needs.chunk
        self._pending: deque[tuple[list[Item], Handle[Any] | None]] = deque()
        self._chunk: list[Item] = []
        self._known: dict[str, Value] = {}
        self._chunk_size = needs.chunk or 1

    def run(self, items: Iterable[Item]) -> Iterator[Outcome[Value]]:
        for item in items:
            value = self._recorded(item)
            if value is not None:
                self._known[item.key] = value
            self._chunk.append(item)
            if len(self._chunk) >= self._chunk_size:
                self._submit()
            if len(self._pending) >= self._limit:
                yield from self._oldest()
        if self._chunk:
            self._submit()
        while self._pending:
            yield from self._oldest()

    def _submit(self) -> None:
        chunk, self._chunk = self._chunk, []
        todo = [item for item in chunk if item.key not in self._known]
        handle: Handle[Any] | None = None
        if todo:
            try:
                handle = self._session.submit(todo)
            except WorkerDied:
                handle = _Dead()
        self._pending.append((chunk, handle))

    def _oldest(self) -> Iterator[Outcome[Value]]:
        chunk, handle = self._pending.popleft()
        done: dict[str, Outcome[Value]] = {}
        if handle is not None:
            try:
                outcomes = handle.result()
            except WorkerDied:
                outcomes = self._quarantine([i for i in chunk if i.key not in self._known])
            done = {outcome.key: outcome for outcome in outcomes}
            self._adapt(outcomes)
        for item in chunk:
            if item.key in done and (fatal := done[item.key].fatal):
                raise fatal
            yield done.get(item.key) or Outcome(item.key, self._known.pop(item.key))

    def _quarantine(self, items: list[Item]) -> list[Outcome[Value]]:
        return [self._alone(item) for item in items]

    def _alone(self, item: Item) -> Outcome[Value]:
        for _ in range(ATTEMPTS_ALONE):
            try:
                return self._session.run_alone(item)
            except WorkerDied:
                continue
        return Outcome(
            item.key,
            error=f"WorkerLost: the worker process died {ATTEMPTS_ALONE} times on this item alone "
            "(killed by the system for memory, or a crash in native code)",
        )

    def _adapt(self, outcomes: Sequence[Outcome[Value]]) -> None:
        if self._fixed_chunk is not None:
            return
        # Chunks pay for hand-over between processes; long items go one by one so that none waits.
        mean_s = sum(outcome.seconds for outcome in outcomes) / len(outcomes)
        wanted = int(CHUNK_SECONDS / max(mean_s, 1e-6))
        self._chunk_size = min(max(1, wanted), MAX_CHUNK, 2 * self._chunk_size)


class _Dead:
    """The handle of a chunk that never started because the workers were gone."""

    def result(self) -> list[Outcome[Any]]:
        raise WorkerDied


def check_workers(workers: int) -> int:
    """Return ``workers``; EngineError when it is negative."""
    if workers < 0:
        raise EngineError(f"workers: expected 0 (this process) or more, got {workers}")
    return workers
