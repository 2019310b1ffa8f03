"""What speaks for labels in a source whose layout is not known: such a source is never photos."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from datakit.errors import InputError
from datakit.io.layouts.folder_names import kind_of
from datakit.io.layouts.label_study import FEW, measure_files
from datakit.io.layouts.placements import LABEL_SUFFIX, folded, is_image, stem_of, suffix_of
from datakit.io.layouts.two_folders import Siblings, shown, sibling_folders
from datakit.io.store.files import FileRef, Root

_LABEL_FILES = frozenset(
    {".json", ".xml", ".txt", ".csv", ".npy", ".npz", ".mat", ".yaml", ".yml", ".pts", ".gif"}
)
_ARRAYS = frozenset({".npy", ".npz", ".mat", ".pts", ".gif"})
_TABLES = frozenset({".json", ".jsonl", ".ndjson", ".xml", ".csv", ".tsv", ".txt", ".yaml", ".yml"})
_NO_LABELS = _TABLES | {"", ".md", ".rst", ".html", ".pdf", ".log", ".db", ".py"}
"""Suffixes of what lies in folders of labels without being one, or is looked into."""
_HEAD_BYTES = 1 << 20
_FEW_FILES = 16
_FEW_NAMES = 50

_SHAPE_WORDS = re.compile(
    r"segmentation|polygon|bbox|bndbox|bounding|shapes?\b|points?\b|regions?\b|annotations?\b|"
    r"objects?\b|\brle\b|contour|masks?\b|geometry|\bx1\b|xmin|keypoints",
    re.IGNORECASE,
)
_RESULT = re.compile(r'\ufeff?\s*\[\s*\{(?=[^}]*"image_id")(?=[^}]*"(?:category_id|segmentation)")')
_NUMBER = r"-?\d+(?:\.\d+)?(?:e-?\d+)?"
_NUMBERS = re.compile(rf"\s*{_NUMBER}(?:[\s,;]+{_NUMBER})+\s*", re.IGNORECASE)


def label_evidence(root: Root, names: list[str]) -> str | None:
    """Return what speaks for labels, as a clause of a sentence; None when nothing does.

    Looked for are: a sibling folder whose stems mostly agree and whose pictures are no colour
    photos; files of labels beside most photos, or of unknown kinds in folders named as labels; a
    file that names the photos and speaks of shapes. A README, captions and a few grey photos are no
    evidence.
    """
    photos = [name for name in names if is_image(name)]
    others = [name for name in names if not is_image(name)]
    return (
        _sibling_labels(root, names)
        or _named_labels(root, photos)
        or _suffixed(photos)
        or _file_a_photo(root, photos, others)
        or _unknown_labels(others)
        or _one_file(root, photos, others)
        or _results(root, others)
    )


def _sibling_labels(root: Root, names: list[str]) -> str | None:
    for pair in sibling_folders(names):
        labels = [bool(side) and any(one.label for one in side) for side in shown(root, pair)]
        gray = [bool(side) and all(one.values for one in side) for side in shown(root, pair)]
        if labels[1] or (gray[1] and not gray[0]):
            return _describe_siblings(pair)
        if labels[0] or gray[0] != gray[1]:
            return _describe_siblings(pair.turned())
    return None


def _describe_siblings(pair: Siblings) -> str:
    return (
        f"{pair.labels}/ has pictures of the same names as {pair.images}/ ({pair.shared} of "
        f"{pair.total}) that may be their labels"
    )


def _named_labels(root: Root, photos: list[str]) -> str | None:
    """Find folders named as labels whose pictures look like labels, whatever they are called.

    Where all pictures lie in such folders, they are the photos themselves.
    """
    by_folder: defaultdict[str, list[str]] = defaultdict(list)
    for name in photos:
        by_folder[name.rpartition("/")[0]].append(name)
    named = {folder: files for folder, files in by_folder.items() if _names_labels(folder)}
    if len(named) == len(by_folder):
        return None
    for folder, files in sorted(named.items()):
        seen = measure_files([FileRef(str(root.root), name) for name in files], FEW)
        if seen and all(measured.label for measured in seen):
            return f"{folder}/ is named as labels, and its {len(files)} pictures look like labels"
    return None


def _names_labels(folder: str) -> bool:
    kinds = {kind_of(part) for part in folder.split("/")}
    return not kinds <= {None, "image"}


def _suffixed(photos: list[str]) -> str | None:
    stems = {folded(stem_of(name)) for name in photos}
    found = [
        name
        for name in photos
        if (bare := LABEL_SUFFIX.sub("", stem_of(name))) != stem_of(name) and folded(bare) in stems
    ]
    if 4 * len(found) < len(photos) or not found:
        return None
    return f"{len(found)} pictures are named as labels of others ({found[0]})"


def _file_a_photo(root: Root, photos: list[str], others: list[str]) -> str | None:
    stems = {folded(stem_of(name.rpartition("/")[2])) for name in photos}
    by_suffix: defaultdict[str, list[str]] = defaultdict(list)
    for name in others:
        if suffix_of(name) in _LABEL_FILES:
            by_suffix[suffix_of(name)].append(name)
    for suffix, files in sorted(by_suffix.items()):
        beside = [name for name in files if _photo_stems(name.rpartition("/")[2]) & stems]
        if len(beside) >= 2 or (beside and len(photos) == 1):
            if 2 * len(beside) < len(stems) and 2 * len(beside) < len(files):
                continue
            if suffix in _ARRAYS or _speaks(root, beside):
                return f"{len(beside)} {suffix} files have the names of photos ({beside[0]})"
    return None


def _photo_stems(file: str) -> set[str]:
    """Return the stems that a photo of this label file may have (``x.json``, ``x.jpg.json``)."""
    stem = stem_of(file)
    return {folded(one) for one in (stem, stem_of(stem), LABEL_SUFFIX.sub("", stem))}


def _speaks(root: Root, files: list[str]) -> bool:
    """Tell whether most of some files speak of shapes, or hold rows of numbers."""
    some = files[:: max(len(files) // _FEW_FILES, 1)]
    spoken = 0
    for name in some:
        text = _head(root, name)
        lines = [line for line in text.splitlines() if line.strip()]
        rows = bool(lines) and all(_NUMBERS.fullmatch(line) for line in lines[:20])
        spoken += rows or (suffix_of(name) != ".txt" and bool(_SHAPE_WORDS.search(text)))
    return 2 * spoken > len(some)


def _unknown_labels(others: list[str]) -> str | None:
    """Find files of unknown kinds in folders named as labels (``annotations/train.datum``)."""
    for name in others:
        folder, _, file = name.rpartition("/")
        if suffix_of(name) not in _NO_LABELS and not file.startswith(".") and _names_labels(folder):
            return f"{folder}/ is named as labels and holds files of an unknown kind ({name})"
    return None


def _one_file(root: Root, photos: list[str], others: list[str]) -> str | None:
    tables = [name for name in others if suffix_of(name) in _TABLES]
    if not photos or len(tables) > len(photos) // 2 + _FEW_FILES:
        return None
    some = photos[:: max(len(photos) // _FEW_NAMES, 1)]
    for name in tables[:_FEW_FILES]:
        text = _head(root, name)
        named = sum(photo.rpartition("/")[2] in text for photo in some)
        if 2 * named >= min(len(some), max(_names_in(text), 1)) and named and _shapes_in(text):
            return f"{name} names the photos and speaks of shapes"
    return None


def _results(root: Root, others: list[str]) -> str | None:
    """Find a COCO results list: it names no photo, only ids of another file's images."""
    for name in [name for name in others if suffix_of(name) == ".json"][:_FEW_FILES]:
        if _RESULT.match(_head(root, name)):
            return (
                f"{name} is a COCO results list, whose images and categories are in no COCO file "
                "here; put it into the annotations of theirs"
            )
    return None


