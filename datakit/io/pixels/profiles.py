"""Colour profiles built anew from what decides colours, so that nothing else comes along.

A profile is read as ICC.1:2022 writes it down: header, tag table, tags. Kept are white point,
primaries, tone curves, chromatic adaptation and lookup tables, each cut at the length that its own
counts state; descriptions, private tags, dates, makers and whatever lies between or behind are not.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from datakit.errors import InputError

MAX_BYTES: Final = 1 << 24
_HEADER: Final = 128
_COLOUR_TAGS: Final = (
    *(b"wtpt", b"chad", b"cicp", b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"kTRC"),
    *(b"A2B0", b"A2B1", b"A2B2", b"B2A0", b"B2A1", b"B2A2"),
)
_CLASSES: Final = frozenset({b"scnr", b"mntr", b"prtr", b"spac"})
_SPACES: Final = frozenset({b"RGB ", b"GRAY"})
_CONNECTIONS: Final = frozenset({b"XYZ ", b"Lab "})
_MOST_TAGS: Final = 200
_DATE: Final = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
_D50: Final = struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
_PARAMETERS: Final = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}
_WORDS: Final = "built anew from colour tags"

Range = tuple[int, int]
"""First byte of a tag's data, and the one behind its last."""


def rebuild_profile(icc: bytes) -> bytes:
    """Return a profile that shows the same colours and holds nothing else.

    Parameters
    ----------
    icc : bytes
        A profile of RGB or gray, as it stands in a file.

    Returns
    -------
    bytes
        Equal for profiles of equal colour tags; built anew it stays what it is.

    Raises
    ------
    InputError
        If it is no such profile, is damaged, or is over 16 MiB.
    """
    if not _HEADER + 4 <= len(icc) <= MAX_BYTES:
        raise InputError(f"colour profile: expected 132 bytes to 16 MiB, found {len(icc)} bytes")
    try:
        return _rebuilt(icc)
    except (struct.error, IndexError, KeyError):
        raise InputError("colour profile: expected whole tags, found one cut off") from None


def profile_space(icc: bytes) -> str:
    """Return the colour space of a profile's pixels, such as ``"RGB"`` or ``"GRAY"``."""
    return icc[16:20].decode("latin-1").strip()


def _rebuilt(icc: bytes) -> bytes:
    header, icc = icc[:_HEADER], icc[: int.from_bytes(icc[:4], "big")]
    kind, space, connection = header[12:16], header[16:20], header[20:24]
    if header[36:40] != b"acsp" or header[8] not in (2, 4):
        raise InputError("colour profile: expected an ICC profile of version 2 or 4, found none")
    if kind not in _CLASSES or space not in _SPACES or connection not in _CONNECTIONS:
        raise InputError(
            "colour profile: expected one of RGB or gray pixels, found "
            f"{kind!r}, {space!r}, {connection!r}"
        )
    tags = {b"desc": _description(header[8]), b"cprt": _copyright(header[8])}
    table = _tag_table(icc)
    for signature, (start, end) in table:
        if signature in _COLOUR_TAGS:
            _check_apart(signature, (start, end), table)
            tags.setdefault(signature, _tag(icc[start:end]))
    return _assembled(header, tags)


def _tag_table(icc: bytes) -> list[tuple[bytes, Range]]:
    """Return the tags' names and where their data lie, in the order of the table."""
    (count,) = struct.unpack_from(">I", icc, _HEADER)
    table = []
    for number in range(min(count, _MOST_TAGS)):
        signature, offset, size = struct.unpack_from(">4sII", icc, _HEADER + 4 + 12 * number)
        table.append((signature, (offset, offset + size)))
    return table


def _check_apart(signature: bytes, data: Range, table: Sequence[tuple[bytes, Range]]) -> None:
    """Refuse a tag whose data overlap the header, the table or another tag's data.

    Tags that share their data begin at the same byte. An offset into the middle of another tag is
    damage: what may be a text there would be kept as numbers of a curve.
    """
    start, end = data
    body = _HEADER + 4 + 12 * len(table)
    others = [(0, body), *(other for _, other in table if other[0] != start)]
    if any(start < other_end and other_start < end for other_start, other_end in others):
        raise InputError(
            f"colour profile: expected tag {signature!r} to share its data as a whole or not at "
            "all, found it overlapping other data"
        )


