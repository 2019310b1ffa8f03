"""Layouts whose labels are objects in annotation files: the images that those files list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

from datakit.errors import InputError
from datakit.io.layouts.base import Item, ReadSettings, label_stems
from datakit.io.layouts.image_names import BY_TAIL, EXACT, ImageNames, placed
from datakit.io.layouts.lineage import source_group
from datakit.io.layouts.spool import Spool
from datakit.io.store.files import FileRef, Root, open_root, safe_name
from datakit.records.card import Command
from datakit.records.failure import Failure

UNLABELLED = -1
"""Place of the shapes of an unlabelled image."""

_LARGEST = 1 << 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An image as an annotation file lists it.

    Attributes
    ----------
    name : str
        The image's name, verbatim.
    file : str
        The annotation file.
    place : int
        Where the reader has its shapes; `UNLABELLED` when it is not labelled.
    id : str
        What the file calls the entry: an id, or its number.
    path : str, optional
        JSON path of the entry.
    folders : tuple of str
        Where the image may lie in the source, in the order in which it is looked for.
    split : str, optional
        When the annotation file says it; else the folders of the image do.
    prefix : str
        What its id begins with, so that several exports in one source do not meet.
    stated_wh : tuple, optional
    shown : bool
        See `datakit.io.layouts.base.Item.shown`.
    true_name : str, optional
        The name of the photo that the image was made from.
    sha256 : str, optional
        Of the image, when the file says it.
    categories : mapping
        See `datakit.io.layouts.base.Item.categories`.
    """

    name: str
    file: str
    place: int = UNLABELLED
    id: str = ""
    path: str | None = None
    folders: tuple[str, ...] = ("",)
    split: str | None = None
    prefix: str = ""
    stated_wh: tuple[int, int] | None = None
    shown: bool = False
    true_name: str | None = None
    sha256: str | None = None
    categories: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Found:
    listed: Listed
    name: str
    """The image's path in the source; what the file says when no file is there."""
    how: str
    split: str | None = None
    rel: str = ""


