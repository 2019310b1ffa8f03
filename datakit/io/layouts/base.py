"""What every reader gives: items in a stable order, and what it could not read."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol

from datakit.io.store.files import FileRef, Root
from datakit.records.card import Command
from datakit.records.failure import Failure
from datakit.records.sample import Operation, Sample, Source

SPLITS: Mapping[str, str] = {
    "train": "train",
    "valid": "val",
    "validation": "val",
    "val": "val",
    "test": "test",
}
"""Folder names that mean a split, and the split's name in a manifest."""


@dataclass(frozen=True, slots=True)
class Item:
    """One sample of a source: where its files are and what the source says of it.

    Attributes
    ----------
    rel : str
        Path of the image within its split, with ``/``; keeps the source's sub-folders.
    stem : str
        ``rel`` without its suffix, or with it where two images would share a label's name.
    source_name : str
        The image's path in the source.
    annotations : bytes
        COCO: a JSON array of this image's annotations, verbatim.
    categories : mapping
        COCO: category id -> class name, of this image's annotation file.
    stated_wh : tuple, optional
        The size that the annotations speak of.
    sample : Sample, optional
        The row of the manifest when the source is a datakit dataset.
    """

    rel: str
    stem: str
    source_name: str
    image: FileRef | None = None
    mask: FileRef | None = None
    alpha: FileRef | None = None
    trimap: FileRef | None = None
    split: str | None = None
    group: str | None = None
    annotations: bytes = b""
    categories: Mapping[str, str] = field(default_factory=dict)
    stated_wh: tuple[int, int] | None = None
    sample: Sample | None = None

    @property
    def key(self) -> str:
        """The sample's id: ``SPLIT/rel``, or ``rel`` when there are no splits."""
        return f"{self.split}/{self.rel}" if self.split else self.rel

    def place(self, kind: str, suffix: str | None = None) -> str:
        """Return where a file of this sample goes in a dataset: ``SPLIT/kind/stem+suffix``.

        Without a suffix the image's own name is kept.
        """
        name = self.rel if suffix is None else self.stem + suffix
        return f"{self.split}/{kind}/{name}" if self.split else f"{kind}/{name}"

    def describe(
        self, width: int, height: int, sha256: str | None, step: Operation | None = None
    ) -> Sample:
        """Return a manifest row without labels: what the source says, and the new step."""
        before = self.sample
        history = before.history if before else ()
        return Sample(
            id=self.key,
            width=width,
            height=height,
            split=self.split,
            group=self.group,
            parent=before.parent if before else None,
            source=before.source if before else Source(name=self.source_name, sha256=sha256),
            tags=before.tags if before else (),
            history=history if step is None else (*history, step),
        )


class Reader(Protocol):
    """A layout that datakit reads. Building it indexes the source; items are then cheap."""

    failures: tuple[Failure, ...]
    """What is wrong before any sample is looked at (two images of one name, a path outside)."""

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell by content whether the source has this layout."""

    def __init__(self, root: Root, names: list[str]) -> None:
        """Index a source; InputError when it cannot be read at all."""

    def items(self) -> Iterator[Item]:
        """Yield the samples, in an order that depends on the source alone."""

    def __len__(self) -> int:
        """Return the number of samples."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of their values in the masks, from 1."""

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands that made the source, when it is a datakit dataset."""


def label_stems(places: Iterable[tuple[str | None, str]]) -> list[str]:
    """Return the stem that the labels of each image take; no two of one split are equal.

    The image's path without its suffix, or with it where two images would clash. Upper and lower
    case clash too: some file systems do not tell them apart.

    Parameters
    ----------
    places : iterable of (split, path within the split)

    Examples
    --------
    >>> label_stems([(None, "a/x.jpg"), (None, "a/x.png"), (None, "b/x.jpg"), ("val", "a/x.jpg")])
    ['a/x_jpg', 'a/x_png', 'b/x', 'a/x']
    """
    # Plain text, not PurePosixPath: a million names take 2 s instead of 30. No tuples, and one
    # text for a stem and its key where it is lower case already: this is the driver's peak.
    splits: list[str | None] = []
    stems: list[str] = []
    suffixes: list[str] = []
    count: dict[str | None, Counter[str]] = {}
    for split, rel in places:
        stem, suffix = _parts(rel)
        splits.append(split)
        stems.append(stem)
        suffixes.append(sys.intern(suffix))
        count.setdefault(split, Counter())[_folded(stem)] += 1
    taken: dict[str | None, set[str]] = {}
    for row, (split, stem) in enumerate(zip(splits, stems, strict=True)):
        if count[split][_folded(stem)] == 1:
            continue
        new = long = f"{stem}_{suffixes[row]}"
        number = 2
        mine = taken.setdefault(split, set())
        while count[split].get(new.casefold()) == 1 or new.casefold() in mine:
            new, number = f"{long}_{number}", number + 1
        mine.add(new.casefold())
        stems[row] = new
    return stems


def _folded(stem: str) -> str:
    folded = stem.casefold()
    return stem if folded == stem else folded


def _parts(rel: str) -> tuple[str, str]:
    """Return a path without its suffix, and the suffix without its dot."""
    stem, dot, suffix = rel.rpartition(".")
    if not dot or not suffix or "/" in suffix or stem.endswith("/") or not stem:
        return rel, ""
    return stem, suffix


def twice(name: str, file: str, path: str | None = None) -> Failure:
    """Return the failure of an image whose place in the dataset another one has."""
    return Failure(
        id=name,
        file=file,
        step="read",
        error=f"file name {name!r}: two images have it; the second is left out",
        path=path,
    )


def split_of(folder: PurePosixPath) -> tuple[str | None, PurePosixPath]:
    """Return the split that a folder's last part names, and the rest of the path.

    Examples
    --------
    >>> split_of(PurePosixPath("export/valid"))
    ('val', PurePosixPath('export'))
    """
    split = SPLITS.get(folder.name.lower())
    return (split, folder.parent) if split else (None, folder)
