"""PNG files put together chunk by chunk (ISO/IEC 15948): labels from their runs, added chunks."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from datakit.core.masks.row_runs import row_toggles
from datakit.core.masks.runs import check_size
from datakit.core.masks.span_mask import SpanMask
from datakit.io.pixels.run_deflate import deflate_runs, deflate_samples

PALETTE: Final = 3
"""The colour type of pictures whose pixels are places in a palette."""

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_GRAY: Final = 0
_RGBA: Final = 6
_HEADER: Final = struct.Struct(">IIBBBBB")
_HEADER_END: Final = len(_SIGNATURE) + 12 + _HEADER.size
_BYTES_PER_CHANGE: Final = 24
"""Where bytes change more often than this on average, a search for matches is worth its time."""

Lines = npt.NDArray[np.uint8]


def encode_spans(mask: SpanMask, value: int) -> bytes | None:
    """Encode a binary mask of which no pixel is painted, or return None if it is mostly noise.

    Parameters
    ----------
    mask : SpanMask
    value : int
        1 … 255, inside; outside is 0.

    Returns
    -------
    bytes or None
        The same as of `encode_lines` of the painted mask.

    Raises
    ------
    InputError
        If the size is impossible.
    """
    height, width = mask.shape
    check_size(height, width)
    n_bytes = height * (width + 1)
    toggles = row_toggles(mask.starts, mask.ends, height, width)
    inside = len(toggles) - int(len(toggles) > 0 and toggles[-1] == n_bytes)
    if inside * _BYTES_PER_CHANGE > n_bytes:
        return None
    starts = np.zeros(inside + 1, np.int64)
    starts[1:] = toggles[:inside]
    values = np.zeros(len(starts), np.uint8)
    values[1::2] = value
    return _picture(height, width, 8, _GRAY, deflate_runs(starts, values, n_bytes))


def encode_lines(lines: Lines, sample_bytes: int) -> bytes | None:
    """Encode a gray picture from its runs, or return None if it is more noise than runs.

    Parameters
    ----------
    lines : (H, 1 + W * sample_bytes) uint8, contiguous
        As PNG has them: column 0 is the number of the row's filter, 0, and samples of two bytes
        have the higher one first.
    sample_bytes : {1, 2}

    Examples
    --------
    >>> len(encode_lines(np.zeros((1000, 1001), np.uint8), 1))
    1063
    """
    raw = lines.reshape(-1)
    (changes,) = (raw[sample_bytes:] != raw[:-sample_bytes]).nonzero()
    if len(changes) * _BYTES_PER_CHANGE > len(raw):
        return None
    starts = np.arange(len(changes) + sample_bytes)
    np.add(changes, sample_bytes, out=starts[sample_bytes:])
    if sample_bytes == 1:
        stream = deflate_runs(starts, raw[starts], len(raw))
    else:
        stream = deflate_samples(raw, starts, sample_bytes)
    width = (lines.shape[1] - 1) // sample_bytes
    return _picture(len(lines), width, 8 * sample_bytes, _GRAY, stream)


def encode_rgba(part: npt.NDArray[np.uint8], top: int, height: int) -> bytes | None:
    """Encode colours with opacity from their runs, or return None if they are mostly noise.

    Parameters
    ----------
    part : (h, W, 4) uint8
        The rows from ``top`` on; all others are 0 in every channel.
    top, height : int
        Of the whole picture; ``part`` lies inside.

    Examples
    --------
    >>> len(encode_rgba(np.zeros((5, 1000, 4), np.uint8), 0, 1000))
    3972
    """
    rows, width, channels = part.shape
    lines = np.zeros((height, 1 + channels * width), np.uint8)
    lines[top : top + rows, 1:] = part.reshape(rows, channels * width)
    raw = lines.reshape(-1)
    # The row below the last one differs from it, too.
    first = max(top * lines.shape[1], channels)
    last = min((top + rows + 1) * lines.shape[1], raw.size)
    (changes,) = (raw[first:last] != raw[first - channels : last - channels]).nonzero()
    if len(changes) * _BYTES_PER_CHANGE > raw.size:
        return None
    starts = np.concatenate((np.arange(channels), changes + first))
    return _picture(height, width, 8, _RGBA, deflate_samples(raw, starts, channels))


def with_chunks(
    png: bytes, chunks: Iterable[tuple[bytes, bytes]], colour_type: int | None = None
) -> bytes:
    """Return a PNG with chunks (name, body) behind its header, and perhaps another colour type."""
    header = bytearray(png[len(_SIGNATURE) + 8 : _HEADER_END - 4])
    if colour_type is not None:
        header[9] = colour_type
    added = b"".join(_chunk(name, body) for name, body in chunks)
    return _SIGNATURE + _chunk(b"IHDR", bytes(header)) + added + png[_HEADER_END:]


def _picture(height: int, width: int, bits: int, colour_type: int, stream: bytes) -> bytes:
    header = _HEADER.pack(width, height, bits, colour_type, 0, 0, 0)
    return b"".join(
        (_SIGNATURE, _chunk(b"IHDR", header), _chunk(b"IDAT", stream), _chunk(b"IEND", b""))
    )


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
