"""Counts in words."""

from __future__ import annotations

from collections.abc import Mapping


def counted(count: int, noun: str) -> str:
    """Return a count with its noun, which is given in the plural.

    Examples
    --------
    >>> counted(2000, "samples"), counted(1, "classes"), counted(1, "extra copies")
    ('2,000 samples', '1 class', '1 extra copy')
    >>> counted(1, "faces"), counted(1, "people"), counted(1, "empty")
    ('1 face', '1 person', '1 empty')
    """
    return f"{count:,} {_singular(noun) if count == 1 else noun}"


def in_words(counts: Mapping[str, int]) -> str:
    """Return counts by noun as one line.

    Examples
    --------
    >>> in_words({"samples": 11, "clusters": 1})
    '11 samples, 1 cluster'
    """
    return ", ".join(counted(count, noun) for noun, count in counts.items())


def _singular(noun: str) -> str:
    if noun.endswith("people"):
        return f"{noun.removesuffix('people')}person"
    if noun.endswith("ies"):
        return f"{noun.removesuffix('ies')}y"
    if noun.endswith(("sses", "xes")):
        return noun.removesuffix("es")
    return noun if noun.endswith("ss") else noun.removesuffix("s")
