"""Mattes and masks to compare: found in a dataset or in a plain folder, and decoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from datakit.errors import InputError
from datakit.io.layouts import READERS
from datakit.io.layouts.folders import KIND_OF_FOLDER, is_image
from datakit.io.pixels import images
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
    names = list(root.names())
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
    if len(path.parts) > 1 and path.parts[0].lower() in KIND_OF_FOLDER:
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


def decode_label_alpha(data: bytes, name: str) -> npt.NDArray[np.float32]:
    """Decode a matte from a picture or a ``.npy`` array: (H, W) float32 in [0, 1].

    Arrays may be bool, uint8, uint16 or float; they are never unpickled.

    Raises
    ------
    InputError
        As `datakit.io.pixels.images.decode_alpha`, or if the array is no (H, W) matte.
    """
    if not name.lower().endswith(NUMPY_SUFFIX):
        return images.decode_alpha(data, name)
    array = _decode_numpy(data, name)
    if array.dtype == np.bool_:
        return array.astype(np.float32)
    if array.dtype in (np.uint8, np.uint16):
        return (array / np.float32(np.iinfo(array.dtype).max)).astype(np.float32)
    if array.dtype.kind != "f":
        raise InputError(
            f"{name}: expected bool, uint8, uint16 or float, found {array.dtype}; convert it"
        )
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 1):
        raise InputError(f"{name}: expected values in [0, 1], found {low:g} to {high:g}")
    return array.astype(np.float32)


def decode_label_mask(data: bytes, name: str) -> npt.NDArray[Any]:
    """Decode a mask as stored, from a picture or a ``.npy`` array: (H, W)."""
    if not name.lower().endswith(NUMPY_SUFFIX):
        return images.decode_gray(data, name)
    array = _decode_numpy(data, name)
    return array.astype(np.uint8) if array.dtype == np.bool_ else array


def _decode_numpy(data: bytes, name: str) -> npt.NDArray[Any]:
    try:
        array = np.load(BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise InputError(f"{name}: the array cannot be read ({error})") from None
    if not isinstance(array, np.ndarray):
        raise InputError(f"{name}: expected one array, found an archive of several")
    if array.ndim == 3 and 1 in (array.shape[0], array.shape[2]):
        array = array[0] if array.shape[0] == 1 else array[..., 0]
    if array.ndim != 2 or array.size == 0:
        raise InputError(f"{name}: expected an array of shape (H, W), found {array.shape}")
    return np.ascontiguousarray(array)
