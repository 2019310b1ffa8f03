"""The journal of a run: what is finished, so that ``--resume`` continues where a kill came.

When a run has ended, its journal is sealed: what stays in DST is the record of which sample was
made of what, in the order of the manifest. By it a later ``--resume`` sees what changed, and
``--overwrite`` what datakit wrote.
"""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import msgspec

from datakit.errors import InputError
from datakit.io.dataset.whole_files import whole_files
from datakit.io.store import atomic
from datakit.io.store.names import unicode_name
from datakit.io.store.storage import Location
from datakit.records.product import Product

JOURNAL = "journal.jsonl"
RECORD = "record.jsonl"
SUPERSEDED = "superseded.jsonl"
"""Journals of runs whose files are to be replaced, until they are."""


class Header(msgspec.Struct, frozen=True):
    """The first line: which run it is."""

    fingerprint: str


class Entry(msgspec.Struct, frozen=True, tag_field="line", tag="item"):
    """An item that is finished."""

    key: str
    product: Product


class Close(msgspec.Struct, frozen=True, tag_field="line", tag="close"):
    """The last line of a record.

    Attributes
    ----------
    files : tuple of str
        What was written beside the samples' own files.
    failures : str
        sha256 of what could not be read of the source before any sample was looked at.
    """

    files: tuple[str, ...]
    failures: str


class _Files(msgspec.Struct, frozen=True):
    files: dict[str, int] = {}


class _Names(msgspec.Struct, frozen=True):
    """What a line of a journal or a record says of files."""

    product: _Files = _Files()
    files: tuple[str, ...] = ()


