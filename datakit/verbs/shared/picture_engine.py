"""An engine for work on pictures: each is held to a memory limit, and how it was read is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import msgspec

from datakit.engine.base import (
    ChunkWorker,
    Engine,
    Handle,
    Needs,
    Outcome,
    Session,
    Task,
    TaskWorker,
    needs_of,
)
from datakit.errors import printable
from datakit.io.pixels.conversions import Converted, listening, repeat
from datakit.io.pixels.memory import USABLE, Budget, machine_bytes, within
from datakit.records.product import Product
from datakit.verbs.shared.basis import own_files

DEFAULT_BYTES: Final = 6 << 30
"""A machine with more takes larger pictures only with an option: few are intended."""


@dataclass(frozen=True)
class PictureEngine:
    """An engine as it is, but for what a picture may take and what is told of it.

    How photos were converted in the workers is reported in this process too
    (`datakit.io.pixels.conversions`), and stands in the products.

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

    @contextmanager
    def open(self, task: Task[Any, Any]) -> Iterator[Session]:
        """Start the engine's workers for a task."""
        bounded = _PictureTask(task, self.bytes_per_pixel, self.limit_bytes, max(1, self.workers))
        with self.engine.open(bounded) as session:
            yield _Session(session)


@dataclass(frozen=True)
class _Told:
    """What a worker made of an item, and the photos that were converted for it."""

    value: Any
    converted: Converted


@dataclass(frozen=True)
class _PictureTask:
    """A task whose worker is held to a budget and listened to."""

    task: Task[Any, Any]
    bytes_per_pixel: int
    limit_bytes: int | None
    sharing: int

    @property
    def needs(self) -> Needs:
        return needs_of(self.task)

    def setup(self) -> _PictureWorker:
        limit = self.limit_bytes or min(DEFAULT_BYTES, int(USABLE * machine_bytes() / self.sharing))
        return _PictureWorker(self.task.setup(), Budget(self.bytes_per_pixel, limit))


@dataclass(frozen=True)
class _PictureWorker:
    worker: TaskWorker[Any, Any]
    budget: Budget

    def __call__(self, item: Any) -> Any:
        with within(self.budget), listening() as heard:
            value = self.worker(item)
        return _Told(value, heard) if heard else value

    def run_chunk(self, items: Sequence[Any]) -> list[Outcome[Any]]:
        with within(self.budget), listening() as heard:
            outcomes = cast(ChunkWorker[Any, Any], self.worker).run_chunk(items)
        if not heard:
            return outcomes
        by_key = {item.key: item for item in items}
        return [_told(by_key[outcome.key], outcome, heard) for outcome in outcomes]


def _told(item: Any, outcome: Outcome[Any], heard: Converted) -> Outcome[Any]:
    """Add to an item's outcome what was heard of its own photos."""
    own = {printable(ref.name) for ref in own_files(item)}
    converted: Converted = {kind: names & own for kind, names in heard.items() if names & own}
    if outcome.value is None or not converted:
        return outcome
    return replace(outcome, value=_Told(outcome.value, converted))


@dataclass(frozen=True)
class _Session:
    """A session whose outcomes are repeated to who listens in this process."""

    session: Session

    def submit(self, chunk: Sequence[Any]) -> _Handle:
        return _Handle(self.session.submit(chunk))

    def run_alone(self, item: Any) -> Outcome[Any]:
        return _heard(self.session.run_alone(item))


@dataclass(frozen=True)
class _Handle:
    handle: Handle[Any]

    def result(self) -> list[Outcome[Any]]:
        return [_heard(outcome) for outcome in self.handle.result()]


def _heard(outcome: Outcome[Any]) -> Outcome[Any]:
    if not isinstance(outcome.value, _Told):
        return outcome
    value, converted = outcome.value.value, outcome.value.converted
    repeat(converted)
    if isinstance(value, Product):
        names = {kind: tuple(sorted(converted[kind])) for kind in sorted(converted)}
        value = msgspec.structs.replace(value, converted=names)
    return replace(outcome, value=value)
