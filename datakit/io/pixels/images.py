"""The one decoder and the one encoder of images.

EXIF orientation is applied here, once, and the same way for every kind of picture. OpenCV applies
it for some read flags and not for others, so it is always told not to; for TIFF it does not listen.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.images.orientation import orient
from datakit.errors import InputError, TruncatedError
from datakit.io.pixels import png
from datakit.io.pixels.jpeg_header import check_pixels, plain_jpeg
from datakit.records.probe import Probe

EXTENSIONS: Final = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".jfif", ".jpe"}
)

_ORIENTATION_TAG = 274
_ENDINGS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}
# Cameras and phones append previews and padding after the end marker: look for it in the tail.
_TAIL_BYTES = 1 << 16

Image8 = npt.NDArray[np.uint8]


def probe(data: bytes, name: str = "image") -> Probe:
    """Read format, size, mode and orientation from the header; no pixel is decoded.

    Parameters
    ----------
    data : bytes
        The whole file: its end is checked too, as a torn file has a perfect header.
    name : str
        Subject of the error messages.

    Raises
    ------
    InputError
        If it is no image, has more than `datakit.io.pixels.jpeg_header.MAX_PIXELS`, is empty,
        or was cut off.
    """
    found = plain_jpeg(data)
    if found is None:
        # Imported for the uncommon: a training set of plain JPEGs never needs it.
        from datakit.io.pixels.pillow import full_probe

        found = full_probe(data, name)
    check_pixels(found.stored_wh, name)
    ending = _ENDINGS.get(found.format)
    if ending and ending not in data[-_TAIL_BYTES:]:
        raise TruncatedError(f"{name}: the {found.format} ends too early; the file was cut off")
    return found


def decode_rgb(data: bytes, name: str = "image") -> Image8:
    """Decode a picture as shown: (H, W, 3) uint8 RGB, orientation applied, transparency dropped.

    Raises
    ------
    InputError
        As `probe`, or if the pixels cannot be decoded.
    """
    facts = probe(data, name)
    pixels = _imdecode(_untagged(data, facts), cv2.IMREAD_COLOR, name)
    return orient(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), facts.orientation)


def decode_small_gray(data: bytes, name: str = "image", *, side_px: int) -> Image8:
    """Decode a picture in gray for looking at it in small: (H, W) uint8, orientation applied.

    A JPEG is decoded at 1/2, 1/4 or 1/8 of its size while both sides keep ``side_px``, several
    times faster than whole; other formats come in full.

    Raises
    ------
    InputError
        As `probe`, or if the pixels cannot be decoded.
    """
    facts = probe(data, name)
    flag = _reduced(facts, side_px, 0) or cv2.IMREAD_GRAYSCALE
    return orient(_imdecode(_untagged(data, facts), flag, name), facts.orientation)


def decode_small_rgb(data: bytes, name: str = "image", *, side_px: int) -> Image8:
    """Decode a picture in colour for looking at it in small: (H, W, 3) uint8, orientation applied.

    As `decode_small_gray`.

    Raises
    ------
    InputError
        As `probe`, or if the pixels cannot be decoded.
    """
    facts = probe(data, name)
    flag = _reduced(facts, side_px, 1) or cv2.IMREAD_COLOR
    pixels = _imdecode(_untagged(data, facts), flag, name)
    return orient(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), facts.orientation)


def _reduced(facts: Probe, side_px: int, colour: int) -> int | None:
    ratio = min(facts.stored_wh) // side_px
    if facts.format != "JPEG":
        return None
    return next((flags[colour] for least, flags in _REDUCED if ratio >= least), None)


_REDUCED: Final = (
    (8, (cv2.IMREAD_REDUCED_GRAYSCALE_8, cv2.IMREAD_REDUCED_COLOR_8)),
    (4, (cv2.IMREAD_REDUCED_GRAYSCALE_4, cv2.IMREAD_REDUCED_COLOR_4)),
    (2, (cv2.IMREAD_REDUCED_GRAYSCALE_2, cv2.IMREAD_REDUCED_COLOR_2)),
)


def decode_raw(data: bytes, name: str = "image") -> npt.NDArray[Any]:
    """Decode without any conversion, for labels: depth and channels as stored, orientation applied.

    Returns
    -------
    ndarray of shape (H, W) or (H, W, C)
        uint8, uint16 or float32; RGB(A) order. A palette picture gives its indices, not its
        colours: that is how class-index masks are kept.

    Raises
    ------
    InputError
        As `probe`, or if the pixels cannot be decoded.
    """
    facts = probe(data, name)
    data = _untagged(data, facts)
    if facts.mode in ("P", "1"):
        from datakit.io.pixels.pillow import decode_indices

        return orient(decode_indices(data, name), facts.orientation)
    pixels = _imdecode(data, cv2.IMREAD_UNCHANGED, name)
    if pixels.ndim == 3 and pixels.shape[2] in (3, 4):
        code = cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
        pixels = cv2.cvtColor(pixels, code)
    return orient(pixels, facts.orientation)


def decode_gray(data: bytes, name: str = "label") -> npt.NDArray[Any]:
    """Decode a one-channel label (mask, alpha, trimap) at its stored depth: (H, W).

    Equal colour channels are taken as one (opacity beside them is ignored).

    Raises
    ------
    InputError
        As `decode_raw`, or if the channels hold different pictures.
    """
    pixels = decode_raw(data, name)
    if pixels.ndim == 2:
        return pixels
    first = pixels[..., 0]
    if all(np.array_equal(first, pixels[..., channel]) for channel in (1, 2)):
        return np.ascontiguousarray(first)
    raise InputError(
        f"{name}: expected one channel (a label), found {pixels.shape[2]} different ones; "
        "is this the photo?"
    )


def decode_alpha(data: bytes, name: str = "alpha") -> npt.NDArray[np.float32]:
    """Decode an alpha matte: (H, W) float32 in [0, 1], from 8 or 16 bits or float.

    Raises
    ------
    InputError
        As `decode_gray`, or if a float matte holds NaN or leaves [0, 1].
    """
    pixels = decode_gray(data, name)
    if pixels.dtype == np.uint8:
        return np.multiply(pixels, np.float32(1 / 255), dtype=np.float32)
    if pixels.dtype == np.uint16:
        return np.multiply(pixels, np.float32(1 / 65535), dtype=np.float32)
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0.0 and high <= 1.0):
        raise InputError(f"{name}: expected values in [0, 1], found {low:g} to {high:g}")
    return pixels.astype(np.float32)


def encode_png(pixels: npt.NDArray[Any]) -> bytes:
    """Encode losslessly as PNG.

    Parameters
    ----------
    pixels : ndarray of shape (H, W), (H, W, 3) or (H, W, 4), dtype uint8 or uint16
        Gray labels, RGB or RGBA (opacity not multiplied in).

    Notes
    -----
    The bytes are a function of the pixels. Gray pictures of flat areas (masks) are written from
    their runs, in a fifth of libpng's time; soft ones and photos go through OpenCV, whose version
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


