"""The workspace of a run that writes to an object store: a local folder, and a journal in parts."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from datakit.io.dataset.journal import JOURNAL, Journal
from datakit.io.dataset.object_journal import PARTS, ObjectJournal, first_part
from datakit.io.store import atomic, written_digests
from datakit.io.store.lock import WORK
from datakit.io.store.storage import ObjectPath
from datakit.records.product import Product


class RemoteWorkspace:
    """The workspace of a dataset in an object store: its tables grow here."""

    def __init__(self, out: ObjectPath) -> None:
        self._out = out
        self._work = out / WORK
        self._spool = TemporaryDirectory(prefix="datakit-")
        self.path = Path(self._spool.name)

    def start_over(self) -> None:
        """Empty the journal."""
        first_part(self._work).write_bytes(b"")

    def journal(self, fingerprint: str) -> Journal:
        """Open the journal."""
        return ObjectJournal(self._out, self._work, self.path / JOURNAL, fingerprint)

    def reopen(self, fingerprint: str, products: Mapping[str, Product]) -> None:
        """Write a journal of these items."""
        draft = self.path / f"{JOURNAL}.draft"
        with Journal(draft, fingerprint) as journal:
            for key, product in products.items():
                digests = {name: self._digest(name) for name in product.files}
                journal.add(key, msgspec.structs.replace(product, digests=digests))
        # One object: it is there whole or not at all.
        first_part(self._work).write_bytes(draft.read_bytes())

    def _digest(self, name: str) -> str:
        return written_digests.md5((self._out / name).read_bytes())

    def clear(self) -> None:
        """Remove everything but what is the run's own."""
        own = f"{self._work.key}/"
        entries = self._out.store.below(self._out.key)
        self._out.store.remove([e.key for e in entries if not e.key.startswith(own)])

    def publish(self, name: str) -> None:
        """Upload a finished table."""
        with atomic.writing(self._out / name) as target, (self.path / name).open("rb") as table:
            shutil.copyfileobj(table, target)

    def tidy(self) -> None:
        """Remove what was begun."""
        self.clear()
        self.remove()

    def remove(self) -> None:
        """Remove the journal; the lock goes with its owner."""
        parts = self._work / PARTS
        self._work.store.remove([entry.key for entry in parts.store.below(parts.key)])

    def close(self) -> None:
        """Remove the local folder."""
        self._spool.cleanup()
