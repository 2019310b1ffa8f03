"""A sample's image and labels as arrays, read from a source and written to a dataset."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.masks.values import values_in
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import decode_label, is_coded, label_files
from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_photo
from datakit.io.store import atomic
from datakit.io.store.files import FileRef
from datakit.io.store.storage import location
from datakit.records.product import Loss
from datakit.records.sample import Instance
from datakit.verbs.shared.plates import beside, plate_files

FOLDERS = {
    "image": "images",
    "mask": "masks",
    "alpha": "alphas",
    "trimap": "trimaps",
    "ignore": "ignores",
}
"""Kind of file -> its folder in a dataset."""

_HALF_OPAQUE = 0.5


@dataclass(frozen=True)
class Labelled:
    """One sample, decoded.

    Attributes
    ----------
    image : (H, W, 3) uint8 RGB
    mask : (H, W) uint8 or uint16, optional
        As stored: 0/255, classes or object ids.
    alpha : (H, W) float32 in [0, 1], optional
    trimap : (H, W) uint8, optional
    ignore : (H, W) uint8, optional
        255 where the label is unknown, else 0.
    alpha_max : int
        255 or 65535: the depth in which the alpha was stored and will be again.
    """

    image: npt.NDArray[np.uint8]
    mask: npt.NDArray[Any] | None = None
    alpha: npt.NDArray[np.float32] | None = None
    trimap: npt.NDArray[np.uint8] | None = None
    ignore: npt.NDArray[np.uint8] | None = None
    alpha_max: int = 255

    @cached_property
    def stored_alpha(self) -> npt.NDArray[Any] | None:
        """The alpha in 8 or 16 bits, as it goes to a file."""
        return None if self.alpha is None else _as_stored(self.alpha, self.alpha_max)

    @cached_property
    def fg_ratio(self) -> float | None:
        """The share of foreground; None without a label."""
        if self.stored_alpha is not None:
            return round(float(cv2.mean(self.stored_alpha)[0]) / self.alpha_max, 6)
        if self.mask is not None:
            return round(cv2.countNonZero(self.mask) / self.mask.size, 6)
        return None


def read_labelled(item: Item, image: bytes) -> Labelled:
    """Decode a sample's labels beside the bytes of its image.

    Raises
    ------
    InputError
        If a file cannot be decoded, or a label has another size than the image.
    """
    pixels = decode_photo(image, item.source_name, transparency=item.transparency)
    labels = {kind: decode_label(item, kind, ref) for kind, ref in label_files(item).items()}
    for kind, label in labels.items():
        if label.shape != pixels.shape[:2]:
            raise InputError(
                f"{item.source_name}: its {kind} has {_size(label)} pixels, expected the image's "
                f"{_size(pixels)}; one of the two was resized or turned, or belongs elsewhere"
            )
    alpha, alpha_max = _as_float(labels.get("alpha"))
    found = {kind: labels.get(kind) for kind in ("mask", "trimap", "ignore")}
    return Labelled(pixels, alpha=alpha, alpha_max=alpha_max, **found)


def loss_of(before: npt.NDArray[Any] | None, after: npt.NDArray[Any] | None) -> Loss | None:
    """Return what a label has lost on its way to another size; None for nothing.

    Parameters
    ----------
    before, after : (H, W) uint8 or uint16 mask, or float32 alpha in [0, 1], optional
        Of an alpha, what is at least half opaque is foreground.

    Examples
    --------
    >>> loss_of(np.uint8([[0, 255], [0, 0]]), np.uint8([[0]]))
    'foreground'
    >>> loss_of(np.uint8([[1, 2], [2, 2]]), np.uint8([[2]]))
    'part'
    >>> loss_of(np.float32([[0, 0]]), np.float32([[0]])) is None
    True
    """
    if before is None or after is None:
        return None
    gone = _values_shown(before) - (left := _values_shown(after))
    if not gone:
        return None
    return "part" if left else "foreground"


def _values_shown(label: npt.NDArray[Any]) -> set[int]:
    if label.dtype.kind == "f":
        return {1} if label.max(initial=0) >= _HALF_OPAQUE else set()
    return set(values_in(label)) - {0}


def visible_instances(
    instances: tuple[Instance, ...], mask: npt.NDArray[Any] | None
) -> tuple[Instance, ...]:
    """Return the objects that an (H, W) mask of object ids still shows, with their areas in it."""
    if not instances or mask is None:
        return ()
    areas = np.bincount(mask.ravel(), minlength=max(found.id for found in instances) + 1)
    return tuple(
        msgspec.structs.replace(found, area=int(areas[found.id]))
        for found in instances
        if areas[found.id]
    )


def write_labelled(
    out: str, item: Item, sample: Labelled, image: bytes | None = None
) -> tuple[dict[str, str], dict[str, int], bytes]:
    """Write image and labels to where the item's name puts them.

    Parameters
    ----------
    out, item, sample : str, Item, Labelled
        Where to, under which name, and what.
    image : bytes, optional
        The image's file when its pixels are as they were; it is encoded anew when None.

    Returns
    -------
    names : dict
        ``file_name``, ``mask_file_name`` … of what was written, for the manifest.
    files : dict
        File -> bytes.
    image : bytes
        The image's file.
    """
    arrays = {
        "image": sample.image,
        "mask": sample.mask,
        "alpha": sample.stored_alpha,
        "trimap": sample.trimap,
        "ignore": sample.ignore,
    }
    blobs: dict[str, tuple[str, bytes]] = {}
    for kind, array in arrays.items():
        if array is None:
            continue
        if kind == "image":
            suffix = images.written_suffix(item.rel)
            data = images.encode_like(array, suffix) if image is None else image
            kept = image is not None or item.rel.lower().endswith(suffix)
            blobs[kind] = (item.place("images", None if kept else suffix), data)
        else:
            blobs[kind] = (item.place(FOLDERS[kind], ".png"), images.encode_png(array))
    return (*_write(out, blobs), blobs["image"][1])


def carry_files(
    out: str, item: Item, image: bytes, leave_out: Collection[str] = ()
) -> tuple[dict[str, str], dict[str, int]]:
    """Write the source's files byte for byte, but for some kinds of label that are made anew.

    Returns their names and sizes, as `write_labelled`.
    """
    blobs = {"image": (item.place("images"), image)}
    for kind, ref in label_files(item).items():
        if kind in leave_out:
            continue
        blobs[kind] = carried_name(item, kind, ref), carried_bytes(item, kind, ref)
    names, files = _write(out, blobs)
    for folder, ref in plate_files(item).items():
        name, data = beside(names["file_name"], folder), ref.read()
        atomic.write_bytes(location(out, name), data)
        files[name] = len(data)
    return names, files


def carried_name(item: Item, kind: str, ref: FileRef) -> str:
    """Return where a label goes in a dataset when its pixels stay as they are."""
    suffix = ".png" if _is_made(item, kind, ref) else PurePosixPath(ref.name).suffix
    return item.place(FOLDERS[kind], suffix)


def carried_bytes(item: Item, kind: str, ref: FileRef) -> bytes:
    """Return a label's file: the source's own, unless it is made of something else.

    That is a mask whose classes get other values, an ignore mask of what the mask leaves open, and
    the opacity of the image itself.

    Raises
    ------
    InputError
        If what it is made of cannot be decoded.
    """
    if _is_made(item, kind, ref):
        return images.encode_png(decode_label(item, kind, ref))
    return ref.read()


def _is_made(item: Item, kind: str, ref: FileRef) -> bool:
    """Tell whether a label's file in a dataset is another one than the source's."""
    return is_coded(item, kind) or ref == item.image


def image_bytes(item: Item) -> bytes:
    """Return the bytes of an item's image; InputError when the source names none."""
    if item.image is None:
        raise InputError(f"{item.source_name}: expected an image, the source names none")
    return item.image.read()


def _write(out: str, blobs: dict[str, tuple[str, bytes]]) -> tuple[dict[str, str], dict[str, int]]:
    """Write kind -> (file, bytes)."""
    names: dict[str, str] = {}
    for kind, (name, data) in blobs.items():
        atomic.write_bytes(location(out, name), data)
        names["file_name" if kind == "image" else f"{kind}_file_name"] = name
    return names, {name: len(data) for name, data in blobs.values()}


def _as_float(stored: npt.NDArray[Any] | None) -> tuple[npt.NDArray[np.float32] | None, int]:
    if stored is None:
        return None, 255
    top = int(np.iinfo(stored.dtype).max)
    return stored.astype(np.float32) / np.float32(top), top


def _as_stored(alpha: npt.NDArray[np.float32], top: int) -> npt.NDArray[Any]:
    if top == 255:
        return np.asarray(cv2.convertScaleAbs(alpha, alpha=255))
    stored: npt.NDArray[Any] = np.rint(alpha * np.float32(top)).astype(np.uint16)
    return stored


def _size(array: npt.NDArray[Any]) -> str:
    return f"{array.shape[1]}x{array.shape[0]}"
