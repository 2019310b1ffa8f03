"""A PNG taken apart and checked, so that its decoder meets nothing that it could stumble over."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from datakit.errors import InputError, TruncatedError

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_HEADER: Final = struct.Struct(">IIBBBBB")
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_FILTERS: Final = 5
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


class PngStream(NamedTuple):
    """The parts of a PNG that decide its pixels.

    ``size_wh``, ``bits`` and ``colour`` (the colour type's number) are the header's; ``extra`` is
    palette and opacity as they are stored; ``lines`` is the filter bytes and pixels, inflated;
    ``runs`` is (bytes a line, lines) of each pass of an interlaced picture, of the only one else.
    """

    size_wh: tuple[int, int]
    bits: int
    colour: int
    interlaced: int
    extra: bytes
    lines: bytes
    runs: tuple[tuple[int, int], ...]

    def plain_gray(self) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | None:
        """Return the (H, W) pixels of a gray picture without row filters, else None.

        That is how datakit writes masks; nothing is left to decode.
        """
        width, height = self.size_wh
        if self.colour != 0 or self.extra or self.interlaced or self.bits not in (8, 16):
            return None
        rows = np.frombuffer(self.lines, np.uint8).reshape(height, -1)
        if rows[:, 0].any():
            return None
        body = np.ascontiguousarray(rows[:, 1:])
        if self.bits == 8:
            return body
        return body.view(">u2").reshape(height, width).astype(np.uint16)

    def stored(self) -> bytes:
        """Return a PNG of the same pixels without compression, which no decoder can misread."""
        header = _HEADER.pack(*self.size_wh, self.bits, self.colour, 0, 0, self.interlaced)
        return b"".join(
            [
                _SIGNATURE,
                _chunk(b"IHDR", header),
                self.extra,
                _chunk(b"IDAT", zlib.compress(self.lines, 0)),
                _chunk(b"IEND", b""),
            ]
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


def read_png(data: bytes, name: str) -> PngStream:
    """Take a PNG apart: every chunk that decides pixels is checked by its CRC, every line counted.

    Profiles, texts and the frames of an animation are left out; its first picture remains.

    Raises
    ------
    InputError
        If the file is damaged, with the share of the picture that is lost.
    TruncatedError
        If it ends before the picture does.
    """
    header, extra, bodies = _gather(data, name)
    width, height, bits, colour, method, filtering, interlaced = header
    if colour not in _CHANNELS or method or filtering or interlaced > 1 or not width * height:
        raise InputError(f"{name}: the image header is damaged (no such kind of PNG)")
    runs = _runs(width, height, bits * _CHANNELS[colour], interlaced)
    wanted = sum(size * count for size, count in runs)
    inflate = zlib.decompressobj()
    parts: list[bytes] = []
    left = wanted
    try:
        for body in bodies:
            # No more than the header speaks of (the rest of a bomb stays packed), and one byte, so
            # that the checksum behind the last one is looked at.
            if left >= 0:
                parts.append(inflate.decompress(body, left + 1))
                left -= len(parts[-1])
    except zlib.error as error:
        lost = left / wanted
        raise InputError(
            f"{name}: the PNG is damaged ({error}); up to {max(lost, 0.01):.0%} of the picture "
            "is lost"
        ) from None
    if left > 0:
        raise InputError(
            f"{name}: the PNG is damaged: {max(left / wanted, 0.01):.0%} of the picture is missing"
        )
    lines = b"".join(parts)[:wanted]
    _check_filters(lines, runs, name)
    return PngStream((width, height), bits, colour, interlaced, extra, lines, runs)


def _gather(data: bytes, name: str) -> tuple[tuple[int, ...], bytes, list[memoryview]]:
    """Return the header's numbers, the chunks of palette and opacity, and the packed pixels."""
    view = memoryview(data)
    header: tuple[int, ...] = ()
    extra = b""
    bodies: list[memoryview] = []
    for start, kind, length in chunks(data):
        end = start + 12 + length
        if end > len(data):
            break
        if kind in (b"IHDR", b"PLTE", b"tRNS"):
            stored = int.from_bytes(view[end - 4 : end], "big")
            if zlib.crc32(view[start + 4 : end - 4]) != stored:
                raise InputError(
                    f"{name}: the PNG is damaged: its {kind.decode()} chunk does not match its "
                    "checksum"
                )
            if kind == b"IHDR" and length == _HEADER.size:
                header = _HEADER.unpack(view[start + 8 : end - 4])
            elif kind != b"IHDR":
                extra += bytes(view[start:end])
        elif kind == b"IDAT":
            bodies.append(view[start + 8 : end - 4])
        elif kind == b"IEND":
            if not header:
                raise InputError(f"{name}: the image header is damaged (the PNG has none)")
            return header, extra, bodies
    raise TruncatedError(f"{name}: the PNG ends too early; the file was cut off")


def _runs(width: int, height: int, pixel_bits: int, interlaced: int) -> tuple[tuple[int, int], ...]:
    """Return (bytes a line with its filter byte, lines) of each pass that has pixels."""
    passes = PASSES if interlaced else ((0, 0, 1, 1),)
    found = []
    for left, top, step_x, step_y in passes:
        columns = -((left - width) // step_x)
        lines = -((top - height) // step_y)
        if columns > 0 and lines > 0:
            found.append((1 + (columns * pixel_bits + 7) // 8, lines))
    return tuple(found)


def _check_filters(lines: bytes, runs: tuple[tuple[int, int], ...], name: str) -> None:
    values = np.frombuffer(lines, np.uint8)
    start = 0
    for size, count in runs:
        wrong = np.flatnonzero(values[start : start + size * count : size] >= _FILTERS)
        if len(wrong):
            lost = 1 - (start + size * wrong[0]) / len(values)
            raise InputError(
                f"{name}: the PNG is damaged: up to {max(lost, 0.01):.0%} of the picture is lost"
            )
        start += size * count


def _chunk(kind: bytes, body: bytes) -> bytes:
    return (
        struct.pack(">I", len(body))
        + kind
        + body
        + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))
    )
