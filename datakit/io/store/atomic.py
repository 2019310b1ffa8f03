"""Files that appear whole or not at all: written under a temporary name, flushed, renamed.

In an object store they are uploaded in one step, which has the same effect.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO, cast

from datakit.errors import InputError, OutputError, resource_fault
from datakit.io.store import write_log, written_digests
from datakit.io.store.storage import Location, ObjectPath
from datakit.machine import NODE, is_out_of_inodes

TEMPORARY_PREFIX = ".datakit-tmp-"

_NAME_AT_FAULT = frozenset({errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST})
"""What a file system says of a name that it cannot have, however much room there is."""
_SMALL_BYTES = 64 << 20


def _temporary(path: Path) -> Path:
    # Process and machine keep two workers that redo the same item from sharing a temporary file;
    # the name is hashed, as one that fits by itself may be too long with anything before it.
    folder, slash, name = str(path).rpartition("/")
    digest = hashlib.sha256(os.fsencode(f"{NODE}/{name}")).hexdigest()[:16]
    return Path(f"{folder}{slash}{TEMPORARY_PREFIX}{os.getpid()}-{digest}")


@contextmanager
def write_errors(path: Location) -> Iterator[None]:
    """Turn what the file system refuses while ``path`` is written into an error of ours.

    Raises
    ------
    InputError
        If it cannot have a file of this name: that is one item's fault.
    OutputError
        For everything else: it would meet the next item too.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _NAME_AT_FAULT:
            raise InputError(f"{path}: no file can have this name ({error.strerror})") from error
        if short := resource_fault(error):
            raise OutputError(f"{path}: cannot be written: {short}") from error
        reason = "no inodes are left" if _is_out_of_inodes(path, error) else error.strerror or error
        raise OutputError(
            f"{path}: cannot be written ({reason}); make room or give permission, "
            "then run the same command with --resume"
        ) from error


def _is_out_of_inodes(path: Location, error: OSError) -> bool:
    """Tell whether a file system is full of files, not of bytes."""
    if error.errno != errno.ENOSPC or not isinstance(path, Path):
        return False
    return is_out_of_inodes(next((one for one in path.parents if one.exists()), Path("/")))


@contextmanager
def writing(path: Location, *, durable: bool = False) -> Iterator[BinaryIO]:
    """Open a file for writing that replaces ``path`` only when the block ends without an error.

    Parameters
    ----------
    path : Path or ObjectPath
        The final name; its folder is made when it is not there.
    durable : bool
        Also wait until the bytes are on the disk (fsync): for manifests, which are written once.
        A killed process loses nothing without it; a power cut might.

    Raises
    ------
    OutputError
        If there is no space or no permission; ``path`` is then as it was.
    """
    if isinstance(path, ObjectPath):
        with _uploading(path) as handle:
            yield handle
        return
    temporary = _temporary(path)
    with write_errors(path):
        try:
            handle = temporary.open("wb")
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = temporary.open("wb")
        try:
            with handle:
                yield handle
                handle.flush()
                if durable:
                    os.fsync(handle.fileno())
            write_log.note(path)
            temporary.replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                temporary.unlink()
            raise


@contextmanager
def _uploading(path: ObjectPath) -> Iterator[BinaryIO]:
    """Open a local file that becomes the object when the block ends without an error."""
    from tempfile import TemporaryFile

    with write_errors(path), TemporaryFile() as file:
        handle = cast(BinaryIO, file)
        yield handle
        handle.flush()
        digest = written_digests.md5_of_file(file)
        size = handle.seek(0, os.SEEK_END)
        if size <= _SMALL_BYTES:
            handle.seek(0)
            path.write_bytes(handle.read())
        else:
            path.store.upload(path.key, handle)
        write_log.note(path)
        written_digests.note(str(path), digest)


def write_bytes(path: Location, data: bytes, *, durable: bool = False) -> None:
    """Write ``data`` to ``path``, whole or not at all (see `writing`)."""
    if isinstance(path, ObjectPath):
        with write_errors(path):
            path.write_bytes(data)
        write_log.note(path)
        written_digests.note(str(path), written_digests.md5(data))
        return
    with writing(path, durable=durable) as handle:
        handle.write(data)
    written_digests.note_written(path, data)


def write_all(handle: FileIO, data: bytes) -> None:
    """Write all of ``data`` to an unbuffered file, which may take less at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[handle.write(rest) :]


def link(source: Path, path: Location, *, symbolic: bool) -> int:
    """Make ``path`` a hard or symbolic link to ``source``, replacing what is there in one step.

    Returns
    -------
    int
        The link's own size, as a resumed run looks for it.

    Raises
    ------
    OutputError
        When the file system cannot (hard links across devices, links not supported).
    InputError
        When ``path`` is in an object store, which has no links.
    """
    if isinstance(path, ObjectPath):
        raise InputError(f"{path}: an object store has no links; copy the images instead")
    temporary = _temporary(path)
    with write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        if symbolic:
            temporary.symlink_to(source.resolve())
        else:
            os.link(source, temporary)
        write_log.note(path)
        temporary.replace(path)
        # rename(2) of two links to one file does nothing and leaves the temporary name behind.
        temporary.unlink(missing_ok=True)
        return path.lstat().st_size


def remove_leftovers(folder: Location) -> int:
    """Delete temporary files that a killed run left below ``folder``; return how many.

    A folder that is empty without them goes too. An object store has none: an upload that was not
    finished is no object.
    """
    count = 0
    if isinstance(folder, ObjectPath):
        return count
    for parent, _, names in os.walk(folder, topdown=False):
        left = [name for name in names if name.startswith(TEMPORARY_PREFIX)]
        for name in left:
            (Path(parent) / name).unlink()
        count += len(left)
        emptied = Path(parent)
        while left and emptied != folder:
            try:
                emptied.rmdir()
            except OSError:
                break
            emptied = emptied.parent
    return count
