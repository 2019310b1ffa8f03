"""Within one worker: items are read, computed in batches, and written, at the same time.

For a task that holds a device (`datakit.engine.base.ChunkWorker`). Threads are enough: decoding,
encoding and files release Python's lock. Without threads the same steps run one after the other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from datakit.engine.base import Keyed, Outcome, failed

Item = TypeVar("Item", bound=Keyed)
Loaded = TypeVar("Loaded")
Computed = TypeVar("Computed")
Value = TypeVar("Value")

COMPUTE = "compute"


class StageClock:
    """Adds up the seconds of each stage, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Count the block's time for a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            taken = time.perf_counter() - started
            with self._lock:
                self._seconds[stage] = self._seconds.get(stage, 0.0) + taken

    def taken(self) -> dict[str, float]:
        """Return what was counted since the last call."""
        with self._lock:
            seconds, self._seconds = self._seconds, {}
        return seconds


@dataclass(frozen=True)
class Stages(Generic[Item, Loaded, Computed, Value]):
    """Three steps over many items.

    Attributes
    ----------
    load : callable
        Item -> what is computed on; runs in the threads.
    start : callable
        Starts a batch of these and returns a function that waits for one result each, in order;
        both run in the calling thread, and the next batch is started before one is waited for. The
        items of a batch that fails are computed one by one, so that one bad item is one failure;
        where an item then ends the run, so do those after it.
    finish : callable
        (item, loaded, result) -> the item's value; runs in the threads.
    batch : int
        Items computed at once.
    threads : int
        Threads that load and finish; with 0 all runs in the calling thread.
    clock : StageClock
        Receives the time that ``start`` and its waiting take; the steps may report
        others to it.
    """

    load: Callable[[Item], Loaded]
    start: Callable[[Sequence[Loaded]], Callable[[], Sequence[Computed]]]
    finish: Callable[[Item, Loaded, Computed], Value]
    batch: int
    threads: int
    clock: StageClock = field(default_factory=StageClock)

    def run(self, items: Sequence[Item]) -> list[Outcome[Value]]:
        """Do all items; one outcome each, in the order of the items.

        At most a few batches are in memory, however many items there are. What the clock counted
        goes with the last outcome.
        """
        if self.threads == 0:
            outcomes = list(self._in_turn(items))
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                outcomes = self._overlapped(items, pool)
        seconds = self.clock.taken()
        return [*outcomes[:-1], *(replace(last, stages=seconds) for last in outcomes[-1:])]

    def _in_turn(self, items: Sequence[Item]) -> Iterator[Outcome[Value]]:
        for first in range(0, len(items), self.batch):
            chunk = items[first : first + self.batch]
            wait = self._started(chunk, [self._loaded(item) for item in chunk])
            for item, one in zip(chunk, wait(), strict=True):
                yield self._finished(item, one)

    def _overlapped(self, items: Sequence[Item], pool: ThreadPoolExecutor) -> list[Outcome[Value]]:
        ahead = self.batch + self.threads
        loading = [pool.submit(self._loaded, item) for item in items[:ahead]]
        under_way: tuple[Sequence[Item], Callable[[], list[Any]]] | None = None
        finishing: list[Future[Outcome[Value]]] = []

        def hand_over(chunk: Sequence[Item], wait: Callable[[], list[Any]]) -> None:
            for item, one in zip(chunk, wait(), strict=True):
                finishing.append(pool.submit(self._finished, item, one))
            if len(finishing) > ahead:
                # Finishing must not fall far behind: what waits for it is in memory.
                finishing[-ahead - 1].result()

        for first in range(0, len(items), self.batch):
            chunk = items[first : first + self.batch]
            loaded = [future.result() for future in loading[: len(chunk)]]
            del loading[: len(chunk)]
            after = first + ahead
            more = items[after : after + len(chunk)]
            loading += [pool.submit(self._loaded, item) for item in more]
            wait = self._started(chunk, loaded)
            if under_way is not None:
                hand_over(*under_way)
            under_way = (chunk, wait)
        if under_way is not None:
            hand_over(*under_way)
        return [future.result() for future in finishing]

    def _loaded(self, item: Item) -> Loaded | Outcome[Any]:
        try:
            return self.load(item)
        except (Exception, SystemExit) as error:  # noqa: BLE001
            return failed(item.key, error)

    def _started(
        self, chunk: Sequence[Item], loaded: Sequence[Loaded | Outcome[Any]]
    ) -> Callable[[], list[tuple[Loaded, Computed] | Outcome[Any]]]:
        """Start a batch; the function gives (loaded, result) of each item, or its failure."""
        good = [one for one in loaded if not isinstance(one, Outcome)]

        if not good:
            return lambda: [one for one in loaded if isinstance(one, Outcome)]
        try:
            with self.clock.timed(COMPUTE):
                wait = self.start(good)
        except (Exception, SystemExit) as error:  # noqa: BLE001
            outcomes = self._apart(chunk, loaded, error)
            return lambda: outcomes

        def finished() -> list[tuple[Loaded, Computed] | Outcome[Any]]:
            try:
                with self.clock.timed(COMPUTE):
                    results = iter(wait())
            except (Exception, SystemExit) as error:  # noqa: BLE001
                return self._apart(chunk, loaded, error)
            return [one if isinstance(one, Outcome) else (one, next(results)) for one in loaded]

        return finished

    def _apart(
        self, chunk: Sequence[Item], loaded: Sequence[Loaded | Outcome[Any]], error: BaseException
    ) -> list[tuple[Loaded, Computed] | Outcome[Any]]:
        """Compute the items of a batch that failed one by one; an only item has that error."""
        hopeless = sum(not isinstance(one, Outcome) for one in loaded) == 1
        found: list[tuple[Loaded, Computed] | Outcome[Any]] = []
        for item, one in zip(chunk, loaded, strict=True):
            if isinstance(one, Outcome):
                found.append(one)
                continue
            if hopeless:
                found.append(failed(item.key, error))
                continue
            try:
                with self.clock.timed(COMPUTE):
                    [result] = self.start([one])()
                found.append((one, result))
            except (Exception, SystemExit) as its_own:  # noqa: BLE001
                outcome = failed(item.key, its_own)
                found.append(outcome)
                # What ends the run is not tried on the rest: each attempt may take long.
                hopeless, error = outcome.fatal is not None, its_own
        return found

    def _finished(self, item: Item, one: tuple[Loaded, Computed] | Outcome[Any]) -> Outcome[Value]:
        if isinstance(one, Outcome):
            return one
        try:
            return Outcome(item.key, self.finish(item, *one))
        except (Exception, SystemExit) as error:  # noqa: BLE001
            return failed(item.key, error)
