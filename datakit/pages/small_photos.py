"""One photo as a small JPEG."""

from __future__ import annotations

import cv2

from datakit.io.pixels import images
from datakit.io.pixels.decoders import decode_small_photo

_QUALITY = 80


def small_jpeg(data: bytes, name: str, side_px: int) -> bytes:
    """Return a photo as a JPEG of at most ``side_px``; InputError if it cannot be decoded."""
    image = decode_small_photo(data, name, side_px=side_px)
    scale = side_px / max(image.shape[:2])
    if scale < 1:
        size_wh = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
        image = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    return images.encode_jpeg(image, _QUALITY)