class AnnotatedReader:
    """What the readers of annotation files share; a layout adds its files and its shapes.

    A subclass sets `layout`, keeps class names in `_classes` and shapes in `_spool` (or gives its
    own `classes` and `text`), gives what is listed to `index`, and reads shapes in `objects`.

    Attributes
    ----------
    failures, notes, unread
        See `datakit.io.layouts.base.Reader`.
    uses : frozenset of str
        Settings of the user's that the layout heeds (`datakit.io.layouts.base.ReadSettings`).
    shared_ids : tuple of str
        Ids of several classes each.
    unfit_for_review : str
        What the source is, in words, where it cannot say what people changed; else empty.
    """

    layout: str = ""
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    shared_ids: tuple[str, ...] = ()
    unfit_for_review: str = ""
    uses: ClassVar[frozenset[str]] = frozenset({"images_dir"})

    def __init__(self, root: Root, names: list[str], settings: ReadSettings) -> None:
        self._images_root = root
        self._folder: str | None = None
        inside = settings.images_dir.strip("/") if settings.images_dir else None
        if inside and any(name.startswith(f"{inside}/") for name in names):
            self._folder = inside
        elif settings.images_dir:
            self._images_root = open_root(settings.images_dir)
        self._names = names
        self._classes: dict[str, None] = {}
        self.images = ImageNames(names if self._images_root is root else self._images_root.names())
        self._found: list[_Found] = []

    def index(self, listed: Iterable[Listed], own: Iterable[str]) -> None:
        """Find the images that are listed, and note what does not fit.

        Parameters
        ----------
        listed : iterable of Listed
        own : iterable of str
            The annotation files, and what else the layout reads.
        """
        failures: list[Failure] = []
        found = [one for entry in listed if (one := self._find(entry, failures))]
        found = list(_each_once(found, failures, self.sense))
        self._found = list(_with_places(found))
        self.failures = (*self.failures, *failures)
        self.notes = (*self.notes, *_how_found(self._found))
        used = {*own, *(one.name for one in self._found)}
        rest = Counter(_suffix(name) for name in self._names if name not in used)
        self.unread: Mapping[str, int] = dict(sorted(rest.items()))

    def items(self) -> Iterator[Item]:
        """Yield the images, in the order in which the files list them."""
        root = str(self._images_root.root)
        stems = label_stems((one.split, one.rel) for one in self._found)
        for one, stem in zip(self._found, stems, strict=True):
            listed = one.listed
            yield Item(
                rel=one.rel,
                stem=stem,
                source_name=one.name,
                image=FileRef(root, one.name),
                split=one.split,
                group=source_group(one.rel, listed.true_name),
                layout=self.layout,
                annotations=None if listed.place == UNLABELLED else self.text(listed),
                categories=listed.categories,
                stated_wh=listed.stated_wh,
                shown=listed.shown,
                listed_as=listed.name,
                listed_sha256=listed.sha256,
            )

    @cached_property
    def _spool(self) -> Spool:
        """What was written of the images' shapes, on the disk until an image is worked on."""
        return Spool()

    def text(self, listed: Listed) -> bytes:
        """Return what the layout wrote of an image's shapes, for `objects` to read."""
        return self._spool[listed.place]

    def sense(self, listed: Listed) -> object:
        """Return the annotations of an image, equal for entries that agree."""
        return None if listed.place == UNLABELLED else self.text(listed)

    def __len__(self) -> int:
        return len(self._found)

    @property
    def labelled(self) -> int:
        """The number of images that somebody labelled."""
        return sum(one.listed.place != UNLABELLED for one in self._found)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, in the order in which the files name them."""
        return tuple(self._classes)

    @property
    def label_map(self) -> dict[str, int]:
        """Empty: the masks are still to be made."""
        return {}

    @property
    def commands(self) -> tuple[Command, ...]:
        """None: another tool made it."""
        return ()

    def _find(self, listed: Listed, failures: list[Failure]) -> _Found | None:
        folders = listed.folders if self._folder is None else (self._folder, *listed.folders)
        name, how = self.images.find(listed.name, folders)
        if name:
            return _Found(listed, name, how)
        if how:
            reason = f"{listed.name}: expected one image of this name, found several ({how})"
            failures.append(_failure(listed, f"{reason}; name the folder with --images-dir"))
            return None
        try:
            # A name that is a path of another machine means a file of this source, or none.
            safe = safe_name(listed.name.replace("\\", "/"))
        except InputError as error:
            failures.append(_failure(listed, str(error)))
            return None
        # The image is not there: its own row says so when it is looked at.
        folder = folders[0]
        return _Found(listed, f"{folder}/{safe}" if folder else safe, EXACT)


def _each_once(
    found: list[_Found], failures: list[Failure], sense: Callable[[Listed], object]
) -> Iterator[_Found]:
    """Yield the images, each once; several entries of one are a failure, unless they say the same.

    Whose name is exactly that of the image comes before those that only resemble it.
    """
    claims: dict[str, list[_Found]] = {}
    for one in found:
        claims.setdefault(one.name, []).append(one)
    for one in found:
        sure = [rival for rival in claims[one.name] if rival.how != BY_TAIL]
        rivals = sure or claims[one.name]
        if one not in rivals:
            failures.append(
                _failure(
                    one.listed,
                    f"{one.listed.name}: expected the image, found only one that another entry "
                    f"names ({one.name}); add the image or drop the entry",
                )
            )
        elif one is not rivals[0]:
            continue
        elif len(rivals) == 1 or len({sense(rival.listed) for rival in rivals}) == 1:
            yield one
        else:
            files = len({rival.listed.file for rival in rivals}) > 1
            ids = " and ".join(
                f"{rival.listed.id} of {rival.listed.file}" if files else rival.listed.id
                for rival in rivals
            )
            failures.append(
                _failure(
                    one.listed,
                    f"{one.name}: expected one entry, found {len(rivals)} ({ids}); gather their "
                    "annotations under one of them",
                )
            )


def _with_places(found: list[_Found]) -> Iterator[_Found]:
    """Give each image its split and its path within it: the whole path where two would be one."""
    whole: set[int] = set()
    while True:
        places = [_place(one, whole=number in whole) for number, one in enumerate(found)]
        count = Counter(places)
        meeting = {n for n, place in enumerate(places) if count[place] > 1} - whole
        if not meeting:
            break
        whole |= meeting
    for one, (split, rel) in zip(found, places, strict=True):
        yield replace(one, split=split, rel=rel)


def _place(one: _Found, *, whole: bool) -> tuple[str | None, str]:
    listed = one.listed
    if whole:
        return listed.split or placed(one.name)[0], one.name
    base = listed.name if one.how == EXACT and one.name.endswith(listed.name) else one.name
    if base != listed.name:
        below = [f"{folder}/" for folder in listed.folders if one.name.startswith(f"{folder}/")]
        base = base[len(max(below, key=len)) :] if below else base
    split, rel = placed(base)
    if listed.split is not None and split not in (None, listed.split):
        rel = base
    return listed.split or split, listed.prefix + rel


def _how_found(found: list[_Found]) -> Iterator[str]:
    ways: dict[str, list[_Found]] = {}
    for one in found:
        if one.how != EXACT:
            ways.setdefault(one.how, []).append(one)
    for how, some in sorted(ways.items()):
        first = some[0]
        yield (
            f"images that were found by {how}: {len(some):,}, {first.listed.name!r} as "
            f"{first.name!r} for one"
        )


def _failure(listed: Listed, error: str) -> Failure:
    return Failure(id=listed.name, file=listed.file, step="read", error=error, path=listed.path)


def _suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition("/")[2].rpartition(".")
    return f".{suffix.lower()}" if dot and stem else name.rpartition("/")[2]


def size_or_none(width: float | None, height: float | None) -> tuple[int, int] | None:
    """Return a stated size in whole pixels, None when it is none.

    A number too large for any picture, infinity too, is a size that no picture has.

    Examples
    --------
    >>> size_or_none(640.0, 480), size_or_none(None, 480), size_or_none(float("inf"), 1)
    ((640, 480), None, (2147483648, 1))
    """
    if not width or not height or not width > 0 or not height > 0:
        return None
    return int(min(width, _LARGEST)), int(min(height, _LARGEST))
