"""Which samples of a resumed run are unchanged in the source, and which are done again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest

from datakit.errors import InputError
from datakit.io.dataset import output
from datakit.io.dataset.journal import digest_of
from datakit.io.dataset.record import Record, record_lines
from datakit.io.dataset.whole_files import whole_files
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection
from datakit.io.store.names import unicode_name
from datakit.records.counts import counted
from datakit.records.product import Product
from datakit.verbs.shared.basis import Basis
from datakit.verbs.shared.run_record import Run

NAMED = 3


class SourceCheck:
    """Compares what was made with what would be made now, and counts both.

    Parameters
    ----------
    basis : Basis
        What the task's products are made of.
    select : callable
        Which items take part.
    """

    def __init__(self, basis: Basis, select: Callable[[Item], bool]) -> None:
        self.basis = basis
        self._select = select
        self._kept = 0
        self._again = 0
        self._named: list[str] = []

    def chosen(self, source: Collection) -> Iterator[Item]:
        """Yield the items that take part."""
        return (item for item in source.items() if self._select(item))

    def recorded(self, item: Item, writer: output.DatasetWriter) -> Product | None:
        """Return what an earlier run made of an item; None when it is to be done (again)."""
        found = writer.recorded(item.key, lambda product: self.basis.is_current(item, product))
        if found is not None:
            self._kept += 1
        elif writer.knows(item.key):
            self._again += 1
            if len(self._named) < NAMED:
                self._named.append(item.key)
        return found

    def is_current(self, run: Run) -> bool:
        """Tell whether a finished dataset is what a fresh run would write; nothing is changed.

        Raises
        ------
        InputError
            If the dataset was made with other weights, or of a source that has none of its samples.
        """
        record = Record(record_lines(run.target))
        if record.fingerprint not in ("", run.identity):
            raise InputError(
                f"{run.target}: --resume found a finished dataset made with other options, model "
                "weights or version; choose another folder, or --overwrite"
            )
        whole = whole_files(run.target)
        for known, item in zip_longest(record.products(), self.chosen(run.source)):
            if known is None or item is None or known[0] != unicode_name(item.key):
                self._refuse_another_source(run)
                return False
            if not (self.basis.is_current(item, known[1]) and whole.has(known[1])):
                return False
        close = record.close
        return (
            close is not None
            and close.failures == digest_of(run.source.failures)
            and all((run.target / name).is_file() for name in close.files)
        )

    def _refuse_another_source(self, run: Run) -> None:
        """Refuse a source that has none of the samples: it would replace them all."""
        known = {key for key, _ in Record(record_lines(run.target)).products()}
        if known and not any(unicode_name(item.key) in known for item in self.chosen(run.source)):
            raise InputError(
                f"{run.target}: --resume expected the source that this dataset was made of, found "
                "one that has none of its samples; choose another folder, or --overwrite"
            )

    def notes(self, known: int) -> tuple[str, ...]:
        """Say what of an earlier run was kept, was done again, and is gone."""
        if not known:
            return ()
        parts = [f"{counted(self._kept, 'samples')} kept"]
        if self._again:
            more = ", …" if self._again > len(self._named) else ""
            parts.append(
                f"{self._again:,} done again ({', '.join(self._named)}{more}), where the source or "
                "an option for it changed, it had failed, or files were not whole"
            )
        if gone := known - self._kept - self._again:
            parts.append(f"{gone:,} taken out, not in the source any more")
        return (f"resumed: {', '.join(parts)}",)
