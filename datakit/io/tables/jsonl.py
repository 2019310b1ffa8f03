"""JSON Lines: one record per line, read lazily, each bad line named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from datakit.errors import InputError, SchemaError
from datakit.io.store import atomic
from datakit.io.store.storage import Location

T = TypeVar("T")


def read(path: Location, kind: type[T]) -> Iterator[T]:
    """Yield the records of a file.

    Raises
    ------
    InputError
        If the file cannot be read.
    SchemaError
        For the first line that is not a ``kind``, with its number and JSON path.
    """
    decoder = msgspec.json.Decoder(kind)
    for number, line in lines(path):
        try:
            yield decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise SchemaError(f"{path.name} line {number}: {error}") from None


def lines(path: Location) -> Iterator[tuple[int, bytes]]:
    """Yield (line number from 1, bytes) of the lines that are not blank."""
    try:
        with path.open("rb") as handle:
            for number, line in enumerate(handle, 1):
                if not line.isspace():
                    yield number, line
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def write(path: Location, records: Iterable[object]) -> None:
    """Write records as JSON Lines, whole or not at all."""
    encoder = msgspec.json.Encoder()
    with atomic.writing(path, durable=True) as handle:
        for record in records:
            handle.write(encoder.encode(record) + b"\n")
