"""Layouts whose labels are pictures: photos and label files, paired by split and name."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from datakit.errors import InputError
from datakit.io.layouts.base import SPLITS, Item, MaskCoding, label_stems, twice
from datakit.io.layouts.class_names import ClassNames
from datakit.io.layouts.label_study import PLAIN, Study, study
from datakit.io.layouts.lineage import source_group
from datakit.io.layouts.unread import unread_note, unread_pictures
from datakit.io.pixels.formats import is_picture, why_unread
from datakit.io.store.files import FileRef, Root
from datakit.records.card import Command
from datakit.records.failure import Failure
from datakit.records.labels import LabelObject, LabelState

_ANY_SPLIT = "\0"

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


@lru_cache(maxsize=4096)
def _is_foreign(suffix: str) -> bool:
    return bool(why_unread(f"x{suffix}"))


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


class PictureReader:
    """What the readers of picture layouts share: placed files gathered into items.

    A label belongs to the image of the same split whose path is the label's without suffix; the
    path with suffix (``x.jpg.png``), a suffix that names a label (``x_mask.png``), letter case and
    the form of Unicode are tried where that finds none.

    Parameters
    ----------
    root : Root
    names : list of str
        All files of the source, for what is not read.
    places : mapping of FileRef to Placement
        Photos and labels, in order.
    own : collection of str
        Further files that the layout reads (names of classes, lists).
    classes : ClassNames, optional
        What the layout calls the classes of its masks.
    fixed : Study, optional
        What the masks hold, where the layout fixes it; they are looked at when None.
    notes : tuple of str
        What the layout has to say.

    Raises
    ------
    InputError
        If there is no image.
    """

    def __init__(
        self,
        root: Root,
        names: list[str],
        places: Mapping[FileRef, Placement],
        *,
        own: Iterable[str] = (),
        classes: ClassNames | None = None,
        fixed: Study | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        images = {ref: place for ref, place in places.items() if place.kind == "image"}
        if not images:
            raise InputError(f"{root.root}: expected photos of this layout, found none")
        labels = {ref: place for ref, place in places.items() if place.kind not in ("image", "")}
        self._images, failures = _unique(images)
        paired = _Pairs(self._images, labels)
        self._labels = paired.labels
        others = _beside(images, (name for name in names if _is_foreign(suffix_of(name))))
        self.failures: tuple[Failure, ...] = (
            *failures,
            *paired.failures,
            *unread_pictures(others),
        )
        self._study = fixed or _studied(labels, classes)
        self.notes: tuple[str, ...] = (*notes, *self._study.notes, *paired.notes)
        self.notes += unread_note(others)
        used = {ref.container or ref.name for ref in places}
        named = {classes.file, *classes.copies} if classes else set()
        self.unread: Mapping[str, int] = unread_of(names, {*used, *own, *named})

    def items(self) -> Iterator[Item]:
        """Yield the pictures in the order of their names."""
        stems = label_stems((place.split, place.rel) for place in self._images.values())
        for (image, place), stem in zip(self._images.items(), stems, strict=True):
            files = self._labels.get(image, {})
            label = files.get(ANY_LABEL)
            kind = self._study.kind
            mask = files.get("mask") or (label if kind == "mask" else None)
            yield Item(
                rel=place.rel,
                stem=stem,
                source_name=image.shown,
                image=image,
                mask=mask,
                alpha=files.get("alpha") or (label if kind == "alpha" else None),
                trimap=files.get("trimap") or (label if kind == "trimap" else None),
                ignore=files.get("ignore"),
                object_ids=files.get("objects"),
                state=place.state,
                split=place.split,
                group=place.group or source_group(place.rel, None),
                coding=self._study.coding if mask else MaskCoding(),
            )

    def __len__(self) -> int:
        return len(self._images)

    @property
    def labelled(self) -> int:
        """The number of images that have a label."""
        return len(self._labels)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of their values."""
        ordered = sorted(self.label_map.items(), key=lambda entry: entry[1])
        return tuple(name for name, value in ordered if value)

    @property
    def label_map(self) -> Mapping[str, int]:
        """Class name -> value in the masks; empty where the masks do not tell."""
        return self._study.label_map

    @staticmethod
    def objects(item: Item, size_wh: tuple[int, int]) -> list[LabelObject]:
        """Return none: the labels are files."""
        return []

    @property
    def commands(self) -> tuple[Command, ...]:
        """None: another tool made it."""
        return ()


def unread_of(names: Iterable[str], used: set[str]) -> dict[str, int]:
    """Count the files that are not used, by suffix (by name without one)."""
    rest = Counter(suffix_of(name) or name.rpartition("/")[2] for name in names if name not in used)
    return dict(sorted(rest.items()))


