"""A journal in an object store: objects cannot grow, so it is put there in parts."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from datakit.io.dataset.journal import Journal
from datakit.io.store.storage import ObjectPath
from datakit.records.product import Product

PARTS = "journal"
"""The folder of the journal's parts in an object store."""

PART_BYTES = 512 << 10
PART_S = 2.0


def first_part(work: ObjectPath) -> ObjectPath:
    """Return the part that begins a journal; an empty one means that it begins anew."""
    return work / PARTS / _name(0)


def _name(number: int) -> str:
    return f"{number:08d}.jsonl"


class ObjectJournal(Journal):
    """A local journal whose lines reach the store a few seconds after they are written.

    A kill loses the lines that were not uploaded yet; their items are done again, to the same
    bytes. What the store's journal says is done is believed only of objects that have the size and
    the digest that it tells.

    Parameters
    ----------
    out, work : ObjectPath
        The dataset and the run's own place in it.
    path : Path
        The local copy; it need not exist.
    fingerprint : str
        See `Journal`.
    """

    def __init__(self, out: ObjectPath, work: ObjectPath, path: Path, fingerprint: str) -> None:
        self._parts = work / PARTS
        self._number, self._sent_bytes = self._download(path)
        self._sent_s = time.monotonic()
        super().__init__(path, fingerprint, out)
        self._sent_bytes = min(self._sent_bytes, self._handle.tell())
        if not self._sent_bytes:
            # At once: from here on the place is one that datakit wrote.
            self.flush()

    def _download(self, path: Path) -> tuple[int, int]:
        """Copy the parts to ``path``; return the number of the next one and the bytes so far."""
        places = list(self._parts.iterdir())
        with path.open("wb") as copy:
            if places and places[0].name == _name(0):
                for place in places:
                    text = place.read_bytes()
                    if not text and place is places[0]:
                        # Emptied to begin anew; a kill came before the rest was removed.
                        break
                    copy.write(text)
            size = copy.tell()
        if not size and places:
            first = first_part(self._parts.parent)
            self._parts.store.remove([place.key for place in places if place != first])
            return 0, 0
        return len(places), size

    def add(self, key: str, product: Product) -> None:
        """Note an item as finished; the store hears of it with the next part."""
        super().add(key, product)
        waiting = self._handle.tell() - self._sent_bytes
        late = time.monotonic() - self._sent_s >= PART_S
        if waiting >= PART_BYTES or (waiting and late):
            self.flush()

    def flush(self) -> None:
        """Upload the lines that the store does not have."""
        size = self._handle.seek(0, 2)
        if size == self._sent_bytes:
            return
        self._handle.seek(self._sent_bytes)
        lines = self._handle.read(size - self._sent_bytes)
        (self._parts / _name(self._number)).write_bytes(lines)
        self._number += 1
        self._sent_bytes, self._sent_s = size, time.monotonic()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and len(self):
            # The store may be what failed; then the lines are lost and their items done again.
            with suppress(OSError):
                self.flush()
        super().__exit__(kind, error, trace)
