"""JSON files of annotation tools: their encoding, and what they hold, without holding them."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec

from datakit.errors import InputError, SchemaError
from datakit.io.layouts.image_names import IMAGE_NAME
from datakit.io.store.files import Root

BOM = b"\xef\xbb\xbf"
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder says of a text that is not what it should be, or no text, or a trap."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_HEAD = 1 << 16


def check_encoding(head: bytes, name: str) -> None:
    """Refuse a text whose first bytes say that it is not UTF-8; SchemaError names the encoding."""
    if head[:2] in _UTF16 or b"\0" in head[:8]:
        raise SchemaError(f"{name}: expected text in UTF-8, found UTF-16; save it as UTF-8")


def utf8(data: bytes, name: str) -> bytes:
    r"""Return a small text file's bytes without a byte order mark.

    Raises
    ------
    SchemaError
        If it is not in UTF-8.

    Examples
    --------
    >>> utf8(b"\xef\xbb\xbfcat", "names.txt")
    b'cat'
    """
    check_encoding(data[:8], name)
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise SchemaError(f"{name}: {reason(error)}") from None
    return data.removeprefix(BOM)


def reason(error: Exception) -> str:
    r"""Return in words why a text could not be decoded.

    Examples
    --------
    >>> reason(UnicodeDecodeError("utf-8", b"\xc8", 0, 1, "invalid start byte"))
    'expected text in UTF-8, found another encoding (GBK, Latin-1?); save it as UTF-8'
    """
    if isinstance(error, UnicodeDecodeError) or "invalid utf-8" in str(error).lower():
        return "expected text in UTF-8, found another encoding (GBK, Latin-1?); save it as UTF-8"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error)


@contextmanager
def mapped(root: Root, name: str) -> Iterator[memoryview]:
    """Give a file's text, mapped rather than read, without a byte order mark.

    Raises
    ------
    SchemaError
        If the file is empty, or not in UTF-8.
    """
    with root.open(name) as handle:
        if os.fstat(handle.fileno()).st_size == 0:
            raise SchemaError(f"{name}: expected JSON, found an empty file; export it again")
        with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as text:
            check_encoding(text[:8], name)
            # Released before the map is closed: what is decoded from it may be a view of it.
            with memoryview(text) as view, view[len(BOM) if text[:3] == BOM else 0 :] as body:
                yield body


def one_of_many(names: Iterable[str]) -> set[str]:
    """Return the JSON files that belong to one image each: an image has their stem or name.

    Examples
    --------
    >>> one_of_many(["a.jpg", "a.json", "ann/b.png.json", "b.png", "set.json"]) == {
    ...     "a.json", "ann/b.png.json"}
    True
    """
    listed = list(names)
    bases = {name.rpartition("/")[2] for name in listed if IMAGE_NAME.search(name)}
    stems = bases | {base.rpartition(".")[0] for base in bases}
    return {
        name
        for name in listed
        if name.lower().endswith(".json") and name.rpartition("/")[2][: -len(".json")] in stems
    }


def head_of(root: Root, name: str, size: int = _HEAD) -> bytes:
    """Return a file's first bytes as UTF-8 without a byte order mark; empty if it cannot be read.

    UTF-16 is decoded: what it holds is recognised, and its encoding refused when it is read.
    """
    try:
        with root.open(name) as handle:
            head = handle.read(size)
    except InputError:
        return b""
    if head[:2] in _UTF16:
        return head.decode("utf-16", "ignore").encode()
    return head.removeprefix(BOM).lstrip()


def mentions(root: Root, name: str, key: bytes) -> bool:
    """Tell whether a text is anywhere in a file; pieces overlap by its length."""
    with root.open(name) as handle:
        before = b""
        while piece := handle.read(1 << 20):
            if key in before + piece:
                return True
            before = piece[1 - len(key) :]
    return False
