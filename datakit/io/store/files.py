"""Where source files come from: a folder, a .zip, or either in an object store; never left."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast
from zipfile import ZipFile, ZipInfo

from datakit.errors import InputError, OutputError, resource_fault
from datakit.io.store import reads
from datakit.io.store.containers import Container, open_container
from datakit.io.store.names import safe_name as safe_name
from datakit.io.store.names import walk_order
from datakit.io.store.object_store import StorageUnavailable
from datakit.io.store.reads import Version
from datakit.io.store.storage import Location, ObjectPath, is_url, location

MAX_FILE_BYTES = 1 << 30
LINKS_VARIABLE = "DATAKIT_FOLLOW_LINKS"
"""Set to 1 by a person who trusts the links in a source that lead out of it."""

MAX_ZIP_RATIO = 200


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file of a source: cheap to hand to a worker, read only there.

    Attributes
    ----------
    root : str
        The folder or the .zip file, a path or a URL.
    name : str
        Path below the root with ``/``, checked by `safe_name`; or below the container.
    container : str
        File below the root that holds this one (`datakit.io.store.containers`); mostly none.
    """

    root: str
    name: str
    container: str = ""

    @property
    def shown(self) -> str:
        """The file's path below the root, through its container."""
        return f"{self.container}/{self.name}" if self.container else self.name

    @property
    def path(self) -> Path | None:
        """The file on disk; None when it is inside another file or an object store.

        Raises InputError for a link that leads out of the root.
        """
        if self.container or _is_zip(self.root):
            return None
        place = location(self.root)
        if not isinstance(place, Path):
            return None
        if (place / self.name).is_symlink():
            _refuse_leaving(place, self.name)
        _refuse_leaving_folder(str(place), self.name.rpartition("/")[0])
        return place / self.name

    def read(self, limit_bytes: int = MAX_FILE_BYTES) -> bytes:
        """Return the bytes; InputError if the file is missing, no file, unreadable or too large."""
        if self.container:
            data = container_of(self.root, self.container).read(self.name, limit_bytes)
            version = Version(len(data), 0, 0)
        else:
            data, version = open_root(self.root).read_version(self.name, limit_bytes)
        reads.note(self.root, self.shown, version, data)
        return data

    def version(self) -> Version:
        """Return what tells this content of the file from others; InputError if it is gone.

        Of a file in a container only its bytes tell: the times are 0.
        """
        if self.container:
            return Version(0, 0, 0)
        return open_root(self.root).version(self.name)


class Folder:
    """A source folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._prefix = f"{root}/"

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
        return self.read_version(name, limit_bytes)[0]

    def read_version(self, name: str, limit_bytes: int = MAX_FILE_BYTES) -> tuple[bytes, Version]:
        """Return the bytes, and which version of the file they are.

        Raises InputError for a file that is written to meanwhile.
        """
        with _read_errors(name), self.open(name) as handle:
            before = os.fstat(handle.fileno())
            _check_size(name, before.st_size, limit_bytes)
            data = handle.read()
            after = _version(os.fstat(handle.fileno()))
            if after != _version(before) or len(data) != after.size_bytes:
                raise reads.changed(name)
            return data, after

    def version(self, name: str) -> Version:
        """Return what tells the file's content from others, without reading it."""
        with _read_errors(name):
            return _version((self.root / name).stat())

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading at any offset."""
        with _read_errors(name):
            _refuse_leaving_folder(str(self.root), name.rpartition("/")[0])
            handle = os.fdopen(self._open(name), "rb")
            if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
                handle.close()
                raise InputError(f"{name}: expected a file, found a device or a pipe")
            return handle

    def _open(self, name: str) -> int:
        # Without O_NONBLOCK, opening a named pipe waits for a writer for ever.
        flags = os.O_RDONLY | os.O_NONBLOCK
        path = f"{self._prefix}{name}"
        try:
            return os.open(path, flags | os.O_NOFOLLOW)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            _refuse_leaving(self.root, name)
            return os.open(path, flags)


class RemoteFolder:
    """A source below a URL: its objects are the files, what their keys share is the root."""

    def __init__(self, root: ObjectPath) -> None:
        self.root = root

    def names(self) -> Iterator[str]:
        """Yield every object below the root in the order of a walk, hidden ones left out.

        Raises InputError if there is none, or a key would leave the root on a disk.
        """
        with _read_errors(str(self.root)):
            keys = [entry.key for entry in self.root.store.below(self.root.key)]
        if not keys:
            raise InputError(f"{self.root}: no such file or folder; check the URL")
        names = [key.removeprefix(f"{self.root.key}/") for key in keys]
        for name in sorted(names, key=walk_order):
            parts = safe_name(name) and name.split("/")
            if "" in parts or "." in parts:
                raise InputError(f"{self.root}: expected keys with plain parts, found {name!r}")
            if not any(part.startswith(".") for part in parts):
                yield name

    def read(self, name: str, limit_bytes: int = MAX_FILE_BYTES) -> bytes:
        """Return the bytes of an object below the root."""
        return self.read_version(name, limit_bytes)[0]

    def read_version(self, name: str, limit_bytes: int = MAX_FILE_BYTES) -> tuple[bytes, Version]:
        """Return the bytes, and which version of the object they are."""
        place = self.root / name
        with _read_errors(name):
            try:
                version = self.version(name)
                _check_size(name, version.size_bytes, limit_bytes)
                return place.store.read(place.key, 0, version.size_bytes), version
            except PermissionError as error:
                self._check_access(error)
                raise

    def version(self, name: str) -> Version:
        """Return what tells the object's content from others, without fetching it."""
        place = self.root / name
        with _read_errors(name):
            entry = place.store.info(place.key)
            if entry.folder:
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(place))
            return Version(entry.size, int(entry.md5[:15], 16) if entry.md5 else 0, 0)

    def _check_access(self, refused: PermissionError) -> None:
        """Raise StorageUnavailable when all of the source is denied now, not one object of it.

        Credentials that end while a run goes on would else fail every item that is left.
        """
        try:
            self.root.store.children(self.root.key)
        except PermissionError:
            raise StorageUnavailable(refused.errno, refused.strerror) from None

    def open(self, name: str) -> BinaryIO:
        """Open a local copy of an object for reading at any offset; it is gone when closed."""
        with _read_errors(name):
            return (self.root / name).open()


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
            raise _stopped(str(root), error) from None
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
        _check_size(info.filename, info.file_size, MAX_FILE_BYTES)
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
        _check_size(name, self._entries[name].file_size, limit_bytes)
        try:
            return self._zip.read(self._entries[name])
        except (StorageUnavailable, PermissionError) as error:
            # The archive is one object: what is denied now is denied to every entry.
            raise _stopped(name, error) from None
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


