"""What every writer of a layout is: facts about it, and bytes for each sample.

A format is one file with one class, and one line in `datakit.io.layouts.WRITERS`. A `FileFormat`
gives the files of one sample; a `ShardFormat` streams many samples into a few large files. Neither
opens a file itself: the task that calls it writes, whole or not at all, so that a format knows
nothing of locks, resuming or storage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, ClassVar, Protocol

import msgspec

from datakit.io.layouts.base import Item
from datakit.records.labels import is_binary

if TYPE_CHECKING:  # arrays are a worker's
    from datakit.io.layouts.picture import Picture


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What people should know of a format; ``datakit export`` says it, and its page too.

    Attributes
    ----------
    reader : str
        Who reads the layout.
    loses : str
        One sentence on what the format cannot carry of a label; empty when it loses nothing.
    tables : tuple of str
        Scratch tables that `FileFormat.write` fills and `FileFormat.finish` reads; each name
        starts with a dot.
    sharded : bool
        It is a `ShardFormat`.
    needs_size : bool
        All samples must have one size: ``--size`` has to be given.
    carries_ignore : bool
        It has a way to mark the unknown regions of an image; else such samples are left out.
    ignore_needs_classes : bool
        It has that word among class indices only: masks of 0 and 255 have no room for it.
    takes_empty : bool
        Its readers take a sample without foreground; else it is left out and counted.
    binary : bool
        Its masks are 0 and 255: they hold neither classes nor objects.
    split_manifests : bool
        Its readers look for a manifest in the folder of each split.
    """

    reader: str
    loses: str = ""
    tables: tuple[str, ...] = ()
    sharded: bool = False
    needs_size: bool = False
    carries_ignore: bool = False
    ignore_needs_classes: bool = False
    takes_empty: bool = True
    binary: bool = False
    split_manifests: bool = False


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is known of the whole set before its first sample is written.

    Attributes
    ----------
    label_map : mapping
        Class name -> value in the masks, of the source's card.
    classes : tuple of str
        The names of what is labelled, for formats that number classes.
    splits : tuple
        The splits that occur, None for samples without one.
    kinds : frozenset of str
        Labels ("mask", "alpha", "trimap") that occur in any sample.
    image_suffix : str
        ".jpg", ".png" … when all images of the source have it (any JPEG is ".jpg"); else ".jpg".
    size_wh : tuple, optional
        The one size of all samples, when it was asked for.
    samples : int
        How many samples the source has.
    instances : bool
        Whether masks hold ids of objects.
    license : str
        The licence that the dataset is published under, an identifier of the Hub or of SPDX.
    notes : tuple of str
        What people must know of the set.
    """

    label_map: Mapping[str, int] = field(default_factory=dict)
    classes: tuple[str, ...] = ("foreground",)
    splits: tuple[str | None, ...] = ()
    kinds: frozenset[str] = frozenset()
    image_suffix: str = ".jpg"
    size_wh: tuple[int, int] | None = None
    samples: int = 0
    instances: bool = False
    license: str = "unknown"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Written:
    """The files of one sample.

    Attributes
    ----------
    files : mapping
        Path in DST -> bytes.
    roles : mapping
        "image", "mask", "alpha", "trimap" -> the file that is it, for datakit's own manifest.
    lines : mapping
        Scratch table -> this sample's line of it, without its end.
    counts : mapping
        What happened on the way (``images encoded again``), summed up in the summary.
    """

    files: Mapping[str, bytes]
    roles: Mapping[str, str]
    lines: Mapping[str, bytes] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


class FileFormat(Protocol):
    """A layout of files: some for each sample, and some that speak of all."""

    FACTS: ClassVar[Facts]

    def __init__(self, settings: Settings) -> None:
        """Know the set; InputError when this format cannot hold it at all."""

    def folder(self, item: Item) -> str | None:
        """Return where a sample goes; None: the layout has no place for it, it is left out."""

    def write(self, picture: Picture) -> Written:
        """Return a sample's files; InputError when the sample cannot be in this format."""

    def finish(
        self, lines: Callable[[str], Iterator[bytes]]
    ) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Yield (path in DST, its bytes in pieces) of files that speak of all samples.

        ``lines`` gives a scratch table's lines in the order of the samples, as often as asked.
        """


class ObjectFormat(FileFormat, Protocol):
    """A layout of annotation files, which a reader of objects reads back.

    Attributes
    ----------
    categories : mapping
        What `Item.categories` is for `annotations`; empty where the layout speaks of names.
    """

    categories: Mapping[str, str]

    def annotations(self, picture: Picture) -> bytes:
        """Return a sample's shapes as its reader keeps them (`Item.annotations`)."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Some samples that go to one place together; an item of work.

    Attributes
    ----------
    split : str
        "train" for samples without a split.
    number, total : int
        Which shard of its split, from 0, and how many there are.
    items : tuple of Item
    """

    split: str
    number: int
    total: int
    items: tuple[Item, ...]

    @property
    def key(self) -> str:
        """The shard's name in journals and failures."""
        return self.split + self.ending

    @property
    def ending(self) -> str:
        """What tells a split's shards apart: ``-00000-of-00004``."""
        return f"-{self.number:05d}-of-{self.total:05d}"


CreateFile = Callable[[str], AbstractContextManager[BinaryIO]]
"""Path in DST -> a handle to write the file to; it appears when the block ends."""


class ShardFormat(Protocol):
    """A layout of a few large files, each made by one worker."""

    FACTS: ClassVar[Facts]
    shard_samples: int
    """Samples per shard, unless the user says otherwise."""

    def __init__(self, settings: Settings) -> None:
        """Know the set; InputError when this format cannot hold it at all."""

    def check(self, picture: Picture) -> None:
        """Refuse a sample that cannot be in this format by an InputError."""

    def write(
        self, shard: Shard, pictures: Iterator[Picture], create: CreateFile
    ) -> Mapping[str, int]:
        """Write a shard's samples, in order, and return what happened on the way, counted.

        ``pictures`` decodes one sample at a time and has left out what cannot be read; it yields
        at least one.
        """

    def finish(self) -> Iterator[tuple[str, Iterable[bytes]]]:
        """Yield (path in DST, its bytes in pieces) of files that speak of all shards."""


def label_map_file(label_map: Mapping[str, int]) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield the file ``label_map.json`` (class name -> value); nothing where there are no classes.

    `datakit.io.layouts.class_names` reads it, and a person can.
    """
    if not is_binary(label_map):
        yield "label_map.json", [msgspec.json.format(msgspec.json.encode(label_map)), b"\n"]
