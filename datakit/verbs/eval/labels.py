"""Labels to compare: those of a dataset of any layout, or of a plain folder of label files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from datakit.errors import InputError
from datakit.io.layouts.base import Item, ReadSettings
from datakit.io.layouts.folder_names import kind_of
from datakit.io.layouts.pictures import unread_of
from datakit.io.layouts.placements import is_image
from datakit.io.layouts.sources import claimed_by, open_sources, opened, read_as
from datakit.io.layouts.unread import unicode_names
from datakit.io.store.files import FileRef
from datakit.records.counts import counted
from datakit.records.failure import Failure
from datakit.records.labels import is_binary
from datakit.verbs.shared.plates import SUFFIX, is_plate

Kind = Literal["alpha", "mask", "plate"]

NUMPY_SUFFIX = ".npy"
LABEL_FILES = "label files"
"""What a plain folder of labels is read as."""


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of one source by sample.

    Attributes
    ----------
    path : str
        What the user named.
    items : mapping
        Sample's path without suffix -> its item. In a plain folder of label files, alpha and mask
        are the same file, and there is no image.
    kinds : frozenset of str
        Which of "alpha" and "mask" the layout tells apart; empty for a plain folder.
    label_map : mapping
        Class name -> value in the masks.
    classes : tuple of str
        The classes that the source names.
    failures : tuple of Failure
        What of the source could not be read.
    notes : tuple of str
        As what it was read, and what the reader chose itself.
    """

    path: str
    items: Mapping[str, Item]
    kinds: frozenset[str]
    label_map: Mapping[str, int] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, kind: Kind) -> dict[str, Item]:
        """Return the samples that have a label of a kind; a plate is a picture itself."""
        if kind == "plate":
            return dict(self.items)
        return {key: item for key, item in self.items.items() if kind in kinds_of(item)}

    @property
    def names_classes(self) -> bool:
        """Whether the labels tell several classes apart."""
        return not is_binary(self.label_map) or len(self.classes) > 1


def kinds_of(item: Item) -> frozenset[Kind]:
    """Return the kinds of label that an item has; annotated objects are a mask."""
    found: set[Kind] = set()
    if item.alpha is not None:
        found.add("alpha")
    if item.mask is not None or item.annotations is not None:
        found.add("mask")
    return frozenset(found)


def read_labels(
    path: str,
    layout: str | None = None,
    settings: ReadSettings = ReadSettings(),  # noqa: B008
) -> Labels:
    """Index the labels of a source.

    Parameters
    ----------
    path : str
        A folder, .zip or annotation file of any layout of `datakit.io.layouts` with labels; or a
        folder of pictures and ``.npy`` arrays that are labels themselves.
    layout : str, optional
        A name in `datakit.io.layouts.READERS`; recognised by content when None.
    settings : ReadSettings
        How it is read.

    Raises
    ------
    InputError
        If there are no labels, or two files of one name.
    """
    if layout is None and not settings.labels_dir:
        root, listed = opened(path, settings)
        names, failures = unicode_names(listed)
        if claimed_by(root, names) is None:
            return _of_pictures(path, str(root.root), names, tuple(failures))
    source = open_sources([path], layout=layout, settings=settings)
    items = {}
    for item in source.items():
        items[f"{item.split}/{item.stem}" if item.split else item.stem] = item
    kinds = {kind for item in items.values() for kind in kinds_of(item)}
    if not kinds:
        raise InputError(f"{path}: expected alphas or masks, found images without labels")
    return Labels(
        path=path,
        items=items,
        kinds=frozenset(kinds),
        label_map=source.label_map,
        classes=source.classes,
        failures=source.failures,
        notes=(*source.read_as, *source.notes),
    )


def read_pictures(path: str, *, plates: bool) -> Labels:
    """Index the pictures of a source by the photo's name: plates, or photos of the empty scenes.

    Parameters
    ----------
    path : str
        A dataset that `inpaint` wrote; for photos a source of any layout.
    plates : bool
        Whether they are plates.

    Raises
    ------
    InputError
        If there is no plate.
    """
    source = open_sources([path])
    items = {}
    for item in source.items():
        if plates == is_plate(item):
            stem = item.stem.removesuffix(SUFFIX) if plates else item.stem
            items[f"{item.split}/{stem}" if item.split else stem] = item
    if not items:
        wanted = "plates that `datakit inpaint` wrote" if plates else "photos of the empty scenes"
        raise InputError(f"{path}: expected {wanted}, found none")
    notes = (*source.read_as, *source.notes)
    return Labels(path, items, frozenset(), failures=source.failures, notes=notes)


def _of_pictures(path: str, root: str, names: list[str], failures: tuple[Failure, ...]) -> Labels:
    items: dict[str, Item] = {}
    for name in names:
        if not is_image(name) and PurePosixPath(name).suffix.lower() != NUMPY_SUFFIX:
            continue
        key = _without_kind(PurePosixPath(name).with_suffix("")).as_posix()
        if key in items:
            raise InputError(f"{path}: expected one label for {key}, found two; remove one")
        ref = FileRef(root, name)
        items[key] = Item(rel=name, stem=key, source_name=name, alpha=ref, mask=ref)
    if not items:
        raise InputError(f"{path}: expected mattes or masks (pictures, .npy), found none")
    unread = unread_of(names, {item.source_name for item in items.values()})
    note = read_as(LABEL_FILES, 0, len(items), unread)
    return Labels(path, items, frozenset(), failures=failures, notes=(note,))


def _without_kind(path: PurePosixPath) -> PurePosixPath:
    """Drop a leading folder that only says what kind of label is below."""
    if len(path.parts) > 1 and kind_of(path.parts[0]):
        return PurePosixPath(*path.parts[1:])
    return path


def match_names(pred: Iterable[str], gt: Iterable[str]) -> dict[str, str]:
    """Return truth -> prediction: equal paths, then, of what is left, equal last names.

    Last names are used only where they are unique on both sides, among all that is there.

    Examples
    --------
    >>> match_names(["a", "b"], ["b", "c"])
    {'b': 'b'}
    >>> match_names(["x/a", "x/b"], ["val/a", "val/b"])
    {'val/a': 'x/a', 'val/b': 'x/b'}
    >>> match_names(["train/a", "val/b"], ["train/a", "train/b"])
    {'train/a': 'train/a', 'train/b': 'val/b'}
    """
    pred_keys, gt_keys = list(pred), list(gt)
    equal = set(pred_keys) & set(gt_keys)
    preds, truths = _unique_last_names(pred_keys), _unique_last_names(gt_keys)
    by_name = {key: preds[name] for name, key in truths.items() if name in preds}
    return {
        key: key if key in equal else by_name[key]
        for key in gt_keys
        if key in equal or key in by_name
    }


def moved_note(matched: Mapping[str, str]) -> tuple[str, ...]:
    """Say how many were matched by their last name alone; nothing when none was.

    Examples
    --------
    >>> moved_note({"train/a": "train/a", "train/b": "val/b"})
    ('1 of 2 images was matched by name alone, as it lies in another folder or split',)
    """
    moved = sum(key != other for key, other in matched.items())
    if not moved:
        return ()
    words = (
        "was matched by name alone, as it lies"
        if moved == 1
        else ("were matched by name alone, as they lie")
    )
    total = counted(len(matched), "images")
    return (f"{moved:,} of {total} {words} in another folder or split",)


def _unique_last_names(keys: list[str]) -> dict[str, str]:
    names = [PurePosixPath(key).name for key in keys]
    count = Counter(names)
    return {name: key for name, key in zip(names, keys, strict=True) if count[name] == 1}
