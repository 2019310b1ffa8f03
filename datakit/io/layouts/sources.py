"""Opening what the user named as SRC: one or several sources, recognised by content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from datakit.errors import InputError
from datakit.io.layouts import READERS
from datakit.io.layouts.annotated import AnnotatedReader
from datakit.io.layouts.base import Item, Reader, ReadSettings, Transparency
from datakit.io.layouts.evidence import refuse_labels
from datakit.io.layouts.image_names import IMAGE_NAME
from datakit.io.layouts.unread import unicode_names, unread_note
from datakit.io.pixels.formats import named_by_content, why_unread
from datakit.io.store.files import Folder, OneFile, RemoteFolder, Root, open_root
from datakit.io.store.standard_input import StandardInput
from datakit.io.store.storage import Location, location
from datakit.records.card import Command
from datakit.records.counts import counted, in_words
from datakit.records.failure import Failure
from datakit.records.labels import merged_map, renumbering

_HEEDED = ("images_dir", "labels_dir", "labels", "annotator", "predictions")
"""Settings that only some layouts heed."""

PHOTOS = "photos"
"""The layout without labels, which is asked last."""


@dataclass(frozen=True, slots=True)
class Collection:
    """One or several sources as one: ids, classes and failures of all.

    Attributes
    ----------
    parts : tuple of (prefix, format name, Reader)
        The prefix keeps names of several sources apart; it is empty for a single one.
    transparency : {"composite", "alpha", "refuse"}
        How transparent images are read.
    """

    parts: tuple[tuple[str, str, Reader], ...]
    transparency: Transparency = "composite"

    def items(self) -> Iterator[Item]:
        """Yield the items of each source in turn."""
        merged = self.label_map
        for prefix, _, reader in self.parts:
            changes = dict(renumbering(reader.label_map, merged))
            for item in reader.items():
                named = item if not prefix else _prefixed(item, prefix)
                if self.transparency != "composite":
                    named = _with_transparency(named, self.transparency)
                yield _renumbered(named, changes) if changes and _in_classes(named) else named

    def __len__(self) -> int:
        return sum(len(reader) for _, _, reader in self.parts)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What could not be read, of all sources."""
        return tuple(failure for _, _, reader in self.parts for failure in reader.failures)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; equal names in several sources are one class."""
        return tuple(dict.fromkeys(name for _, _, part in self.parts for name in part.classes))

    def check_heeded(self, settings: ReadSettings) -> None:
        """Refuse a setting that no source heeds: whoever gave it expects something of it.

        Raises
        ------
        InputError
            Names the option.
        """
        # A layout of another package, which says nothing of it, may heed all of them.
        heeded = {one for _, _, reader in self.parts for one in getattr(reader, "uses", _HEEDED)}
        idle = [one for one in _HEEDED if getattr(settings, one) and one not in heeded]
        if idle:
            layouts = " and ".join(dict.fromkeys(self.formats))
            folders = ", or name both folders with --images-dir and --labels-dir"
            raise InputError(
                f"--{idle[0].replace('_', '-')}: it means nothing to SRC, which is read as "
                f"{layouts}; leave it out"
                + (folders if idle[0] in ("images_dir", "labels") else "")
            )

    @property
    def shared_ids(self) -> tuple[str, ...]:
        """Ids that a source gives to several classes, which only the user can tell apart."""
        readers = (part for _, _, part in self.parts if isinstance(part, AnnotatedReader))
        return tuple(dict.fromkeys(one for reader in readers for one in reader.shared_ids))

    @property
    def commands(self) -> tuple[Command, ...]:
        """The chain of commands of a single datakit dataset; of several, there is no one chain."""
        return self.parts[0][2].commands if len(self.parts) == 1 else ()

    @property
    def label_map(self) -> dict[str, int]:
        """Class name -> value in the masks of all sources; classes of equal names are one."""
        return merged_map(reader.label_map for _, _, reader in self.parts)

    @property
    def notes(self) -> tuple[str, ...]:
        """Choices that were made while reading."""
        notes = [note for _, _, reader in self.parts for note in reader.notes]
        maps = [reader.label_map for _, _, reader in self.parts if reader.label_map]
        if any(one != maps[0] for one in maps):
            shown = ", ".join(f"{name} = {value}" for name, value in self.label_map.items())
            notes.append(f"the sources' label maps differ; their masks were renumbered: {shown}")
        return tuple(dict.fromkeys(notes))

    @property
    def formats(self) -> tuple[str, ...]:
        """The layout of each source."""
        return tuple(name for _, name, _ in self.parts)

    @property
    def read_as(self) -> tuple[str, ...]:
        """One line for each source: its layout, how much it holds, and what is not read."""
        return tuple(
            (f"{prefix}: " if prefix else "")
            + read_as(name, len(reader), reader.labelled, reader.unread)
            for prefix, name, reader in self.parts
        )


@dataclass(frozen=True)
class Derived:
    """Items made of another source's, as a source: its words go with them.

    Attributes
    ----------
    source : Collection
        Where the items come from.
    listed : callable
        Returns them, anew at each call.
    total : int
        How many samples they hold.
    failures : tuple of Failure
    """

    source: Collection
    listed: Callable[[], Iterator[Any]]
    total: int
    failures: tuple[Failure, ...]
    unread: Mapping[str, int] = field(default_factory=dict)

    def collection(self) -> Collection:
        """Return this as a collection of one source."""
        return Collection((("", self.source.formats[0], cast(Reader, self)),))

    def items(self) -> Iterator[Any]:
        """Yield the items."""
        return self.listed()

    def __len__(self) -> int:
        return self.total

    @property
    def labelled(self) -> int:
        """The number of samples that have a label."""
        return sum(item.label_state != "none" for item in self.listed())

    @property
    def classes(self) -> tuple[str, ...]:
        """The source's."""
        return self.source.classes

    @property
    def notes(self) -> tuple[str, ...]:
        """The source's."""
        return self.source.notes

    @property
    def label_map(self) -> Mapping[str, int]:
        """The source's, whose values the items already have."""
        return self.source.label_map

    @property
    def commands(self) -> tuple[Command, ...]:
        """The source's."""
        return self.source.commands