class GrayCanvas:
    """An (H, W) uint8 picture that lies as a PNG has it, so that painting it is encoding it.

    Painting many masks of one size through one canvas touches no new memory, which is most of the
    time of a mask.

    Examples
    --------
    >>> canvas = GrayCanvas(2, 3)
    >>> canvas.pixels[:] = 7
    >>> decode_gray(canvas.encode()).tolist()
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


def _encode_gray_png(pixels: npt.NDArray[Any]) -> bytes:
    height, width = pixels.shape
    canvas = GrayCanvas(height, width, pixels.dtype.itemsize)
    canvas.pixels[:] = (
        pixels.astype(">u2", order="C").view(np.uint8) if pixels.itemsize == 2 else pixels
    )
    return canvas.encode()


def _untagged(data: bytes, facts: Probe) -> bytes:
    """Return a TIFF with orientation 1: its decoders turn the picture whatever they are told."""
    if facts.format != "TIFF" or facts.orientation == 1:
        return data
    order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"

    def number(start: int, size: int) -> int:
        return int.from_bytes(data[start : start + size], order)

    big = number(2, 2) == 43
    start, count_size, entry_size = (number(8, 8), 8, 20) if big else (number(4, 4), 2, 12)
    for entry in range(number(start, count_size)):
        place = start + count_size + entry * entry_size
        if number(place, 2) == _ORIENTATION_TAG:
            value = place + (12 if big else 8)
            return data[:value] + (1).to_bytes(2, order) + data[value + 2 :]
    return data


def _imdecode(data: bytes, flags: int, name: str) -> npt.NDArray[Any]:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise InputError(f"{name}: the pixels cannot be decoded ({error.err})") from None
    if pixels is None:
        raise InputError(f"{name}: the pixels cannot be decoded; open it and save it again")
    return np.asarray(pixels)


def _imencode(suffix: str, pixels: npt.NDArray[Any], options: list[int]) -> bytes:
    done, buffer = cv2.imencode(suffix, pixels, options)
    if not done:
        raise InputError(f"an image of shape {pixels.shape} cannot be written as {suffix}")
    return bytes(buffer)
