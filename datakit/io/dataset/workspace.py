"""Where a run keeps what is not part of the dataset yet: its journal and the growing tables."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from datakit.io.dataset.journal import JOURNAL, Journal
from datakit.io.dataset.object_journal import PARTS
from datakit.io.dataset.remote_workspace import RemoteWorkspace
from datakit.io.store.lock import LOCK, WORK
from datakit.io.store.storage import Location, ObjectPath
from datakit.records.product import Product


class Workspace(Protocol):
    """The run's own place beside a dataset; it is used with the dataset's lock held."""

    path: Path
    """A local folder for the tables while they grow."""

    def start_over(self) -> None:
        """Empty the journal: a kill from here on leaves a run that --resume starts again."""

    def journal(self, fingerprint: str) -> Journal:
        """Open the journal; InputError if it is another run's."""

    def reopen(self, fingerprint: str, products: Mapping[str, Product]) -> None:
        """Write a journal that says that these items are done and no others."""

    def clear(self) -> None:
        """Remove everything from the dataset but what is the run's own."""

    def publish(self, name: str) -> None:
        """Put a finished table in place."""

    def tidy(self) -> None:
        """Remove what a run that was stopped before its first item had begun."""

    def remove(self) -> None:
        """Remove the run's own place when the dataset is finished."""

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


class _LocalWorkspace:
    def __init__(self, out: Path) -> None:
        self._out = out
        self._existed = out.exists()
        self.path = out / WORK

    def start_over(self) -> None:
        (self.path / JOURNAL).write_bytes(b"")

    def journal(self, fingerprint: str) -> Journal:
        return Journal(self.path / JOURNAL, fingerprint)

    def reopen(self, fingerprint: str, products: Mapping[str, Product]) -> None:
        # Under another name until it is whole: half a journal would mean half a dataset.
        draft = self.path / f"{JOURNAL}.draft"
        draft.unlink(missing_ok=True)
        with Journal(draft, fingerprint) as journal:
            for key, product in products.items():
                journal.add(key, product)
        draft.replace(self.path / JOURNAL)

    def clear(self) -> None:
        for entry in self._out.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                if entry.name != WORK:
                    shutil.rmtree(entry)
            else:
                entry.unlink()

    def publish(self, name: str) -> None:
        (self.path / name).replace(self._out / name)

    def tidy(self) -> None:
        self.clear()
        self.remove()
        if not self._existed:
            self._out.rmdir()

    def remove(self) -> None:
        # The journal last but for the lock (see `datakit.io.dataset.output.is_finished`).
        for entry in self.path.iterdir():
            if entry.name not in (JOURNAL, LOCK):
                entry.unlink()
        (self.path / JOURNAL).unlink()
        shutil.rmtree(self.path)

    def close(self) -> None:
        """Hold nothing."""
