"""How photos were changed to be read: transparency put before a colour, 16 bits as 8, colours.

A decoder gives the pixels that every verb works on and reports here what it did to them. Nothing is
kept unless somebody listens.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from datakit.errors import printable
from datakit.records.product import Conversion

Converted = dict[Conversion, set[str]]
"""Kind of conversion -> the names of the photos that it befell."""

_WORDS: Final[Mapping[Conversion, str]] = {
    "composited": "transparent, put before the mean colour of the border (see --transparency)",
    "depth": "of more than 8 bits a channel, read as 8 bits",
    "profile": "converted to sRGB by the embedded colour profile",
    "inks": "CMYK without a usable profile, converted to sRGB by the plain formula",
    "unreadable profile": "with a colour profile that cannot be used, read as sRGB",
}

_listeners: list[Converted] = []


@contextmanager
def listening() -> Iterator[Converted]:
    """Collect what this process converts, in all its threads; whoever listens around it hears too.

    Examples
    --------
    >>> with listening() as heard:
    ...     note("depth", "a.png")
    >>> heard
    {'depth': {'a.png'}}
    """
    heard: Converted = {}
    _listeners.append(heard)
    try:
        yield heard
    finally:
        # By identity: two equal collections may listen.
        del _listeners[next(at for at, one in enumerate(_listeners) if one is heard)]
        repeat(heard)


def note(kind: Conversion, name: str) -> None:
    """Report one conversion of one photo; its name is kept as it may be shown."""
    if _listeners:
        _listeners[-1].setdefault(kind, set()).add(printable(name))


def repeat(heard: Mapping[Conversion, Iterable[str]]) -> None:
    """Report what another process, or an earlier run, reported."""
    for kind, names in heard.items():
        for name in names:
            note(kind, name)


def conversion_notes(
    heard: Mapping[Conversion, set[str]], *, example: bool = True
) -> tuple[str, ...]:
    """Return one line per kind: how many photos, and the name of one.

    Parameters
    ----------
    heard : mapping
        Kind -> names.
    example : bool
        Whether to name one; what others get must not name a file that was renamed for it.

    Examples
    --------
    >>> conversion_notes({"depth": {"b.png", "a.png"}})
    ('2 photos of more than 8 bits a channel, read as 8 bits (such as a.png)',)
    """
    lines = []
    for kind, words in _WORDS.items():
        if not (names := heard.get(kind)):
            continue
        one = len(names) == 1
        name = f" ({'' if one else 'such as '}{min(names)})" if example else ""
        lines.append(f"{len(names):,} {'photo' if one else 'photos'} {words}{name}")
    return tuple(lines)
