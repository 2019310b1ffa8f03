"""The workspace of a run that writes to an object store: a local folder, and a journal in parts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from datakit.io.dataset.journal import JOURNAL, RECORD, SUPERSEDED, Journal, as_journal
from datakit.io.dataset.object_journal import PARTS, ObjectJournal, first_part
from datakit.io.store import atomic
from datakit.io.store.lock import WORK
from datakit.io.store.storage import ObjectPath


class RemoteWorkspace:
    """The workspace of a dataset in an object store: its tables grow here."""

    def __init__(self, out: ObjectPath) -> None:
        self._out = out
        self._work = out / WORK
        self._spool = TemporaryDirectory(prefix="datakit-")
        self.path = Path(self._spool.name)

    def start_over(self) -> None:
        """Empty the journal; what it says of files is kept until they are gone."""
        lines = b"\n".join(place.read_bytes() for place in (self._work / PARTS).iterdir())
        if lines:
            kept = self._work / SUPERSEDED
            before = kept.read_bytes() if kept.is_file() else b""
            kept.write_bytes(before + lines + b"\n")
        first_part(self._work).write_bytes(b"")

    def journal(self, fingerprint: str) -> Journal:
        """Open the journal."""
        return ObjectJournal(self._out, self._work, self.path / JOURNAL, fingerprint)

    def reopen(self, fingerprint: str) -> None:
        """Make a journal of the record."""
        with (self._work / RECORD).open("rb") as record:
            lines = b"".join(as_journal(record, fingerprint))
        # One object: it is there whole or not at all.
        first_part(self._work).write_bytes(lines)

    def forget(self) -> None:
        """Remove what is known of earlier runs."""
        places = (self._work / RECORD, self._work / SUPERSEDED)
        self._work.store.remove([place.key for place in places])

    def publish(self, name: str) -> None:
        """Upload a finished table."""
        with atomic.writing(self._out / name) as target, (self.path / name).open("rb") as table:
            shutil.copyfileobj(table, target)

    def seal(self, write: Callable[[BinaryIO], None]) -> None:
        """Upload the record."""
        with atomic.writing(self._work / RECORD) as record:
            write(record)

    def remove(self) -> None:
        """Remove the journal; the lock goes with its owner."""
        parts = self._work / PARTS
        keys = [entry.key for entry in parts.store.below(parts.key)]
        self._work.store.remove([*keys, (self._work / SUPERSEDED).key])

    def abandon(self) -> None:
        """Remove what was begun."""
        self.remove()
        self.forget()

    def close(self) -> None:
        """Remove the local folder."""
        self._spool.cleanup()
