"""Any task of a writing verb, with the inputs and digests of its products recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import msgspec

from datakit.engine.base import ChunkWorker, LazyTask, Needs, Outcome, TaskWorker
from datakit.io.layouts.base import Item
from datakit.io.store import reads, write_log, written_digests
from datakit.io.store.names import unicode_name
from datakit.io.store.storage import location
from datakit.records.product import Product, SourceFile
from datakit.verbs.shared.basis import Basis


@dataclass(frozen=True)
class Recorded:
    """Do what ``task`` does, and add what a resumed run compares.

    Attributes
    ----------
    task : LazyTask
        Its products name the files that it wrote below ``out``.
    basis : Basis
        What the task's products are made of.
    out : str
        The target, a path or a URL.
    """

    task: LazyTask
    basis: Basis
    out: str

    @property
    def needs(self) -> Needs:
        """What the task asks of its workers."""
        return self.task.needs

    def setup(self) -> _Recording:
        """Set the task up."""
        write_log.join(location(self.out))
        return _Recording(self.task.setup(), self.basis, self.out)


@dataclass(frozen=True)
class _Recording:
    """A worker whose products say what they were made of."""

    worker: TaskWorker[Item, Product]
    basis: Basis
    out: str

    def __call__(self, item: Item) -> Product:
        with write_log.items(), reads.listening() as seen:
            return self._completed(item, self.worker(item), seen)

    def run_chunk(self, items: Sequence[Item]) -> list[Outcome[Any]]:
        by_key = {item.key: item for item in items}
        with write_log.items(), reads.listening_to_all() as seen:
            outcomes = cast(ChunkWorker[Item, Product], self.worker).run_chunk(items)
            return [
                replace(outcome, value=self._completed(by_key[outcome.key], outcome.value, seen))
                if isinstance(outcome.value, Product)
                else outcome
                for outcome in outcomes
            ]

    def _completed(
        self, item: Item, product: Product, seen: Mapping[tuple[str, str], SourceFile]
    ) -> Product:
        made = self.basis.of(item)
        inputs = self.basis.inputs(made.files, seen)
        if product.failures:
            # What could not be read may be readable the next time.
            read = {file.name for file in inputs if file.root is None}
            inputs += tuple(
                SourceFile(name=name, sha256="", size_bytes=0)
                for name in map(unicode_name, (ref.name for ref in made.files))
                if name not in read
            )
        return msgspec.structs.replace(
            product,
            basis=made.digest,
            inputs=inputs,
            digests=written_digests.take(str(location(self.out)), product.files),
        )
