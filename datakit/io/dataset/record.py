"""The record of a finished dataset: which sample was made of what."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from datakit.io.dataset.journal import RECORD, Close, Entry, Header
from datakit.io.store.lock import WORK
from datakit.io.store.storage import Location
from datakit.records.product import Product


class Record:
    """Reads a record from its start to its end.

    Attributes
    ----------
    fingerprint : str
        Of the run, without its source's place.
    close : Close, optional
        Its last line, when all was read; None for a record that was cut off.
    """

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self.close: Close | None = None
        try:
            self.fingerprint = msgspec.json.decode(next(lines, b""), type=Header).fingerprint
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.fingerprint = ""

    def products(self) -> Iterator[tuple[str, Product]]:
        """Yield key and product of every item, in the order of the manifest."""
        decoder = msgspec.json.Decoder(Entry | Close)
        for line in self._lines:
            try:
                entry = decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return
            if isinstance(entry, Close):
                self.close = entry
                return
            yield entry.key, entry.product


def record_lines(out: Location) -> Iterator[bytes]:
    """Yield the lines of a dataset's record; none where there is no record."""
    try:
        with (out / WORK / RECORD).open("rb") as lines:
            yield from lines
    except FileNotFoundError:
        return
