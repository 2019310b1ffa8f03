"""A fingerprint of the content of a folder; files that did not change are not read again."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from msgspec.structs import replace

from datakit.errors import InputError
from datakit.io.store.storage import Location, ObjectPath
from datakit.records.pipeline import FileState

MTIME_GRACE_NS = 2_000_000_000
"""A file written less than this before it was hashed may change without changing its times."""

_BLOCK_BYTES = 1 << 20
_THREADS = 4


@dataclass(frozen=True)
class Snapshot:
    """The files of an input, by name.

    Attributes
    ----------
    files : tuple of FileState
        In the order of their names.
    digest : str
        sha256 over names and contents: equal for equal files, wherever and whenever they are.
    """

    files: tuple[FileState, ...]
    digest: str


def stat_tree(path: Path) -> Iterator[FileState]:
    """Yield every visible file of a folder (or the file that ``path`` is), without its content.

    Raises
    ------
    InputError
        If ``path`` is not there or a folder cannot be listed.
    """
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: no such file or folder ({reason}); check the path") from None
    if S_ISREG(found.st_mode):
        yield _state(path.name, found)
        return
    folders = [("", str(path))]
    while folders:
        prefix, folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append((f"{prefix}{entry.name}/", entry.path))
                    elif entry.is_file():
                        yield _state(prefix + entry.name, entry.stat())
        except OSError as error:
            raise InputError(f"{folder}: cannot be listed ({error.strerror or error})") from None


def _state(name: str, found: os.stat_result) -> FileState:
    return FileState(name, found.st_size, found.st_mtime_ns, found.st_ino)


def take(path: Location, known: Iterable[FileState], known_ns: int) -> Snapshot:
    """Fingerprint an input.

    Parameters
    ----------
    path : Path or ObjectPath
        A folder or a file. Of objects in a store, the store's own digest is taken where it has
        one, and the content is read where it has not.
    known : iterable of FileState
        An earlier snapshot of the same path. A file of the same name, size, time of change and
        inode is taken to have the same content: that is what makes a second run cheap.
    known_ns : int
        When that snapshot was taken, in ns since the epoch: files written in the seconds before
        it are read again.

    Returns
    -------
    Snapshot

    Raises
    ------
    InputError
        If something is not there or cannot be read.
    """
    if isinstance(path, ObjectPath):
        return _take_objects(path)
    trusted_before_ns = known_ns - MTIME_GRACE_NS
    trusted = {file.name: file for file in known if file.mtime_ns < trusted_before_ns}
    states = sorted(stat_tree(path), key=lambda file: file.name)
    base = path if path.is_dir() else path.parent

    def same(file: FileState) -> FileState | None:
        old = trusted.get(file.name)
        return old if old and _times(old) == _times(file) else None

    with ThreadPoolExecutor(_THREADS) as pool:
        # Handing a file to a thread costs more than looking it up.
        hashes = {
            file.name: pool.submit(_sha256, base / file.name) for file in states if not same(file)
        }
        files = tuple(
            same(file) or replace(file, sha256=hashes[file.name].result()) for file in states
        )
    return Snapshot(files, digest(files))


def _take_objects(path: ObjectPath) -> Snapshot:
    try:
        entries = {entry.key[len(path.key) + 1 :]: entry for entry in path.store.below(path.key)}
        if not entries:
            entries = {path.name: path.store.info(path.key)}
        files = tuple(
            FileState(name, entry.size, 0, 0, entry.md5 or _object_sha256(path, entry.key))
            for name, entry in sorted(entries.items())
        )
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    return Snapshot(files, digest(files))


def _object_sha256(path: ObjectPath, key: str) -> str:
    with ObjectPath(path.protocol, key).open("rb") as handle:
        return _hash(handle)


def _hash(handle: BinaryIO) -> str:
    total = hashlib.sha256()
    while block := handle.read(_BLOCK_BYTES):
        total.update(block)
    return total.hexdigest()


def _times(file: FileState) -> tuple[int, int, int]:
    return file.size_bytes, file.mtime_ns, file.inode


def digest(files: Iterable[FileState]) -> str:
    """Return the sha256 of names and contents, in the order given."""
    total = hashlib.sha256()
    for file in files:
        total.update(os.fsencode(file.name) + b"\0" + file.sha256.encode() + b"\n")
    return total.hexdigest()


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            return _hash(handle)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def content_changes(old: Iterable[FileState], new: Iterable[FileState]) -> str:
    """Say in a few words what is new, gone and changed between two snapshots.

    Examples
    --------
    >>> old = [FileState("a.jpg", 1, 0, 0, "x"), FileState("b.jpg", 1, 0, 0, "y")]
    >>> new = [FileState("a.jpg", 1, 0, 0, "z"), FileState("c.jpg", 1, 0, 0, "w")]
    >>> content_changes(old, new)
    '1 changed (a.jpg), 1 new (c.jpg), 1 gone (b.jpg)'
    """
    before = {file.name: file.sha256 for file in old}
    after = {file.name: file.sha256 for file in new}
    changed = [name for name, sha in after.items() if name in before and before[name] != sha]
    return _changes_in_words(changed, sorted(after.keys() - before), sorted(before.keys() - after))


def stat_changes(old: Mapping[str, FileState], new: Mapping[str, FileState]) -> str:
    """Say which files of a result were changed or taken away; files that were added do not count.

    Returns
    -------
    str
        Empty when there are none.
    """
    changed = [
        name
        for name, file in old.items()
        if name in new
        and (file.size_bytes, file.mtime_ns) != (new[name].size_bytes, new[name].mtime_ns)
    ]
    return _changes_in_words(changed, [], sorted(old.keys() - new))


def _changes_in_words(changed: list[str], new: list[str], gone: list[str]) -> str:
    parts = []
    for names, word in ((changed, "changed"), (new, "new"), (gone, "gone")):
        if names:
            listed = ", ".join(names[:2]) + (", …" if len(names) > 2 else "")
            parts.append(f"{len(names):,} {word} ({listed})")
    return ", ".join(parts)


def now_ns() -> int:
    """Return the time, as files' times are given."""
    return time.time_ns()
