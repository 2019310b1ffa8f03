"""Any task, when it writes to an object store: its products also say the digests of their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import msgspec

from datakit.engine.base import ChunkWorker, Needs, Outcome, Task, TaskWorker, needs_of
from datakit.io.layouts.base import Item
from datakit.io.store import written_digests
from datakit.io.store.storage import is_remote, location
from datakit.records.product import Product


def stored(task: Task[Item, Product], out: str) -> Task[Item, Product]:
    """Return ``task`` for a target: as it is for a local one.

    Parameters
    ----------
    task : Task
        Its products name the files that it wrote below ``out``.
    out : str
        The target, a path or a URL.
    """
    return Stored(task, str(location(out))) if is_remote(out) else task


@dataclass(frozen=True)
class Stored:
    """Do what ``task`` does, and add what a resumed run compares the objects with."""

    task: Task[Item, Product]
    out: str

    @property
    def needs(self) -> Needs:
        """What the task asks of its workers."""
        return needs_of(self.task)

    def setup(self) -> _Signing:
        """Set the task up."""
        return _Signing(self.task.setup(), self.out)


@dataclass(frozen=True)
class _Signing:
    """A worker whose products say the digests of their files."""

    worker: TaskWorker[Item, Product]
    out: str

    def __call__(self, item: Item) -> Product:
        return self._signed(self.worker(item))

    def run_chunk(self, items: Sequence[Item]) -> list[Outcome[Any]]:
        outcomes = cast(ChunkWorker[Item, Product], self.worker).run_chunk(items)
        return [
            replace(outcome, value=self._signed(outcome.value))
            if isinstance(outcome.value, Product)
            else outcome
            for outcome in outcomes
        ]

    def _signed(self, product: Product) -> Product:
        return msgspec.structs.replace(
            product, digests=written_digests.take(self.out, product.files)
        )
