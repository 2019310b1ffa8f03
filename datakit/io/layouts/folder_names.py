"""What a folder's name says: its words, and the split that one of them names."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePosixPath

from datakit.io.layouts.base import SPLITS


def folder_words(folder: str) -> list[str]:
    """Return the words of a folder's name in lower case.

    Examples
    --------
    >>> folder_words("Training_Images"), folder_words("GroundTruth"), folder_words("DIS-TE1")
    (['training', 'images'], ['ground', 'truth'], ['dis', 'te1'])
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", PurePosixPath(folder).name)
    return [word for word in re.split(r"[^0-9a-zA-Z]+", spaced.lower()) if word]


@lru_cache(maxsize=4096)
def split_in(folder: str) -> str | None:
    """Return the split that a word of a folder's name names.

    Examples
    --------
    >>> split_in("Training_Images"), split_in("images_val"), split_in("photos")
    ('train', 'val', None)
    """
    return next((SPLITS[word] for word in folder_words(folder) if word in SPLITS), None)
