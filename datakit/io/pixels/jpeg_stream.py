"""Where the picture in a JPEG file ends, and how much of a damaged one is left."""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_EOI: Final = 0xD9
_SOS: Final = 0xDA
# In the coded data an FF is followed by 00 (a byte FF), a restart marker, or filler.
_MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_STANDALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_MCU_PX: Final = 8
_LEAST_RUN: Final = 64


def jpeg_end(data: bytes) -> int | None:
    """Return where the first picture of a JPEG file ends; None when the file ends before it does.

    Phones put a film or more pictures behind it. The walk goes from marker to marker: the end
    marker of a preview inside the header is not taken for the picture's.

    Parameters
    ----------
    data : bytes
        The file, which starts with a JPEG's start marker.

    References
    ----------
    ITU-T T.81, Annex B.1.
    """
    position = 2
    while position + 2 <= len(data):
        if data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
        elif marker == _EOI:
            return position + 2
        elif marker in _STANDALONE:
            position += 2
        else:
            position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
            if marker == _SOS:
                found = _MARKER.search(data, position)
                if found is None:
                    return None
                position = found.start()
    return None


def lost_share(data: bytes, pixels: npt.NDArray[Any]) -> float:
    """Return at least what share of a damaged JPEG's picture is lost, in [0, 1].

    Two signs are looked at: a run of equal bytes in the coded data, behind which nothing is in its
    place; and rows without any difference at the bottom, with which decoders fill up what is
    missing.

    Parameters
    ----------
    data : bytes
        The file.
    pixels : (H, W) or (H, W, 3) uint8
        What a decoder made of it.
    """
    start = data.find(b"\xff\xda")
    body = np.frombuffer(data, np.uint8)[max(start, 0) :]
    changes = np.flatnonzero(np.diff(body)) + 1
    edges = np.concatenate([[0], changes, [len(body)]])
    runs = np.flatnonzero(np.diff(edges) >= _LEAST_RUN)
    by_bytes = 1 - edges[runs[0]] / len(body) if len(runs) else 0.0
    rows = pixels.reshape(len(pixels), -1)
    step = 1 if pixels.ndim == 2 else pixels.shape[2]
    flat = np.array([np.array_equal(row[step:], row[:-step]) for row in rows[::-1]])
    alive = int(np.argmin(flat)) if not flat.all() else len(flat)
    by_rows = alive // _MCU_PX * _MCU_PX / len(flat)
    return float(max(by_bytes, by_rows))
