"""What Pillow does for the one decoder: headers of every format, and palette pictures."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from datakit.errors import InputError
from datakit.io.pixels.jpeg_header import MAX_PIXELS, check_pixels
from datakit.records.probe import Probe

_ORIENTATION_TAG = 274
_TIFF_WIDTH_TAG = 256
_TIFF_HEIGHT_TAG = 257


def full_probe(data: bytes, name: str) -> Probe:
    """Read any format's header; no pixel is decoded.

    Raises
    ------
    InputError
        If it is no image, has too many pixels, or its header is damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(data)) as image:
                # Before anything else: for some formats Pillow decodes all pixels to find the tag.
                check_pixels(image.size, name)
                orientation = _orientation(image, data)
                # Multi-picture JPEGs of phones are JPEGs with a second picture behind the first.
                kind = "JPEG" if image.format == "MPO" else str(image.format)
                return Probe(
                    format=kind,
                    mode=image.mode,
                    stored_wh=_stored_wh(image),
                    orientation=orientation if orientation in range(1, 9) else 1,
                )
    except InputError:
        raise
    except Image.DecompressionBombError:
        raise InputError(f"{name}: expected at most {MAX_PIXELS:,} pixels, found more") from None
    except UnidentifiedImageError:
        raise InputError(f"{name}: expected an image, found {_describe(data)}") from None
    # Pillow's parsers meet arbitrary bytes here and fail in as many ways as there are formats.
    except Exception as error:  # noqa: BLE001
        raise InputError(f"{name}: the image header is damaged ({error})") from None


def decode_indices(data: bytes, name: str) -> npt.NDArray[np.uint8]:
    """Decode a palette picture as its indices, a bilevel one as 0 and 255: (H, W), as stored.

    Raises
    ------
    InputError
        If the pixels cannot be decoded.
    """
    try:
        with Image.open(BytesIO(data)) as image:
            return np.asarray(image if image.mode == "P" else image.convert("L"))
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"{name}: the pixels cannot be decoded ({error})") from None


def _stored_wh(image: Image.Image) -> tuple[int, int]:
    if image.format != "TIFF":
        return image.size
    # Newer Pillow gives the size of a TIFF as shown, older as stored.
    tags = image.tag_v2  # type: ignore[attr-defined]
    return int(tags[_TIFF_WIDTH_TAG]), int(tags[_TIFF_HEIGHT_TAG])


def _orientation(image: Image.Image, data: bytes) -> Any:
    """Return the orientation tag, read without decoding a pixel; 1 when it is absent."""
    if image.format != "PNG" or "exif" in image.info:
        return image.getexif().get(_ORIENTATION_TAG, 1)
    # PngImageFile.getexif decodes the whole picture to reach an eXIf chunk behind the pixels.
    position = 8
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        if data[position + 4 : position + 8] == b"eXIf":
            exif = Image.Exif()
            exif.load(data[position + 8 : position + 8 + length])
            return exif.get(_ORIENTATION_TAG, 1)
        position += length + 12
    return Image.Image.getexif(image).get(_ORIENTATION_TAG, 1)


def _describe(data: bytes) -> str:
    if not data:
        return "an empty file"
    if data.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer; run `git lfs pull`"
    if data[:64].lstrip()[:1] == b"<":
        return "a web page"
    return f"{len(data):,} bytes of another kind (they start with {data[:8]!r})"
