"""Layouts whose labels are pictures: photos and label files, paired by split and name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import ClassVar

from datakit.errors import InputError
from datakit.io.layouts.base import Item, MaskCoding, label_stems, twice
from datakit.io.layouts.class_names import ClassNames
from datakit.io.layouts.label_study import PLAIN, Study, study
from datakit.io.layouts.lineage import source_group
from datakit.io.layouts.picture_pairs import Pairs
from datakit.io.layouts.placements import ANY_LABEL, Placement, suffix_of
from datakit.io.layouts.unread import unread_note, unread_pictures
from datakit.io.pixels.formats import why_unread
from datakit.io.store.files import FileRef, Root
from datakit.records.card import Command
from datakit.records.failure import Failure
from datakit.records.labels import LabelObject


@lru_cache(maxsize=4096)
def _is_foreign(suffix: str) -> bool:
    return bool(why_unread(f"x{suffix}"))


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

    uses: ClassVar[frozenset[str]] = frozenset()

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
        paired = Pairs(self._images, labels)
        if len(labels) > 1 and len(paired.unplaced) == len(labels):
            first, photo = paired.unplaced[0], next(iter(images))
            raise InputError(
                f"{root.root}: expected labels named as their photos, found none: {first.shown} is "
                f"one of {len(labels)} labels, {photo.shown} one of {len(images)} photos; rename "
                "them, or read the photos alone with --from photos"
            )
        self._labels = paired.labels
        self._study = fixed or _studied(labels, classes)
        paired.settle(self._study.kind)
        others = _beside(images, (name for name in names if _is_foreign(suffix_of(name))))
        self.failures: tuple[Failure, ...] = (
            *failures,
            *paired.failures,
            *unread_pictures(others),
        )
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


def refs_of(root: Root, places: Mapping[str, Placement | None]) -> dict[FileRef, Placement]:
    """Return the files that have a place, as references into their root."""
    return {FileRef(str(root.root), name): place for name, place in places.items() if place}
