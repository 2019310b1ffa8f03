"""A .zip as a source: read in place, every entry checked before any is used."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast
from zipfile import ZipFile, ZipInfo

from datakit.errors import InputError
from datakit.io.store.names import safe_name
from datakit.io.store.object_store import StorageUnavailable
from datakit.io.store.read_errors import MAX_FILE_BYTES, check_size, stopped
from datakit.io.store.reads import Version
from datakit.io.store.storage import Location

MAX_ZIP_RATIO = 200


class ZipFolder:
    """A .zip read in place: every entry is checked before any is used.

    Raises
    ------
    InputError
        If it is no zip, or an entry is absolute, leaves the root, is a link, or is a bomb.
    """

    def __init__(self, root: Location) -> None:
        self.root = root
        try:
            self._zip = ZipFile(root if isinstance(root, Path) else root.ranges())
        except StorageUnavailable as error:
            raise stopped(str(root), error) from None
        # A damaged directory fails in zipfile's parser in as many ways as it has fields.
        except Exception as error:  # noqa: BLE001
            raise InputError(f"{root}: expected a .zip archive, found none ({error})") from None
        self._entries: dict[str, ZipInfo] = {}
        for info in self._zip.infolist():
            # A nameless entry makes zipfile's own is_dir fail; it is refused by its name.
            if not info.filename or not info.is_dir():
                self._entries[self._vetted(info)] = info

    def _vetted(self, info: ZipInfo) -> str:
        subject = f"{self.root.name}: entry {info.filename!r}"
        if stat.S_ISLNK(info.external_attr >> 16):
            raise InputError(f"{subject} is a symbolic link; expected plain files only")
        if info.flag_bits & 0x1:
            raise InputError(f"{subject} is encrypted; unpack the archive first")
        check_size(info.filename, info.file_size, MAX_FILE_BYTES)
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

    def read_version(self, name: str, limit_bytes: int = MAX_FILE_BYTES) -> tuple[bytes, Version]:
        """Return the bytes of an entry, and which version of it they are."""
        return self.read(name, limit_bytes), self.version(name)

    def version(self, name: str) -> Version:
        """Return what tells the entry's content from others: the archive keeps its checksum."""
        self._check_there(name)
        return Version(self._entries[name].file_size, self._entries[name].CRC, 0)

    def _check_there(self, name: str) -> None:
        if name not in self._entries:
            raise InputError(f"{name}: the file is not in {self.root.name}; add it to the archive")

    def read(self, name: str, limit_bytes: int = MAX_FILE_BYTES) -> bytes:
        """Return the bytes of an entry."""
        self._check_there(name)
        check_size(name, self._entries[name].file_size, limit_bytes)
        try:
            return self._zip.read(self._entries[name])
        except (StorageUnavailable, PermissionError) as error:
            # The archive is one object: what is denied now is denied to every entry.
            raise stopped(name, error) from None
        # Each compression method has its own errors, and so has a damaged entry header.
        except Exception as error:  # noqa: BLE001
            raise InputError(f"{name}: the archive is damaged there ({error})") from None

    def open(self, name: str) -> BinaryIO:
        """Open an unpacked copy of an entry for reading at any offset; it is gone when closed."""
        data = self.read(name)
        copy = cast(BinaryIO, TemporaryFile())  # noqa: SIM115
        copy.write(data)
        copy.seek(0)
        return copy
