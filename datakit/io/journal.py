"""The journal of a run: what is finished, so that ``--resume`` continues where a kill came."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import msgspec

from datakit.errors import InputError
from datakit.records.product import Product


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

    Raises
    ------
    InputError
        If the journal belongs to a run with another fingerprint.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self._root = path.parent.parent
        self._offsets: dict[str, tuple[int, int]] = {}
        self._added = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = path.open("a+b")
        self._decoder = msgspec.json.Decoder(_Entry)
        self._encoder = msgspec.json.Encoder()
        try:
            self._load(fingerprint)
        except BaseException:
            self._handle.close()
            raise

    def _load(self, fingerprint: str) -> None:
        self._handle.seek(0)
        first = self._handle.readline()
        if not first.endswith(b"\n"):
            self._handle.truncate(0)
            self._append(_Header(fingerprint))
            return
        if msgspec.json.decode(first, type=_Header).fingerprint != fingerprint:
            raise InputError(
                f"{self._root}: --resume expected the same source, options and version as the "
                "interrupted run, found others; repeat that command, or start again with "
                "--overwrite"
            )
        position = self._handle.tell()
        for line in iter(self._handle.readline, b""):
            try:
                entry = self._decoder.decode(line)
            except msgspec.DecodeError:
                break
            self._offsets[entry.key] = (position, len(line))
            position += len(line)
        self._handle.truncate(position)

    def recorded(self, key: str) -> Product | None:
        """Return what a finished item made, if its files are still there at their sizes."""
        if key not in self._offsets:
            return None
        offset, length = self._offsets[key]
        line = os.pread(self._handle.fileno(), length, offset)
        product = self._decoder.decode(line).product
        for name, size in product.files.items():
            try:
                if os.lstat(self._root / name).st_size != size:
                    return None
            except FileNotFoundError:
                return None
        return product

    def add(self, key: str, product: Product) -> None:
        """Note an item as finished."""
        if key not in self._offsets:
            self._append(_Entry(key, product))
            self._added += 1

    def __len__(self) -> int:
        return len(self._offsets) + self._added

    def _append(self, line: msgspec.Struct) -> None:
        self._handle.write(self._encoder.encode(line) + b"\n")
        self._handle.flush()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._handle.close()
