"""Names that any loader can take, for the files of a sample in other layouts."""

from __future__ import annotations

import re
from hashlib import sha256

from datakit.io.layouts.base import Item

JPEG = frozenset({".jpg", ".jpeg", ".jfif", ".jpe"})
KEPT_SUFFIXES = JPEG | {".png"}
"""Suffixes of images that every tool reads; others become PNG."""
MAX_NAME = 100

SOFT = "soft"
SOFT_SUFFIX = ".alpha"
"""Alphas travel beside the images under a suffix that no tool takes for a picture."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


def flat_name(stem: str) -> str:
    """Return a file stem that any loader can take: no folders, dots, blanks or wildcards.

    A stem that had to be changed ends in eight digits of its hash, so that no two meet.

    Examples
    --------
    >>> flat_name("IMG_0001")
    'IMG_0001'
    >>> flat_name("anna/IMG 0001")
    'anna_IMG_0001_d3677c88'
    """
    safe = _UNSAFE.sub("_", stem)
    if safe == stem and len(stem) <= MAX_NAME:
        return stem
    digest = sha256(stem.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{safe[: MAX_NAME - 9]}_{digest}"


def side(item: Item) -> str:
    """Return the split as a folder's name; "train" for a sample without one."""
    return flat_name(item.split) if item.split else "train"