def open_sources(
    paths: Sequence[str],
    *,
    layout: str | None = None,
    settings: ReadSettings = ReadSettings(),  # noqa: B008
) -> Collection:
    """Open sources for reading.

    Parameters
    ----------
    paths : sequence of str
        Folders, .zip files, or single annotation files; local paths or URLs.
    layout : str, optional
        A name in `READERS`; recognised by content when None.
    settings : ReadSettings
        How they are read.

    Raises
    ------
    InputError
        If a path does not exist, is empty, has no layout that is known, or two are the same.
    SchemaError
        If an annotation file or a card is not what it should be.
    """
    if not paths:
        raise InputError("SRC: expected at least one source, got none")
    resolved = [location(path).resolve() for path in paths]
    if len(set(resolved)) < len(resolved):
        raise InputError("SRC: one source is named twice; name each once")
    prefixes = _prefixes(resolved) if len(paths) > 1 else [""]
    parts = tuple(
        (prefix, *_open(path, layout, settings))
        for prefix, path in zip(prefixes, paths, strict=True)
    )
    return Collection(parts, settings.transparency)


def _open(path: str, layout: str | None, settings: ReadSettings) -> tuple[str, Reader]:
    root, listed = opened(path, settings)
    names, failures = unicode_names(listed)
    if not names and not failures:
        raise InputError(f"{path}: expected a dataset, found an empty folder")
    name = layout or ("two-folders" if settings.labels_dir else _recognise(path, root, names))
    reader = READERS.load(name)(root, names, settings)
    reader.failures = (*failures, *reader.failures)
    return name, reader


