"""Where a run keeps its journal and growing tables until the dataset is complete."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from datakit.io.dataset.journal import JOURNAL, RECORD, SUPERSEDED, Journal, as_journal
from datakit.io.dataset.object_journal import PARTS
from datakit.io.dataset.remote_workspace import RemoteWorkspace
from datakit.io.store import atomic, write_log
from datakit.io.store.lock import LOCK, WORK
from datakit.io.store.storage import Location, ObjectPath


class Workspace(Protocol):
    """The run's own place beside a dataset; it is used with the dataset's lock held."""

    path: Path
    """A local folder for the tables while they grow."""

    def start_over(self) -> None:
        """Empty the journal: a kill from here on leaves a run that --resume starts again."""

    def journal(self, fingerprint: str) -> Journal:
        """Open the journal; InputError if it is another run's."""

    def reopen(self, fingerprint: str) -> None:
        """Make a journal of the record: its items are done and no others."""

    def forget(self) -> None:
        """Remove what is known of earlier runs, when their files are gone."""

    def publish(self, name: str) -> None:
        """Put a finished table in place."""

    def seal(self, write: Callable[[BinaryIO], None]) -> None:
        """Put the record in place."""

    def remove(self) -> None:
        """Remove the run's own place but the record, when the dataset is finished."""

    def abandon(self) -> None:
        """Remove all of the run's own place: it was stopped before its first item."""

    def close(self) -> None:
        """Give back what the workspace holds on this machine."""


def open_workspace(out: Location) -> Workspace:
    """Return the workspace of a run that writes to ``out``."""
    if isinstance(out, ObjectPath):
        return RemoteWorkspace(out)
    return _LocalWorkspace(out)


def has_journal(out: Location) -> bool:
    """Tell whether a run into this folder was begun and has not ended."""
    if isinstance(out, ObjectPath):
        return (out / WORK / PARTS).is_dir()
    return (out / WORK / JOURNAL).is_file()


def tidy(folder: Path) -> None:
    """Remove from a finished dataset's place what a kill left of its end: all but the record."""
    # The lock goes last: until then, no other run begins.
    for entry in folder.iterdir():
        if entry.name not in (RECORD, LOCK):
            entry.unlink()
    (folder / LOCK).unlink(missing_ok=True)
    with suppress(OSError):
        # There is no record of a run of version 0.1.0.
        folder.rmdir()


class _LocalWorkspace:
    def __init__(self, out: Path) -> None:
        self._out = out
        self._existed = out.exists()
        self.path = out / WORK

    def start_over(self) -> None:
        journal = self.path / JOURNAL
        if journal.is_file():
            with (self.path / SUPERSEDED).open("ab") as kept:
                kept.write(journal.read_bytes() + b"\n")
        journal.write_bytes(b"")

    def journal(self, fingerprint: str) -> Journal:
        return Journal(self.path / JOURNAL, fingerprint)

    def reopen(self, fingerprint: str) -> None:
        with (
            (self.path / RECORD).open("rb") as record,
            atomic.writing(self.path / JOURNAL) as journal,
        ):
            journal.writelines(as_journal(record, fingerprint))

    def forget(self) -> None:
        for path in (self.path / RECORD, self.path / SUPERSEDED):
            path.unlink(missing_ok=True)
        write_log.forget(self.path)

    def publish(self, name: str) -> None:
        write_log.note(self._out / name)
        (self.path / name).replace(self._out / name)

    def seal(self, write: Callable[[BinaryIO], None]) -> None:
        with atomic.writing(self.path / RECORD, durable=True) as record:
            write(record)

    def remove(self) -> None:
        # The journal last but for the lock (see `datakit.io.dataset.output.is_finished`).
        for entry in self.path.iterdir():
            if entry.name not in (JOURNAL, LOCK, RECORD):
                entry.unlink()
        (self.path / JOURNAL).unlink()
        tidy(self.path)

    def abandon(self) -> None:
        (self.path / RECORD).unlink(missing_ok=True)
        self.remove()
        if not self._existed:
            self._out.rmdir()

    def close(self) -> None:
        """Hold nothing."""
