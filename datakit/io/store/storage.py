"""Where a user's path leads: a local `Path`, or an object store with the same operations."""

from __future__ import annotations

import errno
import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from datakit.errors import InputError
from datakit.io.store.names import safe_name
from datakit.io.store.object_store import PROTOCOLS, Entry, Store, open_store, without_secrets

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(.*)", re.DOTALL)
_RANGE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Stat:
    """The size of an object, under the name that `os.stat_result` gives it."""

    st_size: int


@dataclass(frozen=True, slots=True)
class ObjectPath:
    """A place in an object store with the methods of `pathlib.Path` that datakit uses.

    It is a name: cheap to make, pickled to workers, and opened in the process that reads or
    writes. Errors are OSErrors as a file system raises them; their texts hold no credentials.

    Attributes
    ----------
    protocol : str
        ``s3``, ``gs`` or ``memory``.
    key : str
        The bucket and the key in it.

    Examples
    --------
    >>> place = location("s3://sets/v1") / "train/images/a.jpg"
    >>> str(place), place.name, str(place.parent)
    ('s3://sets/v1/train/images/a.jpg', 'a.jpg', 's3://sets/v1/train/images')
    """

    protocol: str
    key: str

    def __str__(self) -> str:
        return f"{self.protocol}://{self.key}"

    def __truediv__(self, name: str) -> ObjectPath:
        """Return a place below this one; InputError for a name that would leave it."""
        name = safe_name(name)
        # The S3 driver reads a version into this, and would drop it from the name.
        if "?versionId=" in name:
            raise InputError(f"file name {name!r}: expected one without '?versionId='; rename it")
        return ObjectPath(self.protocol, f"{self.key}/{name}")

    @property
    def store(self) -> Store:
        """The store, opened in this process."""
        return open_store(self.protocol)

    @property
    def name(self) -> str:
        """The last part."""
        return self.key.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """The last part without its suffix."""
        return PurePosixPath(self.key).stem

    @property
    def suffix(self) -> str:
        """The suffix of the last part."""
        return PurePosixPath(self.key).suffix

    @property
    def parent(self) -> ObjectPath:
        """The place above; a bucket is its own parent."""
        above = self.key.rpartition("/")[0]
        return ObjectPath(self.protocol, above) if above else self

    @property
    def parents(self) -> tuple[ObjectPath, ...]:
        """All places above, the nearest first."""
        return () if self.parent == self else (self.parent, *self.parent.parents)

    def resolve(self) -> ObjectPath:
        """Return itself: there are no links and no current folder."""
        return self

    def with_name(self, name: str) -> ObjectPath:
        """Return the place of this name beside it."""
        return self.parent / name

    def exists(self) -> bool:
        """Tell whether there is an object, or objects below."""
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        """Tell whether there is an object of this name."""
        entry = self._entry()
        return entry is not None and not entry.folder

    def is_dir(self) -> bool:
        """Tell whether there are objects below."""
        return any(True for _ in self.store.children(self.key))

    def is_symlink(self) -> bool:
        """Return False: there are no links."""
        return False

    def _entry(self) -> Entry | None:
        try:
            return self.store.info(self.key)
        except FileNotFoundError:
            return None

    def stat(self) -> Stat:
        """Return the object's size; FileNotFoundError if there is none."""
        entry = self.store.info(self.key)
        if entry.folder:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(self))
        return Stat(entry.size)

    def iterdir(self) -> Iterator[ObjectPath]:
        """Yield what is directly below, in the order of the names."""
        for entry in self.store.children(self.key):
            yield ObjectPath(self.protocol, entry.key)

    def read_bytes(self) -> bytes:
        """Return the whole object."""
        return self.store.read(self.key)

    def read_text(self, encoding: str = "utf-8") -> str:
        """Return the whole object as text."""
        return self.read_bytes().decode(encoding)

    def open(self, mode: str = "rb") -> BinaryIO:
        """Open a local copy for reading at any offset; it is gone when closed."""
        if mode != "rb":
            raise ValueError(f"mode: expected 'rb', got {mode!r}; write by datakit.io.store.atomic")
        from tempfile import TemporaryFile

        copy = cast(BinaryIO, TemporaryFile())  # noqa: SIM115
        try:
            self.store.download(self.key, copy)
            copy.seek(0)
        except BaseException:
            copy.close()
            raise
        return copy

    def ranges(self) -> BinaryIO:
        """Open the object itself for reading at any offset: only what is read is fetched."""
        reader = io.BufferedReader(_Ranges(self.store, self.key, self.stat().st_size), _RANGE_BYTES)
        return cast(BinaryIO, reader)

    def write_bytes(self, data: bytes) -> int:
        """Put the object in place in one step."""
        self.store.write(self.key, data)
        return len(data)

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove the object."""
        if not missing_ok:
            self.stat()
        self.store.remove([self.key])

    def mkdir(self, parents: bool = False, exist_ok: bool = False) -> None:
        """Do nothing: folders are the beginnings of keys."""


Location = Path | ObjectPath
"""A local path or a place in an object store."""


class _Ranges(io.RawIOBase):
    """An object as a file whose reads are range requests."""

    def __init__(self, store: Store, key: str, size: int) -> None:
        self._store, self._key, self._size, self._position = store, key, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        end = min(self._position + len(buffer), self._size)
        if end <= self._position:
            return 0
        data = self._store.read(self._key, self._position, end)
        buffer[: len(data)] = data
        self._position = end
        return len(data)


def is_url(text: str) -> bool:
    """Tell whether a path is written as a URL.

    Examples
    --------
    >>> is_url("s3://bucket/a"), is_url("file:///tmp/a"), is_url("C:/a"), is_url("a/b")
    (True, True, False, False)
    """
    return "://" in text and _URL.fullmatch(text) is not None


def is_remote(text: str) -> bool:
    """Tell whether a path leads to an object store."""
    return is_url(text) and not text.lower().startswith("file://")


def location(text: str, *names: str) -> Location:
    """Return where ``text``, and ``names`` below it, leads.

    Parameters
    ----------
    text : str
        A local path, or a URL: ``file://``, ``s3://``, ``gs://``, ``memory://``.
    names : str
        Paths below it, with ``/``; in a store they cannot leave it.

    Returns
    -------
    Path or ObjectPath
        Local paths are plain `Path`, and ``file://`` is a local path.

    Raises
    ------
    InputError
        For another scheme, a URL without bucket, with ``..``, or with credentials in it.

    Examples
    --------
    >>> location("sets/v1", "a.png")
    PosixPath('sets/v1/a.png')
    >>> location("file:///data/v1")
    PosixPath('/data/v1')
    >>> location("s3://me:secret@sets/v1")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    datakit.errors.InputError: s3://***@sets/v1: expected a URL without credentials ...
    """
    found = _URL.fullmatch(text) if "://" in text else None
    if found is None:
        return Path(text, *names)
    scheme, rest = found[1].lower(), found[2]
    if scheme == "file":
        return Path(_local(text, rest), *names)
    place: ObjectPath = _object_path(text, scheme, rest)
    for name in names:
        place = place / name
    return place


def shown(text: str) -> str:
    """Return a path as it may stand in a message, a card or a log: without credentials."""
    return without_secrets(text) if is_url(text) else text


def overlap(one: Location, other: Location) -> bool:
    """Tell whether two places are the same, or one lies in the other."""
    inner, outer = one.resolve(), other.resolve()
    return inner == outer or outer in tuple(inner.parents) or inner in tuple(outer.parents)


def is_inside(inner: Location, outer: Location) -> bool:
    """Tell whether a place is another one, or lies in it."""
    found, folder = inner.resolve(), outer.resolve()
    return found == folder or folder in tuple(found.parents)


def _local(text: str, rest: str) -> str:
    path = rest.removeprefix("localhost")
    if not path.startswith("/"):
        raise InputError(f"{shown(text)}: expected file:///absolute/path")
    return path


def _object_path(text: str, scheme: str, rest: str) -> ObjectPath:
    if scheme not in PROTOCOLS:
        known = ", ".join(f"{name}://" for name in ("file", *dict.fromkeys(PROTOCOLS.values())))
        raise InputError(f"{shown(text)}: expected a local path or one of {known}")
    key = rest.rstrip("/")
    bucket, *parts = key.split("/")
    if "@" in bucket or "?" in key:
        raise InputError(
            f"{shown(text)}: expected a URL without credentials or query; credentials come from "
            "the environment (AWS_ACCESS_KEY_ID …)"
        )
    if not bucket or bucket.startswith(".") or any(part in ("", ".", "..") for part in parts):
        raise InputError(f"{shown(text)}: expected SCHEME://BUCKET/PATH, without .. and //")
    return ObjectPath(PROTOCOLS[scheme], key)
