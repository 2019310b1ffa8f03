"""Which source photo an exported file was made from, as its name tells."""

from __future__ import annotations

import re

# What follows the token is what somebody did with the export afterwards ("…_rotated_90.jpg").
_TOKEN = re.compile(r"\.rf\.(?:[0-9a-f]{32}|[0-9A-Za-z]{20})(?![0-9A-Za-z])")
_FOLDED_SUFFIX = re.compile(r"_(?:jpe?g|png|webp|bmp|tiff?|heic|gif|jfif)$", re.IGNORECASE)


def roboflow_stem(file_name: str) -> str | None:
    """Return the stem before the last ``.rf.`` token, or None when the name has none.

    Roboflow folds the source's suffix into the stem (``a_JPG.rf.….jpg``); it is taken off, so
    that the stem equals that of ``extra.name`` where an export has it.

    Examples
    --------
    >>> roboflow_stem("IMG_7_JPG.rf.0123456789abcdef0123456789abcdef.jpg")
    'IMG_7'
    >>> roboflow_stem("1_png.rf.0123456789abcdef0123456789abcdef_rotated_90.jpg")
    '1'
    >>> roboflow_stem("holiday.jpg") is None
    True
    """
    name = file_name.rpartition("/")[2]
    start = -1
    for match in _TOKEN.finditer(name):
        start = match.start()
    return None if start < 0 else _FOLDED_SUFFIX.sub("", name[:start])


def source_group(file_name: str, true_name: str | None) -> str:
    """Return the group of a sample by its names: ``true_name`` first, then the ``.rf.`` stem.

    Examples
    --------
    >>> source_group("a_png.rf.uL3Yq32P36Lla5ON5RBQ.jpg", None)
    'a'
    >>> source_group("a_png.rf.uL3Yq32P36Lla5ON5RBQ.jpg", "portraits/b.png")
    'portraits/b'
    >>> source_group("sub/c.jpg", None)
    'sub/c'
    """
    if true_name:
        return _FOLDED_SUFFIX.sub("", re.sub(r"\.[A-Za-z]{3,4}$", "", true_name))
    folder, slash, name = file_name.rpartition("/")
    stem = roboflow_stem(file_name)
    if stem is None:
        # Plain text, not PurePosixPath: a split may have a million names.
        before, _, suffix = name.rpartition(".")
        stem = before if before and suffix else name
    return f"{folder}{slash}{stem}"
