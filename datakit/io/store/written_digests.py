"""Digests of what this process wrote to object stores, kept until the journal asks for them."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterable
from io import BufferedRandom
from pathlib import Path

from datakit.io.store import reads

_KEPT = 100_000
"""Digests that nobody asks for (files that no product names) are forgotten, the oldest first."""

_digests: OrderedDict[str, str] = OrderedDict()
_mutex = threading.Lock()


def md5(data: bytes) -> str:
    """Return the digest that object stores tell of an object; it guards nothing but accidents."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def md5_of_file(handle: BufferedRandom) -> str:
    """Return the digest of a file from its start."""
    handle.seek(0)
    return hashlib.file_digest(handle, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def note(url: str, digest: str) -> None:
    """Remember what was written to a place."""
    with _mutex:
        _digests[url] = digest
        _digests.move_to_end(url)
        while len(_digests) > _KEPT:
            _digests.popitem(last=False)


def note_written(path: Path, data: bytes) -> None:
    """Remember the sha256 of a local file, while somebody listens to what is read and written."""
    if reads.is_listening():
        note(str(path), reads.sha256(data))


def take(folder: str, names: Iterable[str]) -> dict[str, str]:
    """Return name -> digest of the files below ``folder`` that this process wrote, and forget them.

    Examples
    --------
    >>> note("s3://sets/v1/a.png", "0cc175b9c0f1b6a831c399e269772661")
    >>> take("s3://sets/v1", ["a.png", "b.png"])
    {'a.png': '0cc175b9c0f1b6a831c399e269772661'}
    """
    with _mutex:
        found = {name: _digests.pop(f"{folder}/{name}", None) for name in names}
    return {name: digest for name, digest in found.items() if digest is not None}