def opened(path: str, settings: ReadSettings) -> tuple[Root, Iterable[str]]:
    """Open a folder, an archive, or one annotation file with the images of its folder.

    Raises
    ------
    InputError
        If there is no such source.
    """
    if not _names_annotations(path):
        root = open_root(path)
        if isinstance(root, StandardInput):
            return root, [named_by_content("stdin", root.read(path))]
        return root, root.names()
    file = location(path)
    if not file.is_file():
        raise InputError(f"{path}: no such file; check the path")
    folder = Folder(file.parent) if isinstance(file, Path) else RemoteFolder(file.parent)
    beside = () if settings.images_dir else folder.names()
    return folder, [file.name, *(name for name in beside if IMAGE_NAME.search(name))]


def _names_annotations(path: str) -> bool:
    return path.lower().endswith((".json", ".xml", ".csv"))


def claimed_by(root: Root, names: list[str]) -> str | None:
    """Return the layout with labels that a source has by its content; None when it has none."""
    labelled = (name for name in READERS if name != PHOTOS)
    return next((name for name in labelled if READERS.load(name).accepts(root, names)), None)


def _recognise(path: str, root: Root, names: list[str]) -> str:
    if found := claimed_by(root, names):
        return found
    layouts = f"name the layout with --from {'|'.join(READERS)}"
    if _names_annotations(path):
        # The photos beside it, without labels, are not what was asked for.
        raise InputError(f"{path}: expected annotations, found no layout that is known; {layouts}")
    refuse_labels(root, names, READERS)
    if READERS.load(PHOTOS).accepts(root, names):
        return PHOTOS
    note = unread_note([*filter(why_unread, names)])
    if note:
        raise InputError(f"{path}: expected a dataset or photos; {note[0]}")
    if isinstance(root, OneFile):
        raise InputError(
            f"{path}: expected a photo, a .zip archive or annotations (.json, .xml, .csv), "
            f"found a file of another kind; {layouts}"
        )
    listed = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    raise InputError(
        f"{path}: expected a dataset or photos, found {counted(len(names), 'other files')} "
        f"({listed}); {layouts}"
    )


def read_as(layout: str, images: int, labels: int, unread: Mapping[str, int]) -> str:
    """Return one line on what was read of a source and, by suffix, what was not.

    The words are counts, so that a log can be searched for them.

    Examples
    --------
    >>> read_as("voc", 1200, 4, {".txt": 2})
    'read as voc: 1,200 images, 4 labels, not read: 2 .txt'
    """
    found = in_words({"images": images, "labels": labels})
    rest = ", ".join(f"{count:,} {suffix}" for suffix, count in unread.items())
    return f"read as {layout}: {found}, not read: {rest or 'nothing'}"


def _with_transparency(item: Item, transparency: Transparency) -> Item:
    """Return an item whose image's opacity is its alpha (when it has no label), or an error."""
    labelled = item.annotations is not None or any((item.mask, item.alpha, item.trimap))
    alpha = item.image if transparency == "alpha" and not labelled else item.alpha
    return replace(item, transparency=transparency, alpha=alpha)


def _renumbered(item: Item, changes: dict[int, int]) -> Item:
    return replace(item, coding=item.coding.renumbered(changes))


def _in_classes(item: Item) -> bool:
    """Tell whether an item's mask holds classes, not ids of its objects."""
    return item.mask is not None and not (item.sample and item.sample.instances)


def _prefixes(paths: Sequence[Location]) -> list[str]:
    """Return a distinct folder name for each source."""
    names = [path.stem if path.suffix.lower() in (".zip", ".json") else path.name for path in paths]
    count = Counter(names)
    seen: Counter[str] = Counter()
    prefixes = []
    for name in names:
        seen[name] += 1
        prefixes.append(f"{name}-{seen[name]}" if count[name] > 1 else name)
    return prefixes


def _prefixed(item: Item, prefix: str) -> Item:
    return replace(
        item,
        rel=f"{prefix}/{item.rel}",
        stem=f"{prefix}/{item.stem}",
        group=f"{prefix}/{item.group}" if item.group else None,
    )
