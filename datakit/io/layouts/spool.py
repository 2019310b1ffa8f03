"""Texts that wait on the disk, not in memory, until their image is worked on."""

from __future__ import annotations

import os
import weakref
from array import array
from tempfile import TemporaryFile


class Spool:
    """Texts by number, in a file without a name that is gone with this object.

    Examples
    --------
    >>> spool = Spool()
    >>> spool.add(b"first"), spool.add(b"second"), spool[0]
    (0, 1, b'first')
    """

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._ends = array("q", [0])

    def add(self, text: bytes) -> int:
        """Keep a text and return its number."""
        self._file.write(text)
        self._ends.append(self._ends[-1] + len(text))
        return len(self._ends) - 2

    def __getitem__(self, number: int) -> bytes:
        self._file.flush()
        start, end = self._ends[number], self._ends[number + 1]
        return os.pread(self._file.fileno(), end - start, start)