def _version(found: os.stat_result) -> Version:
    return Version(found.st_size, found.st_mtime_ns, found.st_ino)


Root = Folder | RemoteFolder | ZipFolder


@contextmanager
def _read_errors(name: str) -> Iterator[None]:
    """Turn what the file system refuses while ``name`` is read into an InputError."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{name}: the file is not there; add it or drop its entry") from None
    except IsADirectoryError:
        raise InputError(f"{name}: expected a file, found a folder") from None
    except StorageUnavailable as error:
        raise _stopped(name, error) from None
    except OSError as error:
        if short := resource_fault(error):
            # Not this file's fault: the next would meet it too.
            raise OutputError(f"{name}: cannot be read: {short}") from None
        raise InputError(f"{name}: cannot be read ({error.strerror or error})") from None


def _refuse_leaving(root: Path, name: str) -> None:
    """Refuse what lies outside the root once links are followed.

    A folder that was unpacked or cloned can hold a link to any file of this machine, whose pixels
    would then be in DST.
    """
    target = os.path.realpath(root / name)
    inside = os.path.realpath(root)
    if target != inside and not target.startswith(f"{inside.rstrip('/')}/"):
        if os.environ.get(LINKS_VARIABLE) == "1":
            return
        raise InputError(
            f"{name}: expected a file of the source, found a link that leads out of it; copy the "
            f"file in, or set {LINKS_VARIABLE}=1 if you trust the links of {root}"
        )


@lru_cache(maxsize=4096)
def _refuse_leaving_folder(root: str, folder: str) -> None:
    if folder:
        _refuse_leaving(Path(root), folder)


def _stopped(name: str, error: OSError) -> OutputError:
    # Not the item's fault: the next would meet it too, and this one can be read another day.
    return OutputError(
        f"{name}: cannot be read now ({error.strerror}); when the storage answers again, run the "
        "same command with --resume"
    )


def _is_zip(root: str) -> bool:
    return root.lower().endswith(".zip")


def _check_size(name: str, size: int, limit_bytes: int) -> None:
    if size > limit_bytes:
        raise InputError(f"{name}: expected at most {limit_bytes:,} bytes, found {size:,}")


def open_root(root: str) -> Root:
    """Open a source by path or URL; a few are kept open, as workers read many files from one.

    Raises
    ------
    InputError
        If the path does not exist, or is neither a folder nor a .zip. A URL that is no .zip is
        a folder; whether anything is there shows when its names are asked for.
    """
    if is_url(root):
        place = location(root)
        if isinstance(place, ObjectPath):
            return _open_remote(place)
        root = str(place)
    try:
        found = Path(root).stat()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{root}: no such file or folder; check the path") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{root}: cannot be opened ({reason})") from None
    if stat.S_ISDIR(found.st_mode):
        return Folder(Path(root))
    if not _is_zip(root):
        raise InputError(f"{root}: expected a folder or a .zip, found a file")
    # An archive that was replaced under its name is another archive.
    return _open_zip(Path(root), found.st_ino, found.st_size, found.st_mtime_ns)


def _open_remote(place: ObjectPath) -> Root:
    if not _is_zip(place.key):
        return RemoteFolder(place)
    with _read_errors(str(place)):
        try:
            found = place.store.info(place.key)
        except PermissionError as error:
            # Every entry is behind it: nothing of this source can be read now.
            raise StorageUnavailable(error.errno, error.strerror) from None
    return RemoteFolder(place) if found.folder else _open_zip(place, found.size, found.md5)


@lru_cache(maxsize=8)
def _open_zip(root: Location, *version: int | str | None) -> ZipFolder:
    return ZipFolder(root)


def container_of(root: str, name: str) -> Container:
    """Open a file of a source that holds files itself; a few are kept open, as archives are.

    Raises
    ------
    InputError
        If it cannot be read, or is no container.
    """
    place = location(root)
    version: tuple[int, ...] = ()
    if isinstance(place, Path) and (found := place / name).is_file():
        version = (found.stat().st_size, found.stat().st_mtime_ns)
    return _open_container(root, name, version)


@lru_cache(maxsize=8)
def _open_container(root: str, name: str, version: tuple[int, ...]) -> Container:
    return open_container(open_root(root).open(name), name)
