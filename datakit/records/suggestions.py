"""The name that somebody may have meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

_SHORTEST_PREFIX = 2


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Return the name that a word may be a slip of; None when none is near.

    A name that the word begins, or that begins the word, comes before one that only looks alike.
    A digit more or less makes another thing of a name, and is no slip.

    Parameters
    ----------
    word : str
    names : iterable of str

    Examples
    --------
    >>> nearest("--ot", ["--effort", "--out"]), nearest("resum", ["result", "resume"])
    ('--out', 'resume')
    >>> nearest("unet", ["u2net", "voc"]) is None, nearest("p4m", ["p3m"])
    (True, 'p3m')
    >>> nearest("over", ["cover", "overwrite"])
    'overwrite'
    """
    alike = [name for name in names if _digits(name) == _digits(word)]
    stem = word.strip("-")
    begun = [
        name
        for name in alike
        if min(len(stem), len(name.strip("-"))) >= _SHORTEST_PREFIX
        and (name.strip("-").startswith(stem) or stem.startswith(name.strip("-")))
    ]
    if begun:
        return min(begun, key=lambda name: (abs(len(name) - len(word)), name))
    return next(iter(get_close_matches(word, alike, 1)), None)


def _digits(text: str) -> int:
    return len(re.findall(r"\d", text))
