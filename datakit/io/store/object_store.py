"""An object store through its fsspec driver: bounded retries, plain errors, no secrets in them."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, BinaryIO, TypeVar

from datakit.errors import InputError

T = TypeVar("T")

PROTOCOLS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "memory": "memory"}
"""Scheme of a URL -> the store it means."""

ATTEMPTS = 6
FIRST_WAIT_S = 0.2
TIMEOUT_S = 60.0
BLOCK_BYTES = 8 << 20
SLOWEST_BYTES_S = 1 << 18
ATTEMPTS_VARIABLE, TIMEOUT_VARIABLE = "DATAKIT_STORAGE_ATTEMPTS", "DATAKIT_STORAGE_TIMEOUT"

_SECRETS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "GOOGLE_APPLICATION_CREDENTIALS",
)
_FINAL = frozenset(
    getattr(errno, name)
    for name in (
        *("ENOENT", "EACCES", "EPERM", "EEXIST", "EISDIR", "ENOTDIR", "EROFS"),
        *("ENOSPC", "EDQUOT", "EFBIG", "EINVAL", "ENAMETOOLONG", "ENOSYS"),
    )
)
"""What a store says once and means: asking again does not help."""


class StorageUnavailable(OSError):
    """A store that did not answer, or answered with errors of its own, each time it was asked."""


class _ShortRead(OSError):
    """Fewer bytes came than the object has."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a store says of one object (or of a common prefix, a folder).

    Attributes
    ----------
    key : str
        With the bucket's name first.
    size : int
        Bytes.
    md5 : str, optional
        Hexadecimal digest, where the store's own tag may be one.
    """

    key: str
    size: int
    md5: str | None = None
    folder: bool = False


class Store:
    """One kind of store; credentials come from the environment, as its driver reads them."""

    def __init__(self, protocol: str) -> None:
        self.protocol = protocol
        self._attempts = max(1, int(_number(ATTEMPTS_VARIABLE, ATTEMPTS)))
        self._timeout_s = _number(TIMEOUT_VARIABLE, TIMEOUT_S)
        self._fs = _filesystem(protocol, self._timeout_s)

    def info(self, key: str) -> Entry:
        """Return what is at ``key``; FileNotFoundError if nothing is."""
        found: dict[str, Any] = self._ask(key, lambda: self._fs.info(key))
        return _entry(found)

    def read(self, key: str, start: int = 0, end: int | None = None) -> bytes:
        """Return the bytes of an object, or of a range of it.

        Fewer bytes than the store says that the object has are asked for again.
        """
        if end is None:
            end = self._file(key).size

        def ask() -> bytes:
            data = bytes(self._fs.cat_file(key, start=start, end=end)) if end > start else b""
            if len(data) != end - start:
                raise _ShortRead(errno.EIO, f"{len(data)} of {end - start} bytes came")
            return data

        return self._ask(key, ask)

    def _file(self, key: str) -> Entry:
        entry = self.info(key)
        if entry.folder:
            raise IsADirectoryError(errno.EISDIR, "it is a folder", self.url(key))
        return entry

    def download(self, key: str, handle: BinaryIO) -> None:
        """Copy an object into an open file, a block at a time."""
        size = self._file(key).size
        for start in range(0, size, BLOCK_BYTES):
            handle.write(self.read(key, start, min(start + BLOCK_BYTES, size)))

    def write(self, key: str, data: bytes) -> None:
        """Put an object in place in one step: it is there whole or not at all."""
        limits = self._limits(len(data))
        self._ask(key, lambda: self._fs.pipe_file(key, data, **limits))

    def create(self, key: str, data: bytes) -> None:
        """Put an object where none is; FileExistsError if there is one.

        The condition is the store's own where it has one (S3, Google), so that of two processes
        one wins. A repeated request may meet the object that the first one made.
        """
        limits = self._limits(len(data))
        self._ask(key, lambda: self._fs.pipe_file(key, data, mode="create", **limits))

    def upload(self, key: str, handle: BinaryIO) -> None:
        """Put an open local file in place; its parts become visible together."""
        # The driver takes a name; this one is the open file's, which may have no other.
        name = f"/proc/self/fd/{handle.fileno()}"
        limits = self._limits(os.fstat(handle.fileno()).st_size)
        self._ask(key, lambda: self._fs.put_file(name, key, **limits))

    def _limits(self, size: int) -> dict[str, float]:
        """Return how long an upload may take in all.

        S3 uploads begin by asking whether they may (``Expect: 100-continue``), and the HTTP library
        waits for that answer without end.
        """
        if not getattr(self._fs, "async_impl", False):
            return {}
        return {"timeout": 2 * self._timeout_s + size / SLOWEST_BYTES_S}

    def children(self, key: str) -> list[Entry]:
        """Return the objects and folders directly below ``key``, in the order of their names."""
        try:
            found: list[dict[str, Any]] = self._ask(key, lambda: self._fs.ls(key, detail=True))
        except FileNotFoundError:
            return []
        entries = [_entry(row) for row in found]
        # Listing an object gives the object; a folder may be listed as an empty object of its own.
        return sorted((e for e in entries if e.key != key), key=lambda entry: entry.key)

    def below(self, key: str) -> Iterator[Entry]:
        """Yield every object below ``key``, in no particular order."""
        try:
            found: dict[str, dict[str, Any]] = self._ask(
                key, lambda: self._fs.find(key, detail=True)
            )
        except FileNotFoundError:
            return
        for row in found.values():
            entry = _entry(row)
            if entry.key.startswith(f"{key}/") and not entry.folder:
                yield entry

    def remove(self, keys: Sequence[str]) -> None:
        """Remove objects; one that is not there is none the less gone."""

        def ask() -> None:
            try:
                self._fs.rm(list(keys))
            except FileNotFoundError:
                for key in keys:
                    if self._fs.exists(key):
                        self._fs.rm_file(key)

        if keys:
            self._ask(keys[0], ask)

    def url(self, key: str) -> str:
        """Return the URL of a key."""
        return f"{self.protocol}://{key}"

    def _ask(self, key: str, request: Callable[[], T]) -> T:
        """Make a request, and make it again while the store, not the request, is at fault."""
        for attempt in range(1, self._attempts + 1):
            try:
                return request()
            # Each driver has errors of its own kinds, and its HTTP library has more.
            except Exception as error:  # noqa: BLE001
                final = _final(error, self.url(key))
                if final is not None:
                    raise final from None
                if attempt == self._attempts:
                    reason = f"the storage failed {attempt} times, last by {_described(error)}"
                    raise StorageUnavailable(errno.EIO, reason, self.url(key)) from None
                time.sleep(FIRST_WAIT_S * 2 ** (attempt - 1))
        raise AssertionError("unreachable")


@lru_cache(maxsize=len(PROTOCOLS))
def open_store(protocol: str) -> Store:
    """Open a kind of store once a process, in the process that uses it.

    Raises
    ------
    InputError
        If its driver is not installed.
    """
    return Store(protocol)


def _filesystem(protocol: str, timeout_s: float) -> Any:
    try:
        if protocol == "s3":
            return _s3(timeout_s)
        import fsspec

        if protocol == "gs":
            return fsspec.filesystem("gs", timeout=timeout_s, use_listings_cache=False)
        return fsspec.filesystem(protocol)
    except ImportError as error:
        extra = {"gs": "gs"}.get(protocol, "s3")
        raise InputError(
            f"{protocol}://: expected the storage driver that the extra {extra!r} brings, found "
            f"none ({error.name} is not installed); pip install 'datakit[{extra}]'"
        ) from None


def _s3(timeout_s: float) -> Any:
    from s3fs import S3FileSystem

    # One place retries: the loops of botocore and of s3fs inside ours would make 125 requests.
    system = S3FileSystem(
        use_listings_cache=False,
        config_kwargs={
            "retries": {"total_max_attempts": 1, "mode": "standard"},
            "connect_timeout": min(timeout_s, 10.0),
            "read_timeout": timeout_s,
        },
    )
    system.retries = 1
    return system


def _entry(row: dict[str, Any]) -> Entry:
    tag = str(row.get("ETag", "")).strip('"')
    md5 = tag if re.fullmatch("[0-9a-f]{32}", tag) else None
    if "md5Hash" in row:
        import base64

        md5 = base64.b64decode(row["md5Hash"]).hex()
    # The driver of memory:// begins its keys with a slash.
    key = str(row["name"]).strip("/")
    return Entry(key, int(row.get("size") or 0), md5, row.get("type") == "directory")


def _final(error: Exception, url: str) -> OSError | None:
    """Return the error to raise at once; None when the request is worth another attempt."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if kinds & {"NoCredentialsError", "PartialCredentialsError", "DefaultCredentialsError"}:
        return PermissionError(
            errno.EACCES, "no credentials in the environment; set those of the storage", url
        )
    if kinds & {"ParamValidationError", "InvalidBucketError", "ValueError", "TypeError"}:
        return OSError(errno.EINVAL, f"the storage cannot have this name: {_described(error)}", url)
    if not isinstance(error, OSError) or isinstance(error, TimeoutError | _ShortRead):
        return None
    for kind, number in (
        (FileNotFoundError, errno.ENOENT),
        (PermissionError, errno.EACCES),
        (FileExistsError, errno.EEXIST),
        (IsADirectoryError, errno.EISDIR),
    ):
        if isinstance(error, kind):
            reason = os.strerror(number)
            if number == errno.EACCES:
                reason = f"access denied by the storage ({_described(error)})"
            return kind(number, reason, url)
    return OSError(error.errno, _described(error), url) if error.errno in _FINAL else None


def _described(error: Exception) -> str:
    text = " ".join(str(getattr(error, "strerror", None) or error).split())
    return without_secrets(f"{type(error).__name__}: {text}" if text else type(error).__name__)


def without_secrets(text: str) -> str:
    """Return a text without user:password@, URL queries, and what the environment keeps secret.

    Examples
    --------
    >>> without_secrets("GET https://me:pass@host/key?X-Amz-Signature=abc failed")
    'GET https://***@host/key?*** failed'
    """
    for name in _SECRETS:
        if value := os.environ.get(name):
            text = text.replace(value, "***")
    text = re.sub(r"(://)[^/@\s]*@", r"\1***@", text)
    return re.sub(r"(://[^\s?]*)\?[^\s'\")]*", r"\1?***", text)


def _number(variable: str, default: float) -> float:
    text = os.environ.get(variable)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e6:
        raise InputError(f"{variable}: expected a positive number, found {text!r}")
    return value
