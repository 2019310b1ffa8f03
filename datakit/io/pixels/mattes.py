"""Mattes and masks to compare: found in a dataset or in a plain folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from datakit.errors import InputError
from datakit.io.layouts import READERS
from datakit.io.layouts.images_masks import kind_of
from datakit.io.layouts.pictures import is_image
from datakit.io.layouts.unread import unicode_names
from datakit.io.store.files import FileRef, Root, open_root
from datakit.records.sample import SYNTHETIC

Kind = Literal["alpha", "mask"]

NUMPY_SUFFIX = ".npy"


@dataclass(frozen=True, slots=True)
class LabelFiles:
    """The label files of one sample.

    Attributes
    ----------
    alpha, mask, trimap, ignore : FileRef, optional
        In a plain folder of mattes alpha and mask are the same file.
    synthetic : bool
        The alpha was computed from a mask: no ground truth.
    """

    alpha: FileRef | None = None
    mask: FileRef | None = None
    trimap: FileRef | None = None
    ignore: FileRef | None = None
    synthetic: bool = False

    def of(self, kind: Kind) -> FileRef | None:
        """Return the file of a kind."""
        return self.alpha if kind == "alpha" else self.mask


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of one source by sample.

    Attributes
    ----------
    files : mapping
        Sample's path without suffix -> its label files.
    kinds : frozenset of str
        Which of "alpha" and "mask" its layout tells apart; empty for a plain folder.
    """

    files: Mapping[str, LabelFiles]
    kinds: frozenset[str]


def read_labels(path: str) -> Labels:
    """Index the alphas and masks of a dataset, of image/label folders, or of a folder of labels.

    Parameters
    ----------
    path : str
        A folder or .zip: any layout of `datakit.io.layouts` with labels, or pictures and
        ``.npy`` arrays that are labels themselves.

    Raises
    ------
    InputError
        If there are no labels, or two files of one name.
    """
    root = open_root(path)
    names, _ = unicode_names(root.names())
    for name in READERS:
        if name in ("photos", "coco"):
            continue
        reader = READERS.load(name)
        if reader.accepts(root, names):
            return _of_items(path, reader(root, names).items())
    return _of_pictures(path, root, names)


def _of_items(path: str, items: Iterable[Any]) -> Labels:
    files = {}
    for item in items:
        tags = item.sample.tags if item.sample else ()
        key = f"{item.split}/{item.stem}" if item.split else item.stem
        files[key] = LabelFiles(item.alpha, item.mask, item.trimap, item.ignore, SYNTHETIC in tags)
    kinds = {kind for label in files.values() for kind in ("alpha", "mask") if getattr(label, kind)}
    if not kinds:
        raise InputError(f"{path}: expected alphas or masks, found images without labels")
    return Labels(files, frozenset(kinds))


def _of_pictures(path: str, root: Root, names: list[str]) -> Labels:
    files: dict[str, LabelFiles] = {}
    for name in names:
        if not is_image(name) and PurePosixPath(name).suffix.lower() != NUMPY_SUFFIX:
            continue
        key = _without_kind(PurePosixPath(name).with_suffix("")).as_posix()
        if key in files:
            raise InputError(f"{path}: expected one label for {key}, found two; remove one")
        ref = FileRef(str(root.root), name)
        files[key] = LabelFiles(alpha=ref, mask=ref)
    if not files:
        raise InputError(f"{path}: expected mattes or masks (pictures, .npy), found none")
    return Labels(files, frozenset())


def _without_kind(path: PurePosixPath) -> PurePosixPath:
    """Drop a leading folder that only says what kind of label is below."""
    if len(path.parts) > 1 and kind_of(path.parts[0]):
        return PurePosixPath(*path.parts[1:])
    return path


def match_names(pred: Iterable[str], gt: Iterable[str]) -> dict[str, str]:
    """Return truth -> prediction: equal paths, or equal last names where no path is equal.

    Last names are used only where they are unique on both sides.

    Examples
    --------
    >>> match_names(["a", "b"], ["b", "c"])
    {'b': 'b'}
    >>> match_names(["x/a", "x/b"], ["val/a", "val/b"])
    {'val/a': 'x/a', 'val/b': 'x/b'}
    """
    pred_keys, gt_keys = list(pred), list(gt)
    equal = set(pred_keys) & set(gt_keys)
    if equal:
        return {key: key for key in gt_keys if key in equal}
    by_name = _unique_last_names(pred_keys)
    return {
        key: by_name[name] for name, key in _unique_last_names(gt_keys).items() if name in by_name
    }


def _unique_last_names(keys: list[str]) -> dict[str, str]:
    names = [PurePosixPath(key).name for key in keys]
    count = Counter(names)
    return {name: key for name, key in zip(names, keys, strict=True) if count[name] == 1}
