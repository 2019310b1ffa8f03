"""Labels as the review's page draws them: white PNGs whose opacity is the label."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.images.contact_sheet import hatched
from datakit.core.matting.brush import Layer, paint_alpha
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import decode_label
from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_stored, read_alpha
from datakit.io.pixels.png import PALETTE, with_chunks
from datakit.io.store.files import FileRef

Coverage = npt.NDArray[np.uint8]


def coverage(label: FileRef) -> Coverage:
    """Decode a label for looking at it: (H, W) uint8, 255 where the subject covers all.

    A mask of classes or objects is 255 wherever there is one.

    Raises
    ------
    InputError
        If the file cannot be read or decoded.
    """
    levels = read_alpha(label.read(), label.name).levels
    shown: Coverage = (levels >> 8 if levels.dtype == np.uint16 else levels).astype(np.uint8)
    return shown


def mask_coverage(item: Item, mask: FileRef) -> Coverage:
    """Decode an item's mask as above: 0 is background or ignored, everything else 255."""
    return np.where(decode_label(item, "mask", mask) > 0, 255, 0).astype(np.uint8)


def striped(unknown: npt.NDArray[np.uint8]) -> Coverage:
    """Draw an (H, W) ignore mask as diagonal stripes: 255 on a stripe, else 0."""
    blank = np.zeros((*unknown.shape, 3), np.uint8)
    return np.ascontiguousarray(hatched(blank, unknown > 0)[..., 0])


def painted(shown: Coverage, layer: Layer) -> Coverage:
    """Return a coverage with a layer painted over it.

    Raises
    ------
    InputError
        If the two differ in size.
    """
    alpha = paint_alpha(shown.astype(np.float32) / np.float32(255), layer)
    return np.asarray(cv2.convertScaleAbs(alpha, alpha=255))


def overlay_png(shown: Coverage) -> bytes:
    """Encode a coverage as a white picture with that opacity.

    A palette of 256 whites, the opacity of each its own number: the pixels are the coverage as it
    is, and the browser blends it without a line of script.

    Examples
    --------
    >>> from io import BytesIO
    >>> from PIL import Image
    >>> png = overlay_png(np.array([[0, 100, 255]], np.uint8))
    >>> [Image.open(BytesIO(png)).convert("RGBA").getpixel((x, 0)) for x in range(3)]
    [(255, 255, 255, 0), (255, 255, 255, 100), (255, 255, 255, 255)]
    """
    whites = [(b"PLTE", b"\xff" * 768), (b"tRNS", bytes(range(256)))]
    return with_chunks(images.encode_png(shown), whites, PALETTE)


def read_layer(png: bytes, size_wh: tuple[int, int], at_xy: tuple[int, int] = (0, 0)) -> Layer:
    """Decode what the brush painted, placed on a label of a size.

    Parameters
    ----------
    png : bytes
        RGBA; red is the value, opacity the weight.
    size_wh : tuple of int
        Of the label.
    at_xy : tuple of int
        Where the picture's upper left corner lies on the label.

    Returns
    -------
    (H, W, 2) uint8

    Raises
    ------
    InputError
        If it is no such picture, or reaches beyond the label.
    """
    facts = images.probe(png, "brush")
    (x, y), (width, height) = at_xy, facts.size_wh
    if not (x >= 0 and y >= 0 and x + width <= size_wh[0] and y + height <= size_wh[1]):
        raise InputError(f"brush: {width}x{height} at {x},{y} reaches beyond {size_wh}")
    pixels = decode_stored(png, "brush")
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 4:
        raise InputError(f"brush: expected an 8-bit RGBA picture, found {pixels.shape}")
    layer = np.zeros((size_wh[1], size_wh[0], 2), np.uint8)
    layer[y : y + height, x : x + width] = pixels[..., (0, 3)]
    return layer


def layer_png(layer: Layer) -> bytes:
    """Encode a layer as the RGBA PNG that `read_layer` reads."""
    return images.encode_png(np.ascontiguousarray(layer[..., (0, 0, 0, 1)]))
