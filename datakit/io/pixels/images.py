"""The one encoder of images, and the look at a file's header.

What a file is decoded as depends on its meaning: see `datakit.io.pixels.decoders`.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.masks.span_mask import SpanMask
from datakit.errors import InputError
from datakit.io.pixels import png
from datakit.io.pixels.native import probe as probe

EXTENSIONS: Final = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".jfif", ".jpe"}
)
"""Suffixes of the formats that photos are written in."""

Image8 = npt.NDArray[np.uint8]


def encode_png(pixels: npt.NDArray[Any]) -> bytes:
    """Encode losslessly as PNG.

    Parameters
    ----------
    pixels : ndarray of shape (H, W), (H, W, 3) or (H, W, 4), dtype uint8 or uint16
        Gray labels, RGB or RGBA (opacity not multiplied in).

    Notes
    -----
    The bytes are a function of the pixels. Gray pictures of flat areas (masks) are written from
    their runs, in a third of libpng's time; soft ones and photos go through OpenCV, whose version
    decides their bytes.

    Raises
    ------
    InputError
        For another shape or dtype.
    """
    if pixels.dtype not in (np.uint8, np.uint16) or pixels.size == 0:
        raise InputError(
            f"PNG: expected a non-empty uint8 or uint16 array, got {pixels.shape} {pixels.dtype}"
        )
    if pixels.ndim == 2:
        return _encode_gray_png(pixels)
    if pixels.ndim == 3 and pixels.shape[2] in (3, 4):
        code = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
        return _imencode(".png", cv2.cvtColor(pixels, code), [])
    raise InputError(f"PNG: expected (H, W), (H, W, 3) or (H, W, 4), got {pixels.shape}")


def encode_jpeg(image: Image8, quality: int = 95) -> bytes:
    """Encode (H, W, 3) uint8 RGB as JPEG without chroma subsampling."""
    return _imencode(
        ".jpg",
        cv2.cvtColor(image, cv2.COLOR_RGB2BGR),
        [
            cv2.IMWRITE_JPEG_QUALITY,
            quality,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        ],
    )


def encode_like(image: Image8, suffix: str) -> bytes:
    """Encode RGB in the format that a file name's suffix means: lossless unless it is a JPEG.

    Raises
    ------
    InputError
        For a suffix that is not in `EXTENSIONS`.
    """
    suffix = suffix.lower()
    if suffix not in EXTENSIONS:
        raise InputError(f"{suffix}: expected one of {', '.join(sorted(EXTENSIONS))}")
    if suffix in (".jpg", ".jpeg", ".jfif", ".jpe"):
        return encode_jpeg(image)
    if suffix == ".png":
        return encode_png(image)
    # Above 100 WebP is lossless.
    options = [cv2.IMWRITE_WEBP_QUALITY, 101] if suffix == ".webp" else []
    return _imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)


def written_suffix(name: str) -> str:
    """Return the suffix under which a photo is encoded again: its own, in lower case, or .png.

    Some formats are only read: HEIC, JPEG XL, AVIF.

    Examples
    --------
    >>> written_suffix("a.JPG"), written_suffix("b.heic")
    ('.jpg', '.png')
    """
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if suffix in EXTENSIONS else ".png"


class GrayCanvas:
    """An (H, W) uint8 picture that lies as a PNG has it, so that painting it is encoding it.

    Painting many masks of one size through one canvas touches no new memory, which is most of the
    time of a mask.

    Examples
    --------
    >>> canvas = GrayCanvas(2, 3)
    >>> canvas.pixels[:] = 7
    >>> from datakit.io.pixels.decoders import decode_mask
    >>> decode_mask(canvas.encode()).tolist()
    [[7, 7, 7], [7, 7, 7]]
    """

    def __init__(self, height: int, width: int, bytes_per_pixel: int = 1) -> None:
        self._bytes_per_pixel = bytes_per_pixel
        # Each row of a PNG starts with the number of its filter: 0, none.
        self._lines = np.zeros((height, width * bytes_per_pixel + 1), np.uint8)
        self.pixels = self._lines[:, 1:]
        """(H, W) uint8 view to paint into; of 16-bit pictures (H, 2 W), big-endian."""

    def encode(self) -> bytes:
        """Return the PNG of what is painted now."""
        encoded = png.encode_lines(self._lines, self._bytes_per_pixel)
        if encoded is None:
            pixels = np.ascontiguousarray(self.pixels)
            if self._bytes_per_pixel == 2:
                pixels = pixels.view(">u2").astype(np.uint16)
            encoded = _imencode(".png", pixels, [])
        return encoded


def encode_span_mask(mask: SpanMask, value: int = 255) -> bytes:
    """Encode a binary mask as the PNG that `encode_png` gives of its pixels, without painting it.

    Examples
    --------
    >>> from datakit.io.pixels.decoders import decode_mask
    >>> mask = SpanMask(np.array([1]), np.array([3]), 2, 3)
    >>> decode_mask(encode_span_mask(mask)).tolist()
    [[0, 255, 0], [255, 0, 0]]
    """
    return png.encode_spans(mask, value) or encode_png(mask.pixels(value))


def _encode_gray_png(pixels: npt.NDArray[Any]) -> bytes:
    height, width = pixels.shape
    canvas = GrayCanvas(height, width, pixels.dtype.itemsize)
    canvas.pixels[:] = (
        pixels.astype(">u2", order="C").view(np.uint8) if pixels.itemsize == 2 else pixels
    )
    return canvas.encode()


def _imencode(suffix: str, pixels: npt.NDArray[Any], options: list[int]) -> bytes:
    done, buffer = cv2.imencode(suffix, pixels, options)
    if not done:
        raise InputError(f"an image of shape {pixels.shape} cannot be written as {suffix}")
    return bytes(buffer)
