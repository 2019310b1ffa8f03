"""An engine whose workers refuse pictures that would take more memory than each may use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, cast

from datakit.engine.base import (
    ChunkWorker,
    Engine,
    Needs,
    Outcome,
    Session,
    Task,
    TaskWorker,
    needs_of,
)
from datakit.io.pixels.memory import USABLE, Budget, machine_bytes, within

DEFAULT_BYTES: Final = 6 << 30
"""A machine with more takes larger pictures only with an option: few are intended."""


@dataclass(frozen=True)
class BoundedEngine:
    """An engine as it is, but for what a picture may take.

    Parameters
    ----------
    engine : Engine
    bytes_per_pixel : int
        What the work on a picture takes at its peak.
    limit_bytes : int, optional
        What a worker may use; when None, `DEFAULT_BYTES`, or its share of a smaller machine.
    """

    engine: Engine
    bytes_per_pixel: int
    limit_bytes: int | None = None

    @property
    def workers(self) -> int:
        """The engine's."""
        return self.engine.workers

    def rates(self) -> Mapping[str, float]:
        """Return the engine's."""
        return self.engine.rates()

    def open(self, task: Task[Any, Any]) -> AbstractContextManager[Session]:
        """Start the engine's workers for a task."""
        bounded = _Bounded(task, self.bytes_per_pixel, self.limit_bytes, max(1, self.workers))
        return self.engine.open(bounded)


@dataclass(frozen=True)
class _Bounded:
    """A task whose worker is held to a budget."""

    task: Task[Any, Any]
    bytes_per_pixel: int
    limit_bytes: int | None
    sharing: int

    @property
    def needs(self) -> Needs:
        return needs_of(self.task)

    def setup(self) -> _BoundedWorker:
        limit = self.limit_bytes or min(DEFAULT_BYTES, int(USABLE * machine_bytes() / self.sharing))
        return _BoundedWorker(self.task.setup(), Budget(self.bytes_per_pixel, limit))


@dataclass(frozen=True)
class _BoundedWorker:
    worker: TaskWorker[Any, Any]
    budget: Budget

    def __call__(self, item: Any) -> Any:
        with within(self.budget):
            return self.worker(item)

    def run_chunk(self, items: Sequence[Any]) -> list[Outcome[Any]]:
        with within(self.budget):
            return cast(ChunkWorker[Any, Any], self.worker).run_chunk(items)
