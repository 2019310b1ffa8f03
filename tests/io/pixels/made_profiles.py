"""Small colour profiles for tests, made by the book (ICC.1:2010)."""

from __future__ import annotations

import itertools
import struct

_D50 = struct.pack(">3i", 63190, 65536, 54061)


def profile(space: bytes, connection: bytes, kind: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Assemble a profile of version 2."""
    start = 132 + 12 * len(tags)
    table, body = b"", b""
    for name, data in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4s", start + len(body), b"test") + bytes([2, 64, 0, 0])
    head += kind + space + connection + bytes(12) + b"acsp" + bytes(28) + _D50
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def gray_profile(gamma: float) -> bytes:
    """Gray of one exponent."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
    white = b"XYZ " + bytes(4) + _D50
    return profile(b"GRAY", b"XYZ ", b"mntr", {b"wtpt": white, b"kTRC": curve})


def cmyk_profile() -> bytes:
    """Inks that are paler than the plain formula has them: all cyan is not (0, 255, 255)."""
    ramp = bytes(range(256))
    grid = b""
    for cyan, magenta, yellow, black in itertools.product((0, 1), repeat=4):
        light = 255 - 60 * cyan - 90 * magenta - 20 * yellow
        grid += bytes(
            [
                max(0, light) // (1 + 5 * black),
                128 + (40 * magenta - 30 * cyan) * (1 - black),
                128 + (50 * yellow - 30 * cyan) * (1 - black),
            ]
        )
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + ramp * 4 + grid + ramp * 3
    return profile(b"CMYK", b"Lab ", b"prtr", {b"A2B0": table})
