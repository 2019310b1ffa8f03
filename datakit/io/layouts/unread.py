"""What lies in a source and cannot be read: reported by name and kind, never ignored silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from datakit.io.pixels.formats import kind_of_name, why_unread
from datakit.records.failure import Failure


def unread_pictures(names: Iterable[str]) -> list[Failure]:
    """Return the failure of each picture whose format is not read."""
    return [
        Failure(id=name, file=name, step="read", error=f"{name}: {why_unread(name)}")
        for name in names
    ]


def unread_note(names: Sequence[str]) -> tuple[str, ...]:
    """Return one line on how many pictures of which kinds are not read; none when all are.

    Examples
    --------
    >>> unread_note(["a.gif", "b.gif", "c.dng"])
    ('pictures not read: 2 x GIF, 1 x camera raw file (DNG); convert them to JPEG or PNG',)
    >>> unread_note([])
    ()
    """
    kinds = Counter(map(kind_of_name, names))
    if not kinds:
        return ()
    counted = ", ".join(f"{count} x {kind}" for kind, count in kinds.most_common())
    return (f"pictures not read: {counted}; convert them to JPEG or PNG",)


def unicode_names(names: Iterable[str]) -> tuple[list[str], list[Failure]]:
    r"""Return the names that are Unicode, and the failures of those that are not.

    A row of a dataset, a table or a page cannot hold such a name. It is shown with escapes.

    Examples
    --------
    >>> usable, failures = unicode_names(["a.png", "caf\udce9.png"])
    >>> usable, failures[0].file
    (['a.png'], 'caf\\xe9.png')
    """
    usable: list[str] = []
    failures: list[Failure] = []
    for name in names:
        if name.isascii() or _is_unicode(name):
            usable.append(name)
            continue
        shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        error = f"{shown}: the file name is no UTF-8 (an older encoding?); rename the file"
        failures.append(Failure(id=shown, file=shown, step="read", error=error))
    return usable, failures


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
