"""Which label belongs to which photo, where both are pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from datakit.io.layouts.base import label_stems
from datakit.io.layouts.placements import (
    ANY_LABEL,
    LABEL_SUFFIX,
    Placement,
    file_stem,
    folded,
    stem_of,
)
from datakit.io.store.files import FileRef
from datakit.records.failure import Failure

_ANY_SPLIT = "\0"


class Pairs:
    """Which label belongs to which image.

    Parameters
    ----------
    images, labels : mapping of FileRef to Placement

    Attributes
    ----------
    labels : dict
        Image -> kind of label -> the one file of it; several are none.
    failures : list of Failure
        Labels without an image, or with others of their kind.
    unplaced : list of FileRef
        Labels without an image.
    """

    def __init__(
        self, images: Mapping[FileRef, Placement], labels: Mapping[FileRef, Placement]
    ) -> None:
        self.labels: dict[FileRef, dict[str, FileRef]] = {}
        self.failures: list[Failure] = []
        self.unplaced: list[FileRef] = []
        self._loosely = 0
        self._by_name = 0
        self._contested: set[tuple[FileRef, str]] = set()
        self._images = images
        self._exact: dict[tuple[str | None, str], list[FileRef]] = {}
        for ref, place in images.items():
            key = place.split, place.shared or stem_of(place.rel)
            self._exact.setdefault(key, []).append(ref)
        for ref, place in labels.items():
            self._assign(ref, place)
        if labels and not self.labels:
            self._pair_by_name(labels)
        for image, kind in self._contested:
            self._drop(image, kind)

    def settle(self, kind: str) -> None:
        """Take labels of which only the content tells as ``kind``; images have one label of it."""
        for image, files in list(self.labels.items()):
            if ANY_LABEL in files and kind in files:
                self.failures.append(_second(files[kind], files[ANY_LABEL]))
                self._drop(image, ANY_LABEL)
                self._drop(image, kind)

    def _drop(self, image: FileRef, kind: str) -> None:
        """Leave an image without a label of a kind: which of several is meant, nobody says."""
        del self.labels[image][kind]
        if not self.labels[image]:
            del self.labels[image]

    def _pair_by_name(self, labels: Mapping[FileRef, Placement]) -> None:
        """Pair what has one file name that no other has, where no path fits at all."""
        images = _once((file_stem(place.rel), ref) for ref, place in self._images.items())
        names = ((f"{place.kind}/{file_stem(place.rel)}", ref) for ref, place in labels.items())
        found = _once(names)
        for key, ref in found.items():
            kind, _, stem = key.partition("/")
            if image := images.get(stem):
                self.labels.setdefault(image, {})[kind] = ref
                self._by_name += 1
        paired = {ref.shown for files in self.labels.values() for ref in files.values()}
        self.failures = [one for one in self.failures if one.id not in paired]
        self.unplaced = [ref for ref in self.unplaced if ref.shown not in paired]

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
        if self._by_name:
            return (
                f"{self._by_name} labels were found by the name of their file alone: no folder of "
                "theirs is one of their photos'",
            )
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
            if not found:
                self.unplaced.append(ref)
            self.failures.append(_without_image(ref) if not found else _ambiguous(ref, found))
            return
        mine = self.labels.setdefault(found[0], {})
        other = mine.setdefault(place.kind, ref)
        if other != ref:
            self.failures.append(_second(ref, other))
            self._contested.add((found[0], place.kind))


def _once(named: Iterable[tuple[str, FileRef]]) -> dict[str, FileRef]:
    """Return the files whose name no other one has."""
    found: dict[str, list[FileRef]] = {}
    for name, ref in named:
        found.setdefault(name, []).append(ref)
    return {name: refs[0] for name, refs in found.items() if len(refs) == 1}


def _without_image(ref: FileRef) -> Failure:
    return _unpaired(
        ref, "this label has no image of the same stem; add the image or drop the label"
    )


def _ambiguous(ref: FileRef, found: list[FileRef]) -> Failure:
    named = ", ".join(one.shown for one in found[:3])
    return _unpaired(ref, f"this label fits several images ({named}); rename one of them")


def _second(ref: FileRef, other: FileRef) -> Failure:
    return _unpaired(
        ref,
        f"the image has another label, {other.shown}; drop one of them, or name the folder that "
        "counts with --labels-dir",
    )


def _unpaired(ref: FileRef, error: str) -> Failure:
    return Failure(id=ref.shown, file=ref.shown, step="read", error=error)
