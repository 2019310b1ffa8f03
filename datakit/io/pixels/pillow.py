"""What Pillow does for the decoders: headers of every format, and the formats it alone reads."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from io import BytesIO
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from datakit.errors import InputError, TruncatedError
from datakit.io.pixels.formats import EXTRAS, require_readable
from datakit.io.pixels.jpeg_header import MAX_PIXELS, check_pixels
from datakit.io.pixels.png_stream import chunks
from datakit.records.probe import Probe

Form = Literal["index", "colour", "inks"]
"""What to give of a picture whose numbers are no levels of light."""

# What Pillow logs of a damaged picture is in its failure row; who listens to it still hears it.
logging.getLogger("PIL").addHandler(logging.NullHandler())

_ORIENTATION_TAG: Final = 274
_WIDTH_TAG: Final = 256
_HEIGHT_TAG: Final = 257
_BITS_TAG: Final = 258
_COLOURS_TAG: Final = 262
_DNG_TAG: Final = 50706
_RAW_COLOURS: Final = (32803, 34892)
"""What a TIFF of a camera's sensor says of its colours: filter array, linear raw."""

_ELSEWHERE: Final = {
    "HEIF": " (a HEIC photo); open it where it came from and save it as JPEG",
    "JXL": " (a JPEG XL picture); open it where it came from and save it as JPEG",
}
"""What can be done where a decoder of an extra does not say why it failed."""

_CUT_OFF: Final = ("truncated", "unexpected end of file")


def full_probe(data: bytes, name: str) -> Probe:
    """Read any format's header; no pixel is decoded.

    Raises
    ------
    InputError
        If it is no image that is read, has too many pixels, or its header is damaged.
    """
    with _opened(data, name) as image:
        # Before anything else: for some formats Pillow decodes all pixels to find the tag.
        check_pixels(image.size, name)
        if image.format == "TIFF":
            _refuse_raw(image, name)
        orientation = _orientation(image, data)
        # Multi-picture JPEGs of phones are JPEGs with a second picture behind the first.
        kind = "JPEG" if image.format == "MPO" else str(image.format)
        return Probe(
            format=kind,
            mode=image.mode,
            stored_wh=_stored_wh(image),
            orientation=orientation if orientation in range(1, 9) else 1,
            bits=_bits(image, data),
            transparent=image.has_transparency_data,
            icc=image.info.get("icc_profile") or b"",
        )


def decode_with_pillow(data: bytes, name: str, form: Form) -> npt.NDArray[Any]:
    """Decode all pixels: (H, W) or (H, W, C), orientation not applied.

    Returns
    -------
    ndarray
        uint8, uint16 or float32. A palette is given as indices ("index") or as RGB(A); a bilevel
        picture as 0 and 255; CMYK as it is ("inks"; 255 is all ink) or as RGB.

    Raises
    ------
    InputError
        If the pixels cannot be decoded.
    TruncatedError
        If the file ends before they do.
    """
    with _opened(data, name) as image:
        try:
            image.load()
        except InputError:
            raise
        # Decoders meet arbitrary bytes here and fail in as many ways as there are formats.
        except Exception as error:  # noqa: BLE001
            cut = any(words in str(error).lower() for words in _CUT_OFF)
            kind = TruncatedError if cut else InputError
            raise kind(f"{name}: the {image.format} is damaged ({_line(error)})") from None
        return _as_array(image, form)


@contextmanager
def _opened(data: bytes, name: str) -> Iterator[Image.Image]:
    """Open a picture with the parser of its own format alone."""
    kind = require_readable(data, name)
    if kind in EXTRAS:
        _register(kind)
    formats = ["JPEG", "MPO"] if kind == "JPEG" else [kind]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(data), formats=formats) as image:
                yield image
    except InputError:
        raise
    except Image.DecompressionBombError:
        raise InputError(f"{name}: expected at most {MAX_PIXELS:,} pixels, found more") from None
    except UnidentifiedImageError:
        raise InputError(f"{name}: the image header is damaged{_ELSEWHERE.get(kind, '')}") from None
    # Pillow's parsers meet arbitrary bytes here and fail in as many ways as there are formats.
    except Exception as error:  # noqa: BLE001
        if "unsupported" in str(error).lower():
            raise InputError(
                f"{name}: expected a {kind} that is read, found another kind of it "
                f"({_line(error)}); save it as PNG"
            ) from None
        reason = _ELSEWHERE.get(kind) or f" ({_line(error)})"
        raise InputError(f"{name}: the image header is damaged{reason}") from None


