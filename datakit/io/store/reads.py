"""Which files were read for an item: a resumed run compares them with what is there.

A worker reads its files through `datakit.io.store.files`, which reports each of them here. Nothing
is kept, and nothing is hashed, unless somebody listens.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from datakit.errors import InputError
from datakit.records.product import SourceFile

MTIME_GRACE_NS = 2_000_000_000
"""A file written less than this before it was read may change without changing its times."""

_RECENT = 4
"""Files whose digests are remembered: those of one item, most have a photo and a label."""


class Version(NamedTuple):
    """What tells two contents of a file apart without reading it.

    In an archive or a store ``mtime_ns`` is the digest that is kept there, as a number; all zero
    where there is none.
    """

    size_bytes: int
    mtime_ns: int
    inode: int


class _Listener(threading.local):
    seen: dict[tuple[str, str], SourceFile] | None = None


_this_thread = _Listener()
_all_threads: dict[tuple[str, str], SourceFile] = {}
_listening = 0
_mutex = threading.Lock()


class _Hashed(threading.local):
    def __init__(self) -> None:
        self.recent: deque[tuple[bytes, str]] = deque(maxlen=_RECENT)


_hashed = _Hashed()


def sha256(data: bytes) -> str:
    """Return the hexadecimal digest; of the objects that were asked for last, without computing.

    A photo is hashed when it is read, for the manifest, and when it is copied: always the same
    bytes, and those of its label come between.
    """
    for known, digest in _hashed.recent:
        if known is data:
            return digest
    digest = hashlib.sha256(data).hexdigest()
    _hashed.recent.append((data, digest))
    return digest


@contextmanager
def listening() -> Iterator[dict[tuple[str, str], SourceFile]]:
    """Collect what this thread reads: (root, name) -> file."""
    before = _this_thread.seen
    seen: dict[tuple[str, str], SourceFile] = {}
    _this_thread.seen = seen
    try:
        yield seen
    finally:
        _this_thread.seen = before


@contextmanager
def listening_to_all() -> Iterator[dict[tuple[str, str], SourceFile]]:
    """Collect what every thread reads, for work that reads many items at once."""
    global _listening
    with _mutex:
        _listening += 1
    try:
        yield _all_threads
    finally:
        with _mutex:
            _listening -= 1
            if not _listening:
                _all_threads.clear()


def is_listening() -> bool:
    """Tell whether what this thread reads is collected."""
    return _this_thread.seen is not None or bool(_listening)


def note(root: str, name: str, version: Version, data: bytes) -> None:
    """Report a file that was read whole.

    Raises
    ------
    InputError
        If it was read before for the same item, and held something else.
    """
    seen = _this_thread.seen
    if seen is None:
        if not _listening:
            return
        seen = _all_threads
    fresh = time.time_ns() - version.mtime_ns < MTIME_GRACE_NS
    found = SourceFile(
        name=name,
        sha256=sha256(data),
        size_bytes=version.size_bytes,
        # A time that proves nothing is not kept: the content decides then.
        mtime_ns=0 if fresh else version.mtime_ns,
        inode=version.inode,
    )
    before = seen.setdefault((root, name), found)
    if before.sha256 != found.sha256:
        raise changed(name)


def changed(name: str) -> InputError:
    """Return the error of a file that was written to while it was read."""
    return InputError(
        f"{name}: expected a file that stays as it is, found that it changed while it was read; "
        "run the same command with --resume when nobody writes to it"
    )
