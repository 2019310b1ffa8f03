"""A review's folder: decisions appended line by line, edits as PNG, and who holds it."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

import msgspec

from datakit import machine
from datakit.errors import InputError
from datakit.io.store import atomic
from datakit.records.review import DECISIONS, EDITS, Decision

LOCK = "lock"
THUMBNAILS = "thumbnails"
_DIGEST = re.compile("[0-9a-f]{64}")


class DecisionLog:
    """The decisions of a review, on disk before `add` returns.

    A row is written in one call and flushed to the disk. A kill leaves the whole row or a torn last
    line, which the next opening cuts off. Of several rows about a sample the last one counts.
    """

    def __init__(self, folder: Path, handle: FileIO) -> None:
        self.folder = folder
        self._handle = handle
        self._mutex = threading.Lock()
        self._latest = read_decisions(folder)

    def latest(self, key: str) -> Decision | None:
        """Return where a sample stands; None when nobody looked at it."""
        return self._latest.get(key)

    def all(self) -> dict[str, Decision]:
        """Return id -> where it stands."""
        return dict(self._latest)

    def add(self, decision: Decision) -> None:
        """Append a row and wait until it is on the disk.

        Raises
        ------
        OutputError
            If it cannot be written; the row does not count then.
        """
        line = msgspec.json.encode(decision) + b"\n"
        path = self.folder / DECISIONS
        with self._mutex, atomic.write_errors(path):
            before = os.fstat(self._handle.fileno()).st_size
            try:
                atomic.write_all(self._handle, line)
                os.fsync(self._handle.fileno())
            except OSError:
                # Half a row would swallow the next one.
                self._handle.truncate(before)
                raise
            self._latest[decision.id] = decision

    def keep_edit(self, png: bytes) -> str:
        """Write an edit under its sha256, whole and on the disk, and return that."""
        digest = hashlib.sha256(png).hexdigest()
        path = self.folder / EDITS / f"{digest}.png"
        if not path.exists():
            atomic.write_bytes(path, png, durable=True)
        return digest


@contextmanager
def open_log(folder: Path) -> Iterator[DecisionLog]:
    """Claim a review's folder and open its log.

    Raises
    ------
    InputError
        If another review holds it, it holds something else, or a row of it is damaged.
    """
    with atomic.write_errors(folder):
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder}: expected a folder for the review, found a file")
        names = {entry.name for entry in folder.iterdir()} if folder.exists() else set()
        strange = names - {DECISIONS, EDITS, LOCK, THUMBNAILS}
        if strange:
            raise InputError(
                f"{folder}: expected an empty folder or a review's, found {min(strange)} in it; "
                "name another one with --decisions"
            )
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a+b", buffering=0)
    with lock:
        try:
            machine.lock(lock, wait=False)
        except BlockingIOError:
            raise InputError(
                f"{folder}: another datakit review writes here; end it, or name another folder "
                "with --decisions"
            ) from None
        with atomic.write_errors(folder), (folder / DECISIONS).open("a+b", buffering=0) as handle:
            _cut_torn_line(handle)
            yield DecisionLog(folder, handle)


def read_decisions(folder: Path) -> dict[str, Decision]:
    """Return id -> the last decision about it; a torn last line does not count.

    Raises
    ------
    InputError
        If a row before the last line is no decision, or the file cannot be read.
    """
    path = folder / DECISIONS
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    decoder = msgspec.json.Decoder(Decision)
    found: dict[str, Decision] = {}
    for number, line in enumerate(text[: text.rfind(b"\n") + 1].splitlines(), 1):
        try:
            decision = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(
                f"{path} line {number}: expected a decision, found something else ({error}); "
                "remove the line"
            ) from None
        found[decision.id] = decision
    return found


def read_edit(folder: Path, digest: str) -> bytes:
    """Return an edit's PNG; InputError if it is gone or is not what its name says."""
    if not _DIGEST.fullmatch(digest):
        raise InputError(f"edit {digest!r}: expected a sha256")
    path = folder / EDITS / f"{digest}.png"
    try:
        png = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    if hashlib.sha256(png).hexdigest() != digest:
        raise InputError(f"{path}: its content is not what its name says; it was changed")
    return png


def now() -> str:
    """Return the time as a decision keeps it: UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _cut_torn_line(handle: FileIO) -> None:
    size = handle.seek(0, os.SEEK_END)
    if not size:
        return
    handle.seek(0)
    text = handle.readall() or b""
    handle.truncate(text.rfind(b"\n") + 1)
    handle.seek(0, os.SEEK_END)
