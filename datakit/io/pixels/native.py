"""The one place that hands a file's bytes to a native decoder, after its format is known.

A decoder that only warns of damage shows a picture that is not there. Each format is therefore
decoded in a way that tells: JPEG by libjpeg-turbo with warnings as errors, PNG after its chunks are
held to their checksums, everything else by Pillow, which raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal

import cv2
import numpy as np
import numpy.typing as npt
import simplejpeg

from datakit.errors import InputError, TruncatedError
from datakit.io.pixels.jpeg_header import check_pixels, plain_jpeg
from datakit.io.pixels.jpeg_stream import jpeg_end, lost_share
from datakit.io.pixels.memory import check_memory
from datakit.io.pixels.native_messages import native_messages
from datakit.io.pixels.png_stream import essential_png, missing_share
from datakit.records.probe import Probe

if TYPE_CHECKING:  # most pictures are decoded without it
    from datakit.io.pixels.pillow import Form

Array = npt.NDArray[Any]

_ORIENTATION_TAG: Final = 274
# What libtiff says of tags that no decoder needs.
_ABOUT_TAGS: Final = re.compile("(Directory|Fetch).*Warning|Unknown field")
_WHOLE: Final = b"\xff\xd9"
_YCC_MODES: Final = ("L", "RGB")


def probe(data: bytes, name: str = "image") -> Probe:
    """Read format, size, mode, orientation and colour profile from the header; decode no pixel.

    Parameters
    ----------
    data : bytes
        The whole file: its end is checked too, as a torn file has a perfect header.
    name : str
        Subject of the error messages.

    Raises
    ------
    InputError
        If it is no image of a format that is read (`datakit.io.pixels.formats`), has more than
        `datakit.io.pixels.jpeg_header.MAX_PIXELS`, or is empty.
    TruncatedError
        If it was cut off.
    """
    found = plain_jpeg(data)
    if found is None:
        # Imported for the uncommon: a training set of plain JPEGs never needs it.
        from datakit.io.pixels.pillow import full_probe

        found = full_probe(data, name)
    check_pixels(found.stored_wh, name)
    if _is_cut_off(data, found.format):
        raise TruncatedError(
            f"{name}: the {found.format} ends too early; the file was cut off; "
            "copy or download it again"
        )
    return found


def decode_pixels(data: bytes, facts: Probe, name: str, form: Form) -> Array:
    """Decode a picture's pixels as they are stored, orientation not applied.

    Parameters
    ----------
    data : bytes
        The file.
    facts : Probe
        What `probe` says of it.
    name : str
        Subject of the error messages.
    form : {"index", "colour", "inks"}
        What to give of a palette picture: (H, W) indices, or RGB, or RGBA if it is transparent;
        of a CMYK picture: RGB, or with "inks" its four channels, 255 being all ink.

    Returns
    -------
    ndarray of shape (H, W) or (H, W, C)
        uint8, uint16 or float32; L, LA, RGB or RGBA.

    Raises
    ------
    InputError
        If the file is damaged, with the share of the picture that is lost where it is known; or if
        it would take more memory than this process may use (`datakit.io.pixels.memory`).
    """
    check_memory(facts.stored_wh, name)
    if facts.format == "JPEG" and facts.mode in _YCC_MODES:
        return decode_jpeg(data, name, gray=facts.mode == "L")
    if facts.format == "PNG":
        return _decode_png(data, facts, name, form)
    if facts.format == "WEBP":
        return _imdecode(data, cv2.IMREAD_UNCHANGED, name)
    from datakit.io.pixels.pillow import decode_with_pillow

    if facts.format == "TIFF":
        return _decode_tiff(_untagged(data, facts), facts, name, form)
    return decode_with_pillow(data, name, form)


def decode_jpeg(data: bytes, name: str, *, gray: bool, side_px: int = 0) -> Array:
    """Decode a JPEG of gray or YCbCr: (H, W) or (H, W, 3) RGB uint8, orientation not applied.

    Parameters
    ----------
    data, name : bytes, str
        The file, and the subject of the error messages.
    gray : bool
        Give (H, W), of a colour picture its luma.
    side_px : int
        When above 0, decode at 1/2, 1/4 or 1/8 of the size while both sides keep this many pixels,
        several times faster than whole.

    Raises
    ------
    InputError
        If libjpeg so much as warns, with what it says and the share of the picture that is lost.
    """
    colours = "GRAY" if gray else "RGB"
    smaller: dict[str, Any] = {}
    if side_px:
        smaller = {"min_height": side_px, "min_width": side_px, "min_factor": 2}
    decode: Callable[..., Array] = simplejpeg.decode_jpeg
    try:
        pixels = decode(data, colours, **smaller)
    except ValueError as error:
        raise _damaged_jpeg(data, colours, name, error) from None
    return pixels[..., 0] if gray else pixels


def _damaged_jpeg(data: bytes, colours: str, name: str, error: ValueError) -> InputError:
    words = str(error).removeprefix("Corrupt JPEG data: ")
    try:
        shown = simplejpeg.decode_jpeg(data, colours, strict=False)
    except ValueError:
        return InputError(f"{name}: the JPEG is damaged ({words}) and cannot be decoded")
    lost = max(lost_share(data, shown), 0.01)
    return InputError(
        f"{name}: the JPEG is damaged ({words}): at least {lost:.0%} of the picture is lost; get "
        "the file again from where it came"
    )


def _decode_png(data: bytes, facts: Probe, name: str, form: Form) -> Array:
    essential = essential_png(data, name)
    if facts.mode in ("P", "1"):
        from datakit.io.pixels.pillow import decode_with_pillow

        return decode_with_pillow(essential, name, form)
    with native_messages():
        pixels = cv2.imdecode(np.frombuffer(essential, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        lost = max(missing_share(essential), 0.01)
        raise InputError(
            f"{name}: the PNG is damaged: {lost:.0%} of the picture is missing; get the file again "
            "from where it came"
        )
    return _in_rgb(pixels, name)


def _decode_tiff(data: bytes, facts: Probe, name: str, form: Form) -> Array:
    from datakit.io.pixels.pillow import decode_with_pillow

    with native_messages() as messages:
        pixels = decode_with_pillow(data, name, form)
        if facts.bits > 8 and pixels.ndim == 3 and facts.mode != "CMYK":
            # Pillow has no colour of more than 8 bits; that it reads the file shows it is whole.
            pixels = _imdecode(data, cv2.IMREAD_UNCHANGED, name)
    found = [line for line in messages if not _ABOUT_TAGS.search(line)]
    if found:
        raise InputError(f"{name}: the TIFF is damaged ({found[0]})")
    return pixels


def _imdecode(data: bytes, flags: int, name: str) -> Array:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise InputError(f"{name}: the pixels cannot be decoded ({error.err})") from None
    if pixels is None:
        raise InputError(f"{name}: the pixels cannot be decoded; open it and save it again")
    return _in_rgb(pixels, name)


def _in_rgb(pixels: Array, name: str) -> Array:
    """Return OpenCV's pixels with red first."""
    if pixels.ndim == 2:
        return np.asarray(pixels)
    if pixels.shape[2] not in (3, 4):
        raise InputError(f"{name}: expected 1 to 4 channels, found {pixels.shape[2]}")
    code = cv2.COLOR_BGR2RGB if pixels.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    return np.asarray(cv2.cvtColor(pixels, code))


def _is_cut_off(data: bytes, kind: str) -> bool:
    """Tell whether a file ends before its picture; what comes behind the picture is not judged."""
    if kind == "JPEG":
        # Nearly every JPEG ends with its end marker: only what has more behind it is walked.
        return not data.endswith(_WHOLE) and jpeg_end(data) is None
    if kind == "PNG":
        return not data.endswith(b"IEND\xaeB`\x82") and b"IEND\xaeB`\x82" not in data
    if kind == "WEBP":
        return len(data) < int.from_bytes(data[4:8], "little") + 8
    return False


def _untagged(data: bytes, facts: Probe) -> bytes:
    """Return a TIFF with orientation 1: its decoders turn the picture whatever option is set."""
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
