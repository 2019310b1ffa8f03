"""Where source files come from: a folder or a .zip, read the same way and never left."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from typing import BinaryIO, cast
from zipfile import BadZipFile, ZipFile, ZipInfo

from datakit.errors import InputError

MAX_FILE_BYTES = 1 << 30
MAX_ZIP_RATIO = 200


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file of a source: cheap to hand to a worker, read only there.

    Attributes
    ----------
    root : str
        The folder or the .zip file.
    name : str
        Path below the root with ``/``, checked by `safe_name`.
    """

    root: str
    name: str

    @property
    def path(self) -> Path | None:
        """The file on disk; None when it is inside a .zip."""
        return None if _is_zip(self.root) else Path(self.root, self.name)

    def read(self, limit_bytes: int = MAX_FILE_BYTES) -> bytes:
        """Return the bytes; InputError if the file is missing, no file, unreadable or too large."""
        return open_root(self.root).read(self.name, limit_bytes)


def safe_name(name: str) -> str:
    """Return ``name`` as a relative path with ``/``; InputError if it would leave its root.

    Examples
    --------
    >>> safe_name("train/./a.jpg")
    'train/a.jpg'
    >>> safe_name("../../etc/passwd")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    datakit.errors.InputError: file name '../../etc/passwd': expected a path below the ...
    """
    path = PurePosixPath(name.replace("\\", "/"))
    drive = len(name) > 1 and name[1] == ":"
    if not path.parts or path.is_absolute() or drive or ".." in path.parts or "\0" in name:
        raise InputError(
            f"file name {name!r}: expected a path below the dataset's root, found one that "
            "leaves it; correct the name in the annotation file"
        )
    return str(path)


class Folder:
    """A source folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> Iterator[str]:
        """Yield every file below the root, folders and files in name order, hidden ones left out.

        Raises InputError for a folder that cannot be listed.
        """

        def refuse(error: OSError) -> None:
            raise InputError(f"{error.filename}: cannot be listed ({error.strerror})") from error

        for parent, folders, files in os.walk(self.root, onerror=refuse):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            inside = Path(parent).relative_to(self.root)
            for name in sorted(files):
                if not name.startswith("."):
                    yield (inside / name).as_posix()

    def read(self, name: str, limit_bytes: int = MAX_FILE_BYTES) -> bytes:
        """Return the bytes of a file below the root."""
        path = self.root / name
        try:
            with path.open("rb") as handle:
                size = os.fstat(handle.fileno()).st_size
                _check_size(path, size, limit_bytes)
                return handle.read()
        except FileNotFoundError:
            raise InputError(f"{name}: the file is not there; add it or drop its entry") from None
        except IsADirectoryError:
            raise InputError(f"{name}: expected a file, found a folder") from None
        except OSError as error:
            raise InputError(f"{name}: cannot be read ({error.strerror or error})") from None

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading at any offset."""
        try:
            return (self.root / name).open("rb")
        except OSError as error:
            raise InputError(f"{name}: cannot be opened ({error.strerror or error})") from None


class ZipFolder:
    """A .zip read in place: every entry is checked before any is used.

    Raises
    ------
    InputError
        If it is no zip, or an entry is absolute, leaves the root, is a link, or is a bomb.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            self._zip = ZipFile(root)
        except (BadZipFile, OSError) as error:
            raise InputError(f"{root}: expected a .zip archive, found none ({error})") from None
        self._entries: dict[str, ZipInfo] = {}
        for info in self._zip.infolist():
            if not info.is_dir():
                self._entries[self._vetted(info)] = info

    def _vetted(self, info: ZipInfo) -> str:
        subject = f"{self.root.name}: entry {info.filename!r}"
        if stat.S_ISLNK(info.external_attr >> 16):
            raise InputError(f"{subject} is a symbolic link; expected plain files only")
        if info.flag_bits & 0x1:
            raise InputError(f"{subject} is encrypted; unpack the archive first")
        _check_size(Path(info.filename), info.file_size, MAX_FILE_BYTES)
        if info.file_size > MAX_ZIP_RATIO * max(info.compress_size, 1024):
            raise InputError(
                f"{subject} would grow {info.file_size / max(info.compress_size, 1):.0f}-fold; "
                f"expected at most {MAX_ZIP_RATIO}: this looks like a zip bomb"
            )
        try:
            return safe_name(info.filename)
        except InputError as error:
            raise InputError(f"{subject} would be written outside the dataset") from error

    def names(self) -> Iterator[str]:
        """Yield every file of the archive in name order, hidden ones left out."""
        for name in sorted(self._entries):
            parts = name.split("/")
            if "__MACOSX" not in parts and not any(part.startswith(".") for part in parts):
                yield name

    def read(self, name: str, limit_bytes: int = MAX_FILE_BYTES) -> bytes:
        """Return the bytes of an entry."""
        if name not in self._entries:
            raise InputError(f"{name}: the file is not in {self.root.name}; add it to the archive")
        _check_size(Path(name), self._entries[name].file_size, limit_bytes)
        try:
            return self._zip.read(self._entries[name])
        except (BadZipFile, OSError, EOFError, NotImplementedError, zlib.error) as error:
            raise InputError(f"{name}: the archive is damaged there ({error})") from None

    def open(self, name: str) -> BinaryIO:
        """Open an unpacked copy of an entry for reading at any offset; it is gone when closed."""
        copy = cast(BinaryIO, TemporaryFile())  # noqa: SIM115
        copy.write(self.read(name))
        copy.seek(0)
        return copy


Root = Folder | ZipFolder


def _is_zip(root: str) -> bool:
    return root.lower().endswith(".zip")


def _check_size(path: Path, size: int, limit_bytes: int) -> None:
    if size > limit_bytes:
        raise InputError(f"{path}: expected at most {limit_bytes:,} bytes, found {size:,}")


@lru_cache(maxsize=8)
def open_root(root: str) -> Root:
    """Open a source by path; one per process is kept open, as workers read many files from it.

    Raises
    ------
    InputError
        If the path does not exist, or is neither a folder nor a .zip.
    """
    path = Path(root)
    if path.is_dir():
        return Folder(path)
    if not path.exists():
        raise InputError(f"{root}: no such file or folder; check the path")
    if _is_zip(root):
        return ZipFolder(path)
    raise InputError(f"{root}: expected a folder or a .zip, found a file")
