"""The journal of a run: what is finished, so that ``--resume`` continues where a kill came."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import msgspec

from datakit.errors import InputError
from datakit.io.store import atomic
from datakit.records.product import Product

JOURNAL = "journal.jsonl"


class _Header(msgspec.Struct, frozen=True):
    fingerprint: str


class _Entry(msgspec.Struct, frozen=True):
    key: str
    product: Product


class Journal:
    """An append-only file of (key, `Product`), one line each, below a dataset that is being made.

    A line is written after the item's files are in place, in one call: a kill leaves either the
    whole line or a torn last one, which the next run drops and does again.

    Parameters
    ----------
    path : Path
        The journal; an existing one is continued.
    fingerprint : str
        Source, verb, options and version in one text.
    subject : str, optional
        The dataset, in error messages; two folders above the journal when None.

    Raises
    ------
    InputError
        If the journal belongs to a run with another fingerprint.
    """

    def __init__(self, path: Path, fingerprint: str, subject: str | None = None) -> None:
        self._path = path
        self._root = path.parent.parent
        self._subject = subject or str(self._root)
        self._offsets: dict[str, tuple[int, int]] = {}
        self._added = 0
        # Unbuffered: what did not fit on the disk is not tried again when the file is closed.
        self._handle = path.open("a+b", buffering=0)
        self._decoder = msgspec.json.Decoder(_Entry)
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
                self._append(_Header(fingerprint))
                return
            self._check_header(first, fingerprint)
            position = lines.tell()
            for line in lines:
                # A torn line may still be whole JSON, so that only its end is missing.
                if not line.endswith(b"\n"):
                    break
                try:
                    entry = self._decoder.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    break
                self._offsets[entry.key] = (position, len(line))
                position += len(line)
        self._handle.truncate(position)

    def _check_header(self, line: bytes, fingerprint: str) -> None:
        try:
            header = msgspec.json.decode(line, type=_Header)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise InputError(
                f"{self._path}: expected the journal of an interrupted run, found something else; "
                "start again with --overwrite"
            ) from None
        if header.fingerprint != fingerprint:
            raise InputError(
                f"{self._subject}: --resume expected the same source, options and version as the "
                "interrupted run, and model weights that are unchanged, found others; repeat that "
                "command, or start again with --overwrite"
            )

    def recorded(self, key: str) -> Product | None:
        """Return what a finished item made, if its files are still there at their sizes."""
        if key not in self._offsets:
            return None
        offset, length = self._offsets[key]
        line = os.pread(self._handle.fileno(), length, offset)
        product = self._decoder.decode(line).product
        return product if self._is_whole(product) else None

    def _is_whole(self, product: Product) -> bool:
        for name, size in product.files.items():
            try:
                if os.lstat(self._root / name).st_size != size:
                    return False
            except OSError:
                return False
        return True

    def add(self, key: str, product: Product) -> None:
        """Note an item as finished."""
        if key not in self._offsets:
            self._append(_Entry(key, product))
            self._added += 1

    def __len__(self) -> int:
        return len(self._offsets) + self._added

    def _append(self, line: msgspec.Struct) -> None:
        atomic.write_all(self._handle, self._encoder.encode(line) + b"\n")

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._handle.close()
