"""What every reader gives: items in a stable order, and what it could not read."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal, Protocol

import msgspec

from datakit.io.store.files import FileRef, Root
from datakit.records.card import Command
from datakit.records.failure import Failure
from datakit.records.labels import LabelObject, LabelState
from datakit.records.sample import Operation, Sample, Source

SPLITS: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "valid": "val",
    "validation": "val",
    "val": "val",
    "test": "test",
    "testing": "test",
}
"""Folder names that mean a split, and the split's name in a manifest."""


Transparency = Literal["composite", "alpha", "refuse"]

FILE_NAMES = (
    "file_name",
    "mask_file_name",
    "alpha_file_name",
    "trimap_file_name",
    "ignore_file_name",
)
"""Fields of a row that name files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskCoding:
    """How a mask file says classes, where its values are not those of the label map.

    Attributes
    ----------
    values : tuple of (int, int)
        Value in the file -> value in the label map; others stay.
    colours : tuple of ((int, int, int), int)
        RGB colour in the file -> value in the label map; a colour that is not here is a failure.
    ignored : tuple of int
        Values (after both of the above) of unknown pixels; they become 0.
    """

    values: tuple[tuple[int, int], ...] = ()
    colours: tuple[tuple[tuple[int, int, int], int], ...] = ()
    ignored: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.values or self.colours or self.ignored)

    def renumbered(self, changes: Mapping[int, int]) -> MaskCoding:
        """Return this coding followed by a change of the label map's values.

        Examples
        --------
        >>> MaskCoding(values=((7, 1),)).renumbered({1: 2, 3: 4}).values
        ((7, 2), (1, 2), (3, 4))
        """
        if not changes:
            return self
        own = {old: changes.get(new, new) for old, new in self.values}
        rest = {} if self.colours else {o: n for o, n in changes.items() if o not in own}
        colours = tuple((colour, changes.get(value, value)) for colour, value in self.colours)
        return MaskCoding(
            values=tuple({**own, **rest}.items()), colours=colours, ignored=self.ignored
        )


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
    layout : str
        Name of the layout that reads `annotations` (see `Reader.objects`).
    annotations : bytes, optional
        What the layout wrote of this image's objects, verbatim; None when it is not labelled.
    categories : mapping
        The layout's class ids -> class names, where its annotations speak of ids; several names
        where one id was given to several classes.
    stated_wh : tuple, optional
        The size that the annotations speak of.
    shown : bool
        Shapes are shares of the picture as it is shown, multiplied by `stated_wh`, whichever view
        of an EXIF-turned photo that is.
    listed_as, listed_sha256 : str, optional
        What the annotation file calls the image, and the sha256 that it states of it.
    coding : MaskCoding
        How the mask file says classes.
    object_ids : FileRef, optional
        A picture of the ids of objects, where the mask holds classes.
    state : {"complete", "partial", "none"}, optional
        What is known of the image, where the source says it.
    transparency : {"composite", "alpha", "refuse"}
        How the image is decoded where it is transparent (`ReadSettings`).
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
    ignore: FileRef | None = None
    split: str | None = None
    group: str | None = None
    layout: str = ""
    annotations: bytes | None = None
    categories: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    stated_wh: tuple[int, int] | None = None
    shown: bool = False
    listed_as: str = ""
    listed_sha256: str | None = None
    coding: MaskCoding = MaskCoding()
    object_ids: FileRef | None = None
    state: LabelState | None = None
    transparency: Transparency = "composite"
    sample: Sample | None = None

    @property
    def key(self) -> str:
        """The sample's id: ``SPLIT/rel``, or ``rel`` when there are no splits."""
        return f"{self.split}/{self.rel}" if self.split else self.rel

    @property
    def label_state(self) -> LabelState:
        """What is known of the image before its objects are looked at."""
        if self.sample is not None and self.sample.label_state is not None:
            return self.sample.label_state
        if self.state is not None:
            return self.state
        labelled = self.annotations is not None or any((self.mask, self.alpha, self.trimap))
        return "complete" if labelled else "none"

    def place(self, kind: str, suffix: str | None = None) -> str:
        """Return where a file of this sample goes in a dataset: ``SPLIT/kind/stem+suffix``.

        Without a suffix the image's own name is kept.
        """
        name = self.rel if suffix is None else self.stem + suffix
        return f"{self.split}/{kind}/{name}" if self.split else f"{kind}/{name}"

    def describe(
        self, width: int, height: int, sha256: str | None, step: Operation | None = None
    ) -> Sample:
        """Return the row that a sample made of this one has: all that is known, and the new step.

        Only the names of files are left out: whoever writes a file says where it went. A verb
        whose purpose is to change a label replaces what it changed.
        """
        before = self.sample
        if before is None:
            return Sample(
                id=self.key,
                width=width,
                height=height,
                split=self.split,
                group=self.group,
                source=Source(name=self.source_name, sha256=sha256),
                label_state=self.label_state,
                history=() if step is None else (step,),
            )
        return msgspec.structs.replace(
            before,
            id=self.key,
            width=width,
            height=height,
            split=self.split,
            group=self.group,
            label_state=self.label_state,
            history=before.history if step is None else (*before.history, step),
            **dict.fromkeys(FILE_NAMES),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSettings:
    """How a user wants a source to be read.

    Attributes
    ----------
    images_dir, labels_dir : str, optional
        Folders of the images and of the labels, where the layout does not tell: in the source, or
        elsewhere.
    labels : {"mask", "alpha", "trimap"}, optional
        What the files of ``labels_dir`` are.
    annotator : str, optional
        Whose annotations count where several people annotated an image: a name, ``last``, or
        ``agree`` (only where all say the same).
    predictions : bool
        Read a model's predictions in an annotation file as if they were labels.
    transparency : {"composite", "alpha", "refuse"}
        What the opacity of a photo is: nothing, its alpha where it has no label, or an error.
    """

    images_dir: str | None = None
    labels_dir: str | None = None
    labels: str | None = None
    annotator: str | None = None
    predictions: bool = False
    transparency: Transparency = "composite"


class Reader(Protocol):
    """A layout that datakit reads. Building it indexes the source; items are then cheap."""

    failures: tuple[Failure, ...]
    """What is wrong before any sample is looked at (two images of one name, a path outside)."""

    notes: tuple[str, ...]
    """Choices that the reader made itself, and how images were found: for card and summary."""

    unread: Mapping[str, int]
    """Suffix -> number of files of the source that this layout has no use for."""

    @staticmethod
    def accepts(root: Root, names: list[str]) -> bool:
        """Tell by content whether the source has this layout."""

    def __init__(
        self, root: Root, names: list[str], settings: ReadSettings = ReadSettings()
    ) -> None:
        """Index a source; InputError when it cannot be read at all."""

    def items(self) -> Iterator[Item]:
        """Yield the samples, in an order that depends on the source alone."""

    def __len__(self) -> int:
        """Return the number of samples."""

    @property
    def labelled(self) -> int:
        """The number of samples that have a label."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of their values in the masks, from 1."""

    @property
    def label_map(self) -> Mapping[str, int]:
        """Class name -> value in the mask files; empty when there are none or nobody says."""

    @property
    def commands(self) -> tuple[Command, ...]:
        """The commands that made the source, when it is a datakit dataset."""

    @staticmethod
    def objects(item: Item, size_wh: tuple[int, int]) -> Iterable[LabelObject]:
        """Return the objects of an item's `annotations`, in pixels of a picture of ``size_wh``.

        This is a worker's part: it parses. What cannot be read of one object is that object's
        ``problem``. A layout whose labels are files gives none.

        Raises
        ------
        InputError
            If the annotations of this image cannot be read at all.
        """


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
