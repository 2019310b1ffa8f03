"""A sample's labels as pixels by their meaning, whatever coding their layout has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.errors import InputError
from datakit.io.layouts.base import Item, MaskCoding
from datakit.io.pixels.decoders import (
    decode_ignore,
    decode_mask,
    decode_stored,
    decode_trimap,
    read_alpha,
)
from datakit.io.store.files import FileRef


def label_files(item: Item) -> dict[str, FileRef]:
    """Return kind -> file of the labels that an item has."""
    files = {
        "mask": item.mask,
        "alpha": item.alpha,
        "trimap": item.trimap,
        "ignore": item.ignore or (item.mask if item.coding.ignored else None),
    }
    return {kind: ref for kind, ref in files.items() if ref is not None}


def is_coded(item: Item, kind: str) -> bool:
    """Tell whether a label's pixels are others than those of its file: see `decode_label`."""
    if kind == "mask":
        return bool(item.coding)
    return kind == "ignore" and item.mask is not None and bool(item.coding.ignored)


def decode_label(item: Item, kind: str, ref: FileRef) -> npt.NDArray[Any]:
    """Return a label's pixels by its meaning; a mask's in the label map's values (`Item.coding`).

    An ignore mask is 255 where the label is unknown: where its own file or the mask says so, since
    unknown is not background. An alpha comes in the 8 or 16 bits in which it was stored.

    Raises
    ------
    InputError
        If a file cannot be decoded; if mask and ignore mask differ in size.
    """
    if not is_coded(item, kind):
        return _DECODERS[kind](ref.read(), ref.name)
    if kind == "mask":
        return coded_mask(ref.read(), ref.name, coding=item.coding)
    assert item.mask is not None
    in_mask = coded_ignore(item.mask.read(), item.mask.name, coding=item.coding)
    if item.ignore is None:
        return in_mask
    beside = decode_ignore(item.ignore.read(), item.ignore.name)
    if beside.shape != in_mask.shape:
        raise InputError(
            f"{item.ignore.name}: expected the {in_mask.shape[1]}x{in_mask.shape[0]} pixels of "
            f"{item.mask.name}, which holds ignored pixels too, found "
            f"{beside.shape[1]}x{beside.shape[0]}; one of the two was resized"
        )
    return np.asarray(beside | in_mask)


def decode_ignored(item: Item) -> npt.NDArray[np.uint8] | None:
    """Return an item's ignore mask: (H, W) uint8, 255 where the label is unknown; None without."""
    ref = label_files(item).get("ignore")
    return None if ref is None else decode_label(item, "ignore", ref)


def _alpha_levels(data: bytes, name: str) -> npt.NDArray[Any]:
    return read_alpha(data, name).levels


_DECODERS: Mapping[str, Callable[[bytes, str], npt.NDArray[Any]]] = {
    "mask": decode_mask,
    "alpha": _alpha_levels,
    "trimap": decode_trimap,
    "ignore": decode_ignore,
}
"""Kind of label -> its decoder; an alpha comes in the 8 or 16 bits in which it was stored."""


def coded_mask(data: bytes, name: str, *, coding: MaskCoding) -> npt.NDArray[Any]:
    """Decode a mask that a layout codes its own way: (H, W), in the label map's values.

    Ignored pixels are 0.

    Raises
    ------
    InputError
        As `decode_mask`; if it has a colour that the label map does not name.
    """
    mask = _in_map_values(data, name, coding)
    if coding.ignored:
        mask = np.where(np.isin(mask, coding.ignored), 0, mask).astype(mask.dtype)
    return mask


def coded_ignore(data: bytes, name: str, *, coding: MaskCoding) -> npt.NDArray[np.uint8]:
    """Decode the ignored pixels of such a mask: (H, W) uint8, 0 or 255.

    Raises
    ------
    InputError
        As `coded_mask`.
    """
    unknown = np.isin(_in_map_values(data, name, coding), coding.ignored)
    return np.where(unknown, np.uint8(255), np.uint8(0))


def decode_object_ids(data: bytes, name: str) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Decode a picture of the ids of objects: (H, W), 0 where there is none.

    Where it has colours (CVAT's segmentation masks), each is an object, its id 65536 R + 256 G + B.

    Raises
    ------
    InputError
        As `decode_mask`.
    """
    shown = decode_stored(data, name)
    if shown.ndim == 2 or (shown[..., :1] == shown[..., :3]).all():
        return decode_mask(data, name)
    return _colour_codes(shown[..., :3])


def _colour_codes(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    return pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)


def _in_map_values(data: bytes, name: str, coding: MaskCoding) -> npt.NDArray[Any]:
    if coding.colours:
        shown = decode_stored(data, name)
        colours = np.repeat(shown[..., None], 3, axis=2) if shown.ndim == 2 else shown[..., :3]
        return _from_colours(colours, coding, name)
    stored = decode_mask(data, name)
    if not coding.values:
        return stored
    values = np.arange(int(stored.max(initial=0)) + 1, dtype=stored.dtype)
    for old, new in coding.values:
        if old < len(values):
            values[old] = new
    return values[stored]


def _from_colours(
    pixels: npt.NDArray[np.uint8], coding: MaskCoding, name: str
) -> npt.NDArray[np.uint8]:
    codes = _colour_codes(pixels)
    mask = np.zeros(codes.shape, np.uint8)
    known = np.zeros(codes.shape, bool)
    for (red, green, blue), value in coding.colours:
        here = codes == (red << 16 | green << 8 | blue)
        mask[here], known = value, known | here
    if not known.all():
        found = int(codes[~known][0])
        colour = (found >> 16, found >> 8 & 255, found & 255)
        raise InputError(
            f"{name}: expected the colours of the label map, found {colour} in "
            f"{np.count_nonzero(~known)} pixels; was the mask resized or saved as JPEG?"
        )
    return mask
