"""Labels as the review's page draws them: white PNGs whose opacity is the label."""

from __future__ import annotations

from colorsys import hsv_to_rgb
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.images.contact_sheet import hatched
from datakit.core.matting.brush import Layer, paint_alpha, touched
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.layouts.label_pixels import decode_label
from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_stored, read_alpha
from datakit.io.pixels.png import PALETTE, encode_rgba, with_chunks
from datakit.io.store.files import FileRef

Coverage = npt.NDArray[np.uint8]

_GOLDEN_SHARE = 0.381966


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


def colour_of(value: int) -> str:
    """Return the colour of a class or object, as CSS writes it.

    Neighbours differ in hue by the golden angle, so that any two small numbers are far apart.

    Examples
    --------
    >>> colour_of(1) == colour_of(1), colour_of(1) == colour_of(2)
    (True, False)
    """
    return "#" + "".join(f"{channel:02x}" for channel in _rgb(value))


def colours_png(mask: npt.NDArray[Any]) -> bytes:
    """Encode an (H, W) mask in the colours of its values; the background is transparent.

    Values above 255 share the last colour: only what a brush may add is told apart.
    """
    shown = np.minimum(mask, 255).astype(np.uint8)
    palette = b"".join(bytes(_rgb(value)) for value in range(256))
    chunks = [(b"PLTE", palette), (b"tRNS", b"\0" + b"\xff" * 255)]
    return with_chunks(images.encode_png(shown), chunks, PALETTE)


def _rgb(value: int) -> tuple[int, int, int]:
    red, green, blue = hsv_to_rgb(0.44 + value * _GOLDEN_SHARE, 0.65, 0.95)
    return round(255 * red), round(255 * green), round(255 * blue)


def read_layer(png: bytes, size_wh: tuple[int, int], at_xy: tuple[int, int] = (0, 0)) -> Layer:
    """Decode what the brush painted, placed on a label of a size.

    Parameters
    ----------
    png : bytes
        RGBA; red is the value, opacity the weight, blue the value plus the mark (modulo 256).
    size_wh : tuple of int
        Of the label.
    at_xy : tuple of int
        Where the picture's upper left corner lies on the label.

    Returns
    -------
    (H, W, 3) uint8

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
    layer = blank_layer(size_wh)
    window = layer[y : y + height, x : x + width]
    value, _, marked, weight = cv2.split(pixels)
    # Modulo 256, as it was written.
    window[...] = cv2.merge([value, weight, marked - value])
    return layer


def edit_layer(png: bytes, name: str, size_wh: tuple[int, int]) -> Layer:
    """Decode an edit, which is a layer of the label's own size.

    Raises
    ------
    InputError
        As `read_layer`; if the label has another size now.
    """
    width, height = images.probe(png, name).size_wh
    if (width, height) != size_wh:
        raise InputError(
            f"{name}: expected {size_wh[0]}x{size_wh[1]} pixels, found {width}x{height}; the label "
            "was resized since the review"
        )
    return read_layer(png, size_wh)


def blank_layer(size_wh: tuple[int, int]) -> Layer:
    """Return a layer on which nothing was painted."""
    return np.zeros((size_wh[1], size_wh[0], 3), np.uint8)


def layer_png(layer: Layer) -> bytes:
    """Encode a layer as the RGBA PNG that `read_layer` reads.

    Examples
    --------
    >>> layer = blank_layer((40, 30))
    >>> layer[5:9, 7:20] = (200, 255, 60)
    >>> bool((read_layer(layer_png(layer), (40, 30)) == layer).all())
    True
    """
    rows, _ = touched(layer)
    value, weight, mark = np.moveaxis(layer[rows], 2, 0)
    # Without marks all colours are gray; what is marked is the sum modulo 256.
    part = np.stack([value, value, value + mark, weight], axis=2)
    png = encode_rgba(part, rows.start, layer.shape[0])
    if png is None:
        pixels = np.zeros((*layer.shape[:2], 4), np.uint8)
        pixels[rows] = part
        png = images.encode_png(pixels)
    return png
