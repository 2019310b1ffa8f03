"""Damaged pictures of every format that is read, for decoders that must never crash."""

from __future__ import annotations

import random
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from datakit.errors import InputError
from datakit.io.pixels import decoders, images
from datakit.io.pixels.formats import is_picture

DECODERS = (
    decoders.decode_photo,
    decoders.decode_mask,
    decoders.decode_alpha,
    decoders.decode_trimap,
    decoders.decode_ignore,
    decoders.decode_stored,
)


OF_EXTRAS = Path(__file__).parents[2] / "data/pixels"
"""HEIC and JPEG XL pictures, which only their extras read."""


@cache
def originals() -> dict[str, bytes]:
    """Return whole pictures by name: each format, in each of the kinds that it has."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (5, 7, 3), np.uint8)
    photo = cv2.resize(small, (48, 36), interpolation=cv2.INTER_CUBIC)
    gray = np.ascontiguousarray(photo[..., 0])
    palette = Image.fromarray(gray // 8)
    palette.putpalette([int(v) for v in rng.integers(0, 256, 96)])
    exif = Image.Exif()
    exif[274] = 6

    def saved(pixels: Any, kind: str, **options: Any) -> bytes:
        image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
        buffer = BytesIO()
        image.save(buffer, kind, **options)
        return buffer.getvalue()

    colours = Image.fromarray(photo)
    return {
        "jpeg": saved(photo, "JPEG", exif=exif),
        "jpeg-progressive": saved(photo, "JPEG", progressive=True),
        "jpeg-gray": saved(gray, "JPEG"),
        "jpeg-cmyk": saved(colours.convert("CMYK"), "JPEG"),
        "png": saved(photo, "PNG", exif=exif),
        "png-gray": images.encode_png(gray),
        "png-16": images.encode_png(gray.astype(np.uint16) * 257),
        "png-palette": saved(palette, "PNG", transparency=3),
        "png-bits": saved(Image.fromarray(gray > 128), "PNG"),
        "png-la": saved(Image.fromarray(gray).convert("LA"), "PNG"),
        "webp": saved(photo, "WEBP"),
        "webp-lossless": saved(colours.convert("RGBA"), "WEBP", lossless=True),
        "tiff": saved(photo, "TIFF", exif=exif),
        "tiff-lzw": saved(photo, "TIFF", compression="tiff_lzw"),
        "tiff-deflate": saved(gray, "TIFF", compression="tiff_adobe_deflate"),
        "tiff-float": saved((gray / 255).astype(np.float32), "TIFF"),
        "tiff-16": bytes(cv2.imencode(".tiff", photo.astype(np.uint16) * 257)[1]),
        "bmp": saved(photo, "BMP"),
        "bmp-palette": saved(palette, "BMP"),
        "avif": saved(photo, "AVIF"),
        "gif": saved(palette, "GIF"),
        "jp2": b"\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypjp2 " + bytes(rng.bytes(140)),
        "npy": _array_file(gray),
        **{path.name: path.read_bytes() for path in sorted(OF_EXTRAS.iterdir()) if _is_read(path)},
    }


def _is_read(path: Path) -> bool:
    return path.suffix in (".heic", ".jxl") and is_picture(path.name)


def damaged(seed: int) -> tuple[str, bytes]:
    """Return the name of a format and a damaged file of it; the seed decides both."""
    rng = random.Random(seed)
    name = rng.choice(sorted(originals()))
    data = bytearray(originals()[name])
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if not data:
            break
        place = rng.randrange(len(data))
        match rng.randrange(6):
            case 0:
                data[place] = rng.randrange(256)
            case 1:
                data[place] ^= 1 << rng.randrange(8)
            case 2:
                del data[place:]
            case 3:
                length = rng.randrange(1, 64)
                data[place : place + length] = rng.choice((b"\0", b"\xff")) * length
            case 4:
                del data[place : place + rng.randrange(1, 9)]
            case _:
                data[place:place] = rng.randbytes(rng.randrange(1, 9))
    if rng.random() < 0.1:
        data += rng.randbytes(200)
    return name, bytes(data)


def attack(seed: int) -> str:
    """Decode a damaged file by every meaning; return what came of it as a photo.

    Raises whatever is no InputError that names the file.
    """
    _, data = damaged(seed)
    result = "read"
    for decode in DECODERS:
        try:
            decode(data, "x.jpg")
        except InputError as error:
            if not str(error).startswith("x.jpg: "):
                raise AssertionError(f"seed {seed}: {error}") from error
            result = result if decode is not decoders.decode_photo else "refused"
    return result


def _array_file(array: np.ndarray) -> bytes:
    buffer = BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()
