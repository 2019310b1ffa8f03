"""Names of files inside a dataset: relative, with ``/``, and never above its root."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from datakit.errors import InputError

# What nearly every name is: parts without a leading dot. Others take the slow way.
_PLAIN = re.compile(r"[\w-][\w. -]*(?:/[\w-][\w. -]*)*")


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
    if _PLAIN.fullmatch(name):
        return name
    path = PurePosixPath(name.replace("\\", "/"))
    drive = bool(path.parts) and path.parts[0][1:2] == ":"
    if not path.parts or path.is_absolute() or drive or ".." in path.parts or "\0" in name:
        raise InputError(
            f"file name {name!r}: expected a path below the dataset's root, found one that "
            "leaves it; correct the name in the annotation file"
        )
    return str(path)


def walk_order(name: str) -> tuple[tuple[int, str], ...]:
    """Return the sort key that lists names as a walk through folders does: files, then folders.

    Examples
    --------
    >>> sorted(["b/a", "a/z/x", "a/y", "c"], key=walk_order)
    ['c', 'a/y', 'a/z/x', 'b/a']
    """
    *folders, file = name.split("/")
    return (*((1, folder) for folder in folders), (0, file))


def unicode_name(name: str) -> str:
    r"""Return a name as JSON can hold it: bytes that are no Unicode become escapes.

    Examples
    --------
    >>> unicode_name("caf\udce9.png")
    'caf\\udce9.png'
    """
    return name.encode("utf-8", "backslashreplace").decode()
