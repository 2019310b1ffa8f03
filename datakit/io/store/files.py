"""Where source files come from: a folder, a .zip, or either in an object store; never left."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from datakit.errors import InputError
from datakit.io.store import reads, standard_input
from datakit.io.store.containers import Container, open_container
from datakit.io.store.names import safe_name as safe_name
from datakit.io.store.names import walk_order
from datakit.io.store.object_store import StorageUnavailable
from datakit.io.store.read_errors import MAX_FILE_BYTES, check_size, read_errors
from datakit.io.store.reads import Version
from datakit.io.store.standard_input import StandardInput
from datakit.io.store.storage import Location, ObjectPath, is_url, location
from datakit.io.store.zip_folder import ZipFolder as ZipFolder

LINKS_VARIABLE = "DATAKIT_FOLLOW_LINKS"
"""Set to 1 by a person who trusts the links in a source that lead out of it."""


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
        if self.container or _is_zip(self.root) or self.root == standard_input.NAME:
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
            # One path per folder: one per file takes a second for 100,000.
            inside = Path(parent).relative_to(self.root).as_posix()
            prefix = "" if inside == "." else f"{inside}/"
            for name in sorted(files):
                if not name.startswith("."):
                    yield prefix + name

    def read(self, name: str, limit_bytes: int = MAX_FILE_BYTES) -> bytes:
        """Return the bytes of a file below the root."""
        return self.read_version(name, limit_bytes)[0]

    def read_version(self, name: str, limit_bytes: int = MAX_FILE_BYTES) -> tuple[bytes, Version]:
        """Return the bytes, and which version of the file they are.

        Raises InputError for a file that is written to meanwhile.
        """
        with read_errors(name), self.open(name) as handle:
            before = os.fstat(handle.fileno())
            check_size(name, before.st_size, limit_bytes)
            data = handle.read()
            after = _version(os.fstat(handle.fileno()))
            if after != _version(before) or len(data) != after.size_bytes:
                raise reads.changed(name)
            return data, after

    def version(self, name: str) -> Version:
        """Return what tells the file's content from others, without reading it."""
        with read_errors(name):
            return _version((self.root / name).stat())

    def open(self, name: str) -> BinaryIO:
        """Open a file for reading at any offset."""
        with read_errors(name):
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


class OneFile(Folder):
    """A single file as a source, apart from what lies beside it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.parent)
        self._name = path.name

    def names(self) -> Iterator[str]:
        """Yield the file's name."""
        yield self._name


class RemoteFolder:
    """A source below a URL: its objects are the files, what their keys share is the root."""

    def __init__(self, root: ObjectPath) -> None:
        self.root = root

    def names(self) -> Iterator[str]:
        """Yield every object below the root in the order of a walk, hidden ones left out.

        Raises InputError if there is none, or a key would leave the root on a disk.
        """
        with read_errors(str(self.root)):
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
        with read_errors(name):
            try:
                version = self.version(name)
                check_size(name, version.size_bytes, limit_bytes)
                return place.store.read(place.key, 0, version.size_bytes), version
            except PermissionError as error:
                self._check_access(error)
                raise

    def version(self, name: str) -> Version:
        """Return what tells the object's content from others, without fetching it."""
        place = self.root / name
        with read_errors(name):
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
        with read_errors(name):
            return (self.root / name).open()


def _version(found: os.stat_result) -> Version:
    return Version(found.st_size, found.st_mtime_ns, found.st_ino)


Root = Folder | RemoteFolder | ZipFolder | StandardInput


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


def _is_zip(root: str) -> bool:
    return root.lower().endswith(".zip")


def open_root(root: str) -> Root:
    """Open a source by path or URL; a few are kept open, as workers read many files from one.

    Raises
    ------
    InputError
        If the path does not exist. A URL that is no .zip is a folder, and ``-`` what is piped in;
        whether anything is there shows when its names are asked for.
    """
    if root == standard_input.NAME:
        return StandardInput()
    if is_url(root):
        place = location(root)
        if isinstance(place, ObjectPath):
            return _open_remote(place)
        root = str(place)
    path = Path(root)
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{root}: no such file or folder; check the path") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{root}: cannot be opened ({reason})") from None
    if stat.S_ISDIR(found.st_mode):
        return Folder(path)
    if not _is_zip(root):
        return OneFile(path)
    # An archive that was replaced under its name is another archive.
    return _open_zip(path, found.st_ino, found.st_size, found.st_mtime_ns)


def _open_remote(place: ObjectPath) -> Root:
    if not _is_zip(place.key):
        return RemoteFolder(place)
    with read_errors(str(place)):
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