def _line(error: Exception) -> str:
    """Return what a decoder says as one line."""
    return " ".join(str(error).split())


def _register(kind: str) -> None:
    """Make Pillow know a format of an extra; a second time does nothing."""
    # Imported for the uncommon, and only when its extra is installed.
    module = import_module(EXTRAS[kind][1])
    if kind == "HEIF" and "HEIF" not in Image.OPEN:
        module.register_heif_opener()


def _as_array(image: Image.Image, form: Form) -> npt.NDArray[Any]:
    if (image.mode, form) in (("P", "index"), ("CMYK", "inks")):
        return np.asarray(image)
    if image.mode == "1":
        return np.asarray(image.convert("L"))
    if image.mode in ("L", "RGB") and image.has_transparency_data:
        return np.asarray(image.convert("LA" if image.mode == "L" else "RGBA"))
    if image.mode in ("P", "PA", "CMYK", "YCbCr", "LAB", "HSV", "RGBX", "RGBa", "La"):
        return np.asarray(image.convert("RGBA" if image.has_transparency_data else "RGB"))
    pixels = np.asarray(image)
    if image.mode.startswith("I;16"):
        return pixels.astype(np.uint16)
    if image.mode == "I":
        return _narrowed(pixels)
    return pixels.astype(np.float32) if image.mode == "F" else pixels


def _narrowed(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return 32-bit integers as the 16 bits that they fit in; others as floats, to be judged."""
    if pixels.min(initial=0) >= 0 and pixels.max(initial=0) <= 65535:
        return pixels.astype(np.uint16)
    return pixels.astype(np.float32)


def _refuse_raw(image: Image.Image, name: str) -> None:
    tags = image.tag_v2  # type: ignore[attr-defined]
    if _DNG_TAG in tags or tags.get(_COLOURS_TAG) in _RAW_COLOURS:
        raise InputError(
            f"{name}: expected an image, found something else: it is a camera raw file (a TIFF of "
            "the sensor), which datakit does not read; convert it to JPEG or PNG"
        )


def _bits(image: Image.Image, data: bytes) -> int:
    """Return the bits of a channel as stored; Pillow's mode hides those of 16-bit RGB."""
    if image.format == "PNG":
        return data[24]
    if image.format == "TIFF":
        return int(max(image.tag_v2.get(_BITS_TAG, (1,))))  # type: ignore[attr-defined]
    if image.mode in ("I", "F"):
        return 32
    return 16 if image.mode.startswith("I;16") else 8


def _stored_wh(image: Image.Image) -> tuple[int, int]:
    if image.format != "TIFF":
        return image.size
    # Newer Pillow gives the size of a TIFF as shown, older as stored.
    tags = image.tag_v2  # type: ignore[attr-defined]
    return int(tags[_WIDTH_TAG]), int(tags[_HEIGHT_TAG])


def _orientation(image: Image.Image, data: bytes) -> Any:
    """Return the orientation tag, read without decoding a pixel; 1 when it is absent."""
    if image.format in ("HEIF", "JXL"):
        # Their decoders turn the picture as its container says; the tag beside that is for show.
        return 1
    if image.format != "PNG" or "exif" in image.info:
        return image.getexif().get(_ORIENTATION_TAG, 1)
    # PngImageFile.getexif decodes the whole picture to reach an eXIf chunk behind the pixels.
    for start, kind, length in chunks(data):
        if kind == b"eXIf":
            exif = Image.Exif()
            exif.load(data[start + 8 : start + 8 + length])
            return exif.get(_ORIENTATION_TAG, 1)
    return Image.Image.getexif(image).get(_ORIENTATION_TAG, 1)