def _beside(images: Iterable[FileRef], others: Iterable[str]) -> list[str]:
    """Return the files that lie in the folders of images: they were meant to be samples."""
    folders = {ref.name.rpartition("/")[0] for ref in images if not ref.container}
    return [name for name in others if name.rpartition("/")[0] in folders]


def _studied(labels: Mapping[FileRef, Placement], classes: ClassNames | None) -> Study:
    open_kind = [ref for ref, place in labels.items() if place.kind == ANY_LABEL]
    masks = [ref for ref, place in labels.items() if place.kind == "mask"]
    if not open_kind and not masks:
        return PLAIN
    return study(open_kind or masks, classes, kind=None if open_kind else "mask")


def _unique(
    images: Mapping[FileRef, Placement],
) -> tuple[dict[FileRef, Placement], list[Failure]]:
    """Return the images of which no other has the split and the path, and the others' failures."""
    kept: dict[FileRef, Placement] = {}
    failures = []
    keys: set[tuple[str | None, str]] = set()
    for ref, place in images.items():
        if (place.split, place.rel) in keys:
            key = f"{place.split}/{place.rel}" if place.split else place.rel
            failures.append(twice(key, ref.shown))
            continue
        keys.add((place.split, place.rel))
        kept[ref] = place
    return kept, failures


class _Pairs:
    """Which label belongs to which image."""

    def __init__(
        self, images: Mapping[FileRef, Placement], labels: Mapping[FileRef, Placement]
    ) -> None:
        self.labels: dict[FileRef, dict[str, FileRef]] = {}
        self.failures: list[Failure] = []
        self._loosely = 0
        self._images = images
        self._exact: dict[tuple[str | None, str], list[FileRef]] = {}
        for ref, place in images.items():
            key = place.split, place.shared or stem_of(place.rel)
            self._exact.setdefault(key, []).append(ref)
        for ref, place in labels.items():
            self._assign(ref, place)

    @cached_property
    def _loose(self) -> Mapping[tuple[str | None, str], list[FileRef]]:
        """The images by all names that a label may know them by; most sources never ask."""
        found: dict[tuple[str | None, str], list[FileRef]] = {}
        stems = label_stems((place.split, place.rel) for place in self._images.values())
        for (ref, place), stem in zip(self._images.items(), stems, strict=True):
            names = (place.shared or stem_of(place.rel), place.rel, stem)
            for name in {folded(name) for name in names}:
                for split in {place.split, _ANY_SPLIT}:
                    found.setdefault((split, name), []).append(ref)
        return found

    @property
    def notes(self) -> tuple[str, ...]:
        """How labels were found whose names are not quite their photos'."""
        if not self._loosely:
            return ()
        return (
            f"{self._loosely} labels were found by a name that differs from their photo's in "
            "its split, letter case, Unicode form or a suffix like _mask",
        )

    def _assign(self, ref: FileRef, place: Placement) -> None:
        stem = place.shared or stem_of(place.rel)
        found = self._exact.get((place.split, stem), [])
        if not found:
            # A label that no split is named of may belong to a photo of any.
            split = _ANY_SPLIT if place.split is None else place.split
            bare = LABEL_SUFFIX.sub("", stem)
            tries = ((split, folded(one)) for one in (stem, bare, stem_of(bare)))
            found = next((hits for key in tries if (hits := self._loose.get(key))), [])
            self._loosely += bool(found)
        if len(found) != 1:
            self.failures.append(_without_image(ref) if not found else _ambiguous(ref, found))
            return
        mine = self.labels.setdefault(found[0], {})
        other = mine.setdefault(place.kind, ref)
        if other != ref:
            self.failures.append(_second(ref, other))


def folded(name: str) -> str:
    """Return a name without regard to letter case and the form of Unicode."""
    return unicodedata.normalize("NFC", name).casefold()


def _without_image(ref: FileRef) -> Failure:
    return _unpaired(
        ref, "this label has no image of the same stem; add the image or drop the label"
    )


def _ambiguous(ref: FileRef, found: list[FileRef]) -> Failure:
    named = ", ".join(one.shown for one in found[:3])
    return _unpaired(ref, f"this label fits several images ({named}); rename one of them")


def _second(ref: FileRef, other: FileRef) -> Failure:
    return _unpaired(ref, f"the image has another label already, {other.shown}; drop one of them")


def _unpaired(ref: FileRef, error: str) -> Failure:
    return Failure(id=ref.shown, file=ref.shown, step="read", error=error)


def refs_of(root: Root, places: Mapping[str, Placement | None]) -> dict[FileRef, Placement]:
    """Return the files that have a place, as references into their root."""
    return {FileRef(str(root.root), name): place for name, place in places.items() if place}