class Journal:
    """An append-only file of (key, `Product`), one line each, below a dataset that is being made.

    A line is written after the item's files are in place, in one call: a kill leaves either the
    whole line or a torn last one, which the next run drops and does again. Behind a tab it has the
    times and inodes of the files that the item was made of, which are no part of the record.

    Parameters
    ----------
    path : Path
        The journal; an existing one is continued.
    fingerprint : str
        Source, verb, options and version in one text.
    out : Path or ObjectPath, optional
        The dataset; two folders above the journal when None.

    Raises
    ------
    InputError
        If the journal belongs to a run with another fingerprint.
    """

    def __init__(self, path: Path, fingerprint: str, out: Location | None = None) -> None:
        self._path = path
        self._out = out or path.parent.parent
        self._files = whole_files(self._out)
        self._offsets: dict[str, tuple[int, int]] = {}
        self._kept: set[str] = set()
        self._order = array("Q")
        self._added = 0
        # Unbuffered: what did not fit on the disk is not tried again when the file is closed.
        self._handle = path.open("a+b", buffering=0)
        self._decoder = msgspec.json.Decoder(Entry)
        self._encoder = msgspec.json.Encoder()
        try:
            self._load(fingerprint)
        except BaseException:
            self._handle.close()
            raise

    def _load(self, fingerprint: str) -> None:
        with self._path.open("rb") as lines:
            first = lines.readline()
            if not first.endswith(b"\n"):
                self._handle.truncate(0)
                self._append(self._encoder.encode(Header(fingerprint)))
                return
            self._check_header(first, fingerprint)
            position = lines.tell()
            for line in lines:
                # A torn line may still be whole JSON, so that only its end is missing.
                if not line.endswith(b"\n"):
                    break
                try:
                    entry = self._decoder.decode(line.partition(b"\t")[0])
                except (msgspec.DecodeError, UnicodeDecodeError):
                    break
                self._offsets[entry.key] = (position, len(line))
                position += len(line)
        self._handle.truncate(position)

    def _check_header(self, line: bytes, fingerprint: str) -> None:
        try:
            header = msgspec.json.decode(line, type=Header)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise InputError(
                f"{self._path}: expected the journal of an interrupted run, found something else; "
                "start again with --overwrite"
            ) from None
        if header.fingerprint != fingerprint:
            raise InputError(
                f"{self._out}: --resume expected the same source, options and version as the "
                "interrupted run, and model weights that are unchanged, found others; repeat that "
                "command, or start again with --overwrite"
            )

    def recorded(
        self, key: str, is_current: Callable[[Product], bool] = lambda product: True
    ) -> Product | None:
        """Return what a finished item made, if it is current and its files are still there whole.

        Parameters
        ----------
        key : str
            The item.
        is_current : callable
            Whether what the product was made of is as it was.
        """
        key = unicode_name(key)
        if key not in self._offsets:
            return None
        offset, length = self._offsets[key]
        text, _, times = os.pread(self._handle.fileno(), length, offset).partition(b"\t")
        product = _with_times(self._decoder.decode(text).product, times)
        if not (is_current(product) and self._files.has(product)):
            return None
        self._kept.add(key)
        return product

    def add(self, key: str, product: Product) -> None:
        """Note an item as finished."""
        key = unicode_name(key)
        if key in self._kept:
            self._kept.remove(key)
            self._order.append(self._offsets[key][0])
            return
        self._order.append(self._handle.seek(0, os.SEEK_END))
        times = [(file.mtime_ns, file.inode) for file in product.inputs]
        self._append(
            self._encoder.encode(Entry(key, _with_times(product)))
            + b"\t"
            + self._encoder.encode(times)
        )
        self._added += key not in self._offsets

    def __len__(self) -> int:
        return len(self._offsets) + self._added

    def _append(self, line: bytes) -> None:
        atomic.write_all(self._handle, line + b"\n")

    def knows(self, key: str) -> bool:
        """Tell whether an earlier run had finished an item."""
        return unicode_name(key) in self._offsets

    @property
    def known(self) -> int:
        """How many items an earlier run had finished."""
        return len(self._offsets)

    def current_files(self) -> Iterator[str]:
        """Yield the files of the items that this run added or kept."""
        for text in self._entries():
            yield from msgspec.json.decode(text, type=_Names).product.files

    def write_record(self, target: BinaryIO, fingerprint: str, close: Close) -> None:
        """Write what stays of the journal: the items of this run, in order, and its last line."""
        target.write(self._encoder.encode(Header(fingerprint)) + b"\n")
        for text in self._entries():
            target.write(text + b"\n")
        target.write(self._encoder.encode(close) + b"\n")

    def _entries(self) -> Iterator[bytes]:
        with self._path.open("rb") as lines:
            for offset in self._order:
                if lines.tell() != offset:
                    lines.seek(offset)
                yield lines.readline().rstrip(b"\n").partition(b"\t")[0]

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._handle.close()


def _with_times(product: Product, times: bytes = b"") -> Product:
    """Return the product with the times and inodes of its inputs; without them for the record."""
    if not product.inputs:
        return product
    known = msgspec.json.decode(times, type=list[tuple[int, int]]) if times else []
    known += [(0, 0)] * (len(product.inputs) - len(known))
    inputs = tuple(
        msgspec.structs.replace(file, mtime_ns=mtime_ns, inode=inode)
        for file, (mtime_ns, inode) in zip(product.inputs, known, strict=False)
    )
    return msgspec.structs.replace(product, inputs=inputs)


def file_names(lines: Iterable[bytes]) -> Iterator[str]:
    """Yield the names of all files that the lines of a journal or a record speak of."""
    decoder = msgspec.json.Decoder(_Names)
    for line in lines:
        try:
            names = decoder.decode(line.partition(b"\t")[0])
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        yield from names.product.files
        yield from names.files


def as_journal(record: Iterable[bytes], fingerprint: str) -> Iterator[bytes]:
    """Yield the lines of a journal in which the items of a record are finished."""
    yield msgspec.json.encode(Header(fingerprint)) + b"\n"
    decoder = msgspec.json.Decoder(Entry)
    for line in record:
        try:
            decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        yield line


def digest_of(failures: Iterable[msgspec.Struct]) -> str:
    """Return the digest of a source's failures."""
    return hashlib.sha256(msgspec.json.encode(list(failures))).hexdigest()
