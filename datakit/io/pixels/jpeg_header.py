"""The header of an ordinary JPEG in one short pass; whatever is out of the ordinary is left alone.

Most photos of a training set are plain baseline or progressive JPEGs without EXIF. Reading size and
colour of these takes a tenth of what a full parser of headers takes, and that is done per image.
"""

from __future__ import annotations

from typing import Final

from datakit.errors import InputError
from datakit.records.probe import Probe

MAX_PIXELS: Final = 178_956_970
"""The largest picture that is decoded: Pillow's own limit, about 13,400 x 13,400."""

_START = b"\xff\xd8\xff"
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_MODES = {1: "L", 3: "RGB"}
# Application data beyond these may hold an orientation, more pictures, or a meaning of colours.
_PLAIN_SEGMENTS = frozenset({0xE0, 0xDB, 0xC4, 0xDD, 0xFE})


def plain_jpeg(data: bytes) -> Probe | None:
    """Return the facts of a JPEG of 8 bits, gray or RGB, with nothing but JFIF data in its header.

    Parameters
    ----------
    data : bytes
        The file.

    Returns
    -------
    Probe or None
        None for everything else, also for damaged files: a full parser must look at these.

    References
    ----------
    ITU-T T.81, Annex B.
    """
    if not data.startswith(_START):
        return None
    position = 2
    while position + 10 <= len(data):
        if data[position] != 0xFF:
            return None
        marker = data[position + 1]
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        if marker in _FRAMES:
            depth, components = data[position + 4], data[position + 9]
            height = int.from_bytes(data[position + 5 : position + 7], "big")
            width = int.from_bytes(data[position + 7 : position + 9], "big")
            if depth != 8 or components not in _MODES or length != 8 + 3 * components:
                return None
            return Probe(format="JPEG", mode=_MODES[components], stored_wh=(width, height))
        if marker not in _PLAIN_SEGMENTS or length < 2:
            return None
        position += 2 + length
    return None


def check_pixels(size_wh: tuple[int, int], name: str) -> None:
    """Refuse a picture without pixels or with more than `MAX_PIXELS`, before any is decoded."""
    width, height = size_wh
    if not 0 < width * height <= MAX_PIXELS:
        raise InputError(f"{name}: expected 1 to {MAX_PIXELS:,} pixels, found {width} x {height}")