def _assembled(header: bytes, tags: Mapping[bytes, bytes]) -> bytes:
    """Write header, table and tags; tags of equal bytes share them, as three curves often do."""
    start = _HEADER + 4 + 12 * len(tags)
    places: dict[bytes, int] = {}
    table, body = b"", b""
    for signature, data in tags.items():
        if data not in places:
            places[data] = start + len(body)
            body += _padded(data)
        table += struct.pack(">4sII", signature, places[data], len(data))
    intent = header[64:68] if header[64:68] in {bytes([0, 0, 0, i]) for i in range(4)} else bytes(4)
    fresh = struct.pack(">I", start + len(body)) + bytes(4) + bytes([header[8], header[9], 0, 0])
    fresh += header[12:24] + _DATE + b"acsp" + bytes(24) + intent + _D50 + bytes(48)
    return fresh + struct.pack(">I", len(tags)) + table + body


def _tag(data: bytes) -> bytes:
    reader = _READERS.get(data[:4])
    if reader is None:
        raise InputError(f"colour profile: expected colours in a tag, found type {data[:4]!r}")
    return data[:4] + bytes(4) + reader(data)


def _part(data: bytes, start: int, size: int) -> bytes:
    found = data[start : start + size]
    if len(found) != size:
        raise IndexError
    return found


def _curve(data: bytes) -> bytes:
    (count,) = struct.unpack_from(">I", data, 8)
    return _part(data, 8, 4 + 2 * count)


def _parametric(data: bytes) -> bytes:
    (function,) = struct.unpack_from(">H", data, 8)
    return data[8:10] + bytes(2) + _part(data, 12, 4 * _PARAMETERS[function])


def _table(data: bytes) -> bytes:
    """Read lut8Type or lut16Type."""
    inputs, outputs, grid = _part(data, 8, 3)
    wide = data[:4] == b"mft2"
    ends = struct.unpack_from(">2H", data, 48) if wide else (256, 256)
    entries = inputs * ends[0] + grid**inputs * outputs + outputs * ends[1]
    size = 36 + (4 + 2 * entries if wide else entries)
    return data[8:11] + bytes(1) + _part(data, 12, size)


def _stages(data: bytes) -> bytes:
    """Read lutAToBType or lutBToAType: five stages, each where its offset says."""
    inputs, outputs = _part(data, 8, 2)
    # B and M curves lie on the side of the connection space, A curves on that of the device.
    near, far = (outputs, inputs) if data[:4] == b"mAB " else (inputs, outputs)
    readers: tuple[Callable[[int], bytes], ...] = (
        lambda at: _curves(data, at, near),
        lambda at: _part(data, at, 48),
        lambda at: _curves(data, at, near),
        lambda at: _grid(data, at, inputs, outputs),
        lambda at: _curves(data, at, far),
    )
    offsets, body = [], b""
    for place, reader in zip(struct.unpack_from(">5I", data, 12), readers, strict=True):
        offsets.append(32 + len(body) if place else 0)
        body += reader(place) if place else b""
    return data[8:10] + bytes(2) + struct.pack(">5I", *offsets) + body


def _curves(data: bytes, start: int, count: int) -> bytes:
    found = b""
    for _ in range(count):
        kind = _part(data, start, 4)
        if kind not in (b"curv", b"para"):
            raise InputError(f"colour profile: expected a curve, found type {kind!r}")
        curve = _padded(_tag(data[start:]))
        found += curve
        start += len(curve)
    return found


def _grid(data: bytes, start: int, inputs: int, outputs: int) -> bytes:
    points, width = _part(data, start, 16)[:inputs], _part(data, start, 17)[16]
    size = outputs * width
    for count in points:
        size *= count
    if inputs > 16 or width not in (1, 2) or size > MAX_BYTES:
        raise IndexError
    head = points + bytes(16 - inputs) + bytes([width, 0, 0, 0])
    return _padded(head + _part(data, start + 20, size))


_READERS: Final[Mapping[bytes, Callable[[bytes], bytes]]] = {
    b"XYZ ": lambda data: _part(data, 8, 12),
    b"sf32": lambda data: _part(data, 8, 36),
    b"cicp": lambda data: _part(data, 8, 4),
    b"curv": _curve,
    b"para": _parametric,
    b"mft1": _table,
    b"mft2": _table,
    b"mAB ": _stages,
    b"mBA ": _stages,
}


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def _description(version: int) -> bytes:
    if version == 4:
        return _localised()
    text = _WORDS.encode() + b"\0"
    return b"desc" + bytes(4) + struct.pack(">I", len(text)) + text + bytes(78)


def _copyright(version: int) -> bytes:
    return _localised() if version == 4 else b"text" + bytes(4) + _WORDS.encode() + b"\0"


def _localised() -> bytes:
    text = _WORDS.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II4sII", 1, 12, b"enUS", len(text), 28) + text
