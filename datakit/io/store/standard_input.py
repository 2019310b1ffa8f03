"""Standard input as a source of one file: `cat photo.jpg | datakit prelabel - -o alpha.png`."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO, Final, TextIO

from datakit.errors import InputError
from datakit.io.store.read_errors import MAX_FILE_BYTES, check_size
from datakit.io.store.reads import Version

NAME: Final = "-"
"""What stands for standard input on a command line."""


class StandardInput:
    """A source whose one file is what is piped in; it is kept in memory, and nowhere else.

    Whatever name the file is asked for by: only its content tells what it is.
    """

    root = NAME

    def names(self) -> Iterator[str]:
        """Yield nothing: the file has no name of its own."""
        yield from ()

    def read(self, name: str, limit_bytes: int = MAX_FILE_BYTES) -> bytes:
        """Return the bytes; InputError if there are none, or too many."""
        data = _piped()
        check_size(name, len(data), limit_bytes)
        return data

    def read_version(self, name: str, limit_bytes: int = MAX_FILE_BYTES) -> tuple[bytes, Version]:
        """Return the bytes, and their version: of a pipe only the size is known."""
        return self.read(name, limit_bytes), self.version(name)

    def open(self, name: str) -> BinaryIO:
        """Open the bytes for reading at any offset."""
        return io.BytesIO(_piped())

    def version(self, name: str) -> Version:
        """Return the size; a pipe has no times."""
        return Version(len(_piped()), 0, 0)


def _piped() -> bytes:
    """Return standard input to its end."""
    if sys.stdin is None or sys.stdin.isatty():
        raise InputError(
            f"{NAME}: expected a file on standard input, found a terminal; pipe one in: "
            "datakit … - < photo.jpg"
        )
    data = _whole(sys.stdin)
    if not data:
        raise InputError(f"{NAME}: expected a file on standard input, found nothing")
    return data


@lru_cache(maxsize=1)
def _whole(stream: TextIO) -> bytes:
    """Read a stream, once: the next reader of a pipe finds it empty."""
    return stream.buffer.read(MAX_FILE_BYTES + 1)