def _names_in(text: str) -> int:
    """Return how many pictures a text names, about."""
    return Counter(re.findall(r"\.(?:jpe?g|png|webp|tiff?|bmp)\b", text, re.IGNORECASE)).total()


def _shapes_in(text: str) -> bool:
    found = _SHAPE_WORDS.search(text)
    return found is not None and len(re.findall(r"-?\d+(?:\.\d+)?", text)) >= 8


def _head(root: Root, name: str) -> str:
    try:
        with root.open(name) as handle:
            return handle.read(_HEAD_BYTES).decode("utf-8", "replace").replace("\0", "")
    except InputError:
        # A file that cannot be opened says nothing.
        return ""


def refuse_labels(root: Root, names: list[str], known: Iterable[str]) -> None:
    """Refuse a source that would be read as plain photos though something speaks for labels.

    Raises
    ------
    InputError
        Names the evidence and the ways out.
    """
    evidence = label_evidence(root, names)
    if evidence:
        raise InputError(
            f"{root.root}: expected a layout that datakit knows, found photos whose labels it "
            f"cannot place: {evidence}; name two folders with --images-dir A --labels-dir B "
            f"--labels mask|alpha|trimap, the layout with --from ({', '.join(known)}), or read "
            "every picture as a photo with --from photos"
        )
