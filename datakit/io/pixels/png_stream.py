"""A PNG's chunks checked, and brought down to those that decide its pixels."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from datakit.errors import InputError, TruncatedError

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_HEADER: Final = struct.Struct(">IIBBBBB")
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_KEPT: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_STEP: Final = 4096
# Adam7: first column, first row, column step, row step of each pass.
PASSES: Final = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


def chunks(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield (start, type, length of the body) of a PNG's chunks, up to the end of the file.

    The last one may reach beyond the end.
    """
    position = len(_SIGNATURE)
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        yield position, data[position + 4 : position + 8], length
        position += length + 12


def essential_png(data: bytes, name: str) -> bytes:
    """Return a PNG of nothing but header, palette, opacity and pixels, each held to its checksum.

    What its decoder does not get it cannot stumble over: colour profiles, texts, and the frames of
    an animation, whose first picture is left.

    Raises
    ------
    InputError
        If a chunk that decides pixels is damaged, with the share of the picture behind it.
    TruncatedError
        If the file ends before the picture does.
    """
    view = memoryview(data)
    kept: list[tuple[int, int]] = []
    bodies: list[tuple[int, bool]] = []
    for start, kind, length in chunks(data):
        end = start + 12 + length
        if end > len(data):
            break
        if kind not in _KEPT:
            continue
        stored = int.from_bytes(view[end - 4 : end], "big")
        whole = zlib.crc32(view[start + 4 : end - 4]) == stored
        if kind == b"IDAT":
            bodies.append((length, whole))
        elif not whole:
            raise InputError(
                f"{name}: the PNG is damaged: its {kind.decode()} chunk does not match its checksum"
            )
        kept.append((start, end))
        if kind == b"IEND":
            _check_bodies(bodies, name)
            return _joined(data, kept)
    raise TruncatedError(
        f"{name}: the PNG ends too early; the file was cut off; copy or download it again"
    )


def missing_share(png: bytes) -> float:
    """Return what share of a PNG's pixels cannot be inflated, in [0, 1]; 1 without a header.

    Parameters
    ----------
    png : bytes
        As `essential_png` returns it.
    """
    bodies = [
        png[start + 8 : start + 8 + size] for start, kind, size in chunks(png) if kind == b"IDAT"
    ]
    place = len(_SIGNATURE) + 8
    width, height, bits, colour, _, _, interlaced = _HEADER.unpack(png[place : place + 13])
    wanted = _line_bytes(width, height, bits * _CHANNELS.get(colour, 1), interlaced)
    inflate = zlib.decompressobj()
    left = wanted
    for body in bodies:
        for start in range(0, len(body), _STEP):
            try:
                # No more than the header speaks of: the rest of a bomb stays packed.
                left -= len(inflate.decompress(body[start : start + _STEP], max(left, 1)))
            except zlib.error:
                return max(left, 0) / max(wanted, 1)
    return max(left, 0) / max(wanted, 1)


def _joined(data: bytes, kept: list[tuple[int, int]]) -> bytes:
    """Return the chunks that are kept behind the signature; the file itself when that is all."""
    if kept[0][0] == len(_SIGNATURE) and kept[-1][1] == len(data):
        gaps = any(end != start for (_, end), (start, _) in pairwise(kept))
        if not gaps:
            return data
    view = memoryview(data)
    return b"".join([_SIGNATURE, *(view[start:end] for start, end in kept)])


def _check_bodies(bodies: list[tuple[int, bool]], name: str) -> None:
    before, total = 0, sum(length for length, _ in bodies)
    for length, whole in bodies:
        if not whole:
            # Rows are coded one after the other: nothing behind the damage is in its place.
            lost = 1 - before / max(total, 1)
            raise InputError(
                f"{name}: the PNG is damaged: up to {max(lost, 0.01):.0%} of the picture is lost; "
                "get the file again from where it came"
            )
        before += length


def _line_bytes(width: int, height: int, pixel_bits: int, interlaced: int) -> int:
    """Return the bytes of all lines, each with the number of its filter."""
    total = 0
    for left, top, step_x, step_y in PASSES if interlaced else ((0, 0, 1, 1),):
        columns = -((left - width) // step_x)
        lines = -((top - height) // step_y)
        if columns > 0 and lines > 0:
            total += lines * (1 + (columns * pixel_bits + 7) // 8)
    return total
