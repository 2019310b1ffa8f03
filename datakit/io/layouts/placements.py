"""Where a picture goes in a layout, and what the names of photos and labels have in common."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from datakit.io.layouts.base import SPLITS
from datakit.io.pixels.formats import is_picture
from datakit.records.labels import LabelState

ANY_LABEL = "label"
"""Kind of a label picture of which only its content tells whether it is mask, alpha or trimap."""

LABEL_SUFFIX = re.compile(
    r"[_\-. ](?:masks?|mattes?|alphas?|trimaps?|gt|seg|segmentation|label|labels|groundtruth)$",
    re.IGNORECASE,
)
"""What tools hang on a photo's stem to name its label."""

_KIND_OF_SUFFIX: Mapping[str, str] = {
    "mask": "mask",
    "matte": "alpha",
    "alpha": "alpha",
    "trimap": "trimap",
}


def is_image(name: str) -> bool:
    """Tell by the suffix whether a file is a picture that is read."""
    return _is_read(suffix_of(name))


@lru_cache(maxsize=4096)
def _is_read(suffix: str) -> bool:
    # By suffix, not by name: a source of a million names is asked many times.
    return is_picture(f"x{suffix}")


def suffix_of(name: str) -> str:
    """Return a file's suffix in lower case, with its dot; empty without one."""
    stem, dot, suffix = name.rpartition("/")[2].rpartition(".")
    return f".{suffix.lower()}" if dot and stem else ""


def stem_of(name: str) -> str:
    """Return a path without its suffix."""
    suffix = suffix_of(name)
    return name[: -len(suffix)] if suffix else name


def kind_of_suffix(stem: str) -> str | None:
    """Return the kind of label that the end of a stem names (``x_mask``), None without one.

    Examples
    --------
    >>> kind_of_suffix("x_mask"), kind_of_suffix("x-matte"), kind_of_suffix("x_gt")
    ('mask', 'alpha', 'label')
    >>> kind_of_suffix("masked") is None
    True
    """
    found = LABEL_SUFFIX.search(stem)
    if found is None:
        return None
    return _KIND_OF_SUFFIX.get(found[0][1:].lower().rstrip("s"), ANY_LABEL)


@dataclass(frozen=True, slots=True)
class Placement:
    """What a file is in a layout.

    Attributes
    ----------
    kind : {"image", "mask", "alpha", "trimap", "ignore", "objects", "label", ""}
        "objects": ids of objects where the mask holds classes; "label": content tells which
        kind; "": the layout has it, and it is neither (a foreground's colours).
    split : str, optional
    rel : str
        Path within the split, the folder that names the kind left out.
    group : str, optional
        What the picture is related by; by its name when None.
    shared : str, optional
        What the names of an image and its label have in common, where it is not the stem.
    state : {"complete", "partial", "none"}, optional
        What is known of the image, where the source says it.
    """

    kind: str
    split: str | None
    rel: str
    group: str | None = None
    shared: str | None = None
    state: LabelState | None = None


def by_folder(
    name: str, kinds: Mapping[str, str], splits: Mapping[str, str] = SPLITS
) -> Placement | None:
    """Place a file below a folder that names a kind; a split may be above it or below it.

    Parameters
    ----------
    name : str
    kinds, splits : mapping
        Folder in lower case -> kind, and -> split.

    Examples
    --------
    >>> by_folder("set/Train/masks/a/x.png", {"masks": "mask"})
    Placement(kind='mask', split='train', rel='set/a/x.png', group=None, shared=None, state=None)
    >>> by_folder("masks/val/x.png", {"masks": "mask"}).split
    'val'
    """
    parts = name.split("/")
    for depth, part in enumerate(parts[:-1]):
        kind = kinds.get(part.lower())
        if kind is None:
            continue
        before, rest = parts[:depth], parts[depth + 1 :]
        split = splits.get(before[-1].lower()) if before else None
        if split:
            before = before[:-1]
        elif len(rest) > 1 and (split := splits.get(rest[0].lower())):
            rest = rest[1:]
        return Placement(kind, split, "/".join([*before, *rest]))
    return None


def file_stem(path: str) -> str:
    """Return the name of a file by which its photo or label may know it, without its folders.

    Examples
    --------
    >>> file_stem("mattes/1/X_matte.png"), file_stem("clips/1/x.jpg")
    ('x', 'x')
    """
    return folded(LABEL_SUFFIX.sub("", stem_of(path.rpartition("/")[2])))


def folded(name: str) -> str:
    """Return a name without regard to letter case and the form of Unicode."""
    return unicodedata.normalize("NFC", name).casefold()
