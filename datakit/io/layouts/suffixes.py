"""``suffixes``: photos and labels in one folder, distinguished by a word in their names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from datakit.io.layouts.base import SPLITS, ReadSettings
from datakit.io.layouts.class_names import find_class_names
from datakit.io.layouts.label_study import FEW, measure_files
from datakit.io.layouts.pictures import PictureReader, refs_of
from datakit.io.layouts.placements import (
    ANY_LABEL,
    LABEL_SUFFIX,
    Placement,
    is_image,
    kind_of_suffix,
    stem_of,
    suffix_of,
)
from datakit.io.store.files import FileRef, Root

_LABEL_PREFIX = re.compile(r"^(mask|matte|alpha|trimap|gt|label|seg)s?[_\-. ]", re.IGNORECASE)
_PHOTO_WORD = r"(?:image|img|photo|rgb|input|orig|original)"
_PHOTO_SUFFIX = re.compile(rf"[_\-. ]{_PHOTO_WORD}$", re.IGNORECASE)
_PHOTO_PREFIX = re.compile(rf"^{_PHOTO_WORD}[_\-. ]", re.IGNORECASE)


class SuffixesReader(PictureReader):
    """``x.jpg`` with ``x_mask.png``; also ``_matte``, ``_alpha``, ``_trimap``, ``_gt``, ``_seg``.

    The word may be in front (``mask_x.png``), and the photo may have one too (``x_image.jpg``).
    ``x.jpg`` beside ``x.png`` are photo and label where the content says so. Roboflow's exports of
    semantic masks are one of these, with ``_classes.csv``.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        settings: ReadSettings = ReadSettings(),  # noqa: B008
    ) -> None:
        places = _by_word(names) or _by_format(root, names)
        classes = find_class_names(root, names)
        super().__init__(root, names, refs_of(root, places), classes=classes)

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell whether most of the files with a label's suffix have their photo beside them."""
        return bool(_by_word(names) or _by_format(root, names))


def _by_word(names: list[str]) -> Mapping[str, Placement]:
    """Place the pictures by words in their names; none when the labels lack their photos."""
    labels: dict[str, Placement] = {}
    photos: dict[str, Placement] = {}
    for name in filter(is_image, names):
        file = name.rpartition("/")[2]
        stem = stem_of(file)
        kind, bare = _label_in(stem)
        split, rel = _place(name)
        start = rel[: len(rel) - len(file)]
        if kind is not None:
            labels[name] = Placement(kind, split, rel, shared=start + bare)
            continue
        bare = _PHOTO_PREFIX.sub("", _PHOTO_SUFFIX.sub("", stem))
        photos[name] = Placement("image", split, rel, shared=start + (bare or stem))
    stems = {(one.split, stem_of(one.rel)) for one in photos.values()}
    shared = {(one.split, one.shared) for one in photos.values()}
    paired = sum((one.split, one.shared) in stems | shared for one in labels.values())
    if not labels or 2 * paired < len(labels):
        return {}
    if sum((one.split, one.shared) in stems for one in labels.values()) >= paired:
        photos = {name: replace(one, shared=None) for name, one in photos.items()}
    return {**photos, **labels}


def _label_in(stem: str) -> tuple[str | None, str]:
    """Return the kind of label that a stem names, and the stem without that word."""
    if kind := kind_of_suffix(stem):
        return kind, LABEL_SUFFIX.sub("", stem)
    if found := _LABEL_PREFIX.match(stem):
        bare = stem[found.end() :]
        return kind_of_suffix(f"x_{found[1]}"), bare
    return None, stem


def _by_format(root: Root, names: list[str]) -> Mapping[str, Placement]:
    """Placement pictures of one stem and two formats, of which one shows labels."""
    pairs: defaultdict[str, dict[str, str]] = defaultdict(dict)
    pictures = [name for name in names if is_image(name)]
    for name in pictures:
        pairs[stem_of(name)][suffix_of(name)] = name
    doubled = [one for one in pairs.values() if len(one) == 2]
    if 2 * len(doubled) < len(pairs) or not doubled:
        return {}
    suffixes = {frozenset(one) for one in doubled}
    if len(suffixes) != 1:
        return {}
    shows = {
        suffix: [
            measured.label
            for measured in measure_files(
                [FileRef(str(root.root), one[suffix]) for one in doubled], FEW
            )
        ]
        for suffix in next(iter(suffixes))
    }
    labels = [suffix for suffix, seen in shows.items() if seen and all(seen)]
    if len(labels) != 1 or any(any(seen) for suffix, seen in shows.items() if suffix not in labels):
        return {}
    return {
        name: Placement(
            ANY_LABEL
            if suffix_of(name) == labels[0] and len(pairs[stem_of(name)]) == 2
            else "image",
            *_place(name),
        )
        for name in pictures
    }


def _place(name: str) -> tuple[str | None, str]:
    """Return the split that a folder names, and the rest of the path."""
    parts = name.split("/")
    for depth, part in enumerate(parts[:-1]):
        if split := SPLITS.get(part.lower()):
            return split, "/".join([*parts[:depth], *parts[depth + 1 :]])
    return None, name
