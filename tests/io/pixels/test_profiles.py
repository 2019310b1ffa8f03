"""Colour profiles built anew: the same colours, and not a byte that is no colour."""

from __future__ import annotations

import struct
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from datakit.errors import InputError
from datakit.io.pixels.profiles import profile_space, rebuild_profile

SECRET = b"SN-0815-of-Jane-Roe"
CUBE = np.stack(np.meshgrid(*[np.arange(0, 256, 17, dtype=np.uint8)] * 3), axis=-1).reshape(
    -1, 16, 3
)


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def fixed(value):
    return struct.pack(">i", round(value * 65536))


def profile(tags, version=2, space=b"RGB ", behind=b"", maker=b"\0\0\0\0"):
    """Write a profile with all that an innocent one has: dates, makers, gaps, a device's id."""
    table, body = b"", b""
    start = 132 + 12 * len(tags)
    for signature, data in tags.items():
        table += struct.pack(">4sII", signature, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    connection = b"Lab " if b"A2B0" in tags else b"XYZ "
    head = struct.pack(">I4s", start + len(body), SECRET[:4]) + bytes([version, 0x20, 0, 0])
    head += b"mntr" + space + connection + struct.pack(">6H", 2024, 5, 6, 7, 8, 9) + b"acsp"
    head += b"APPL" + bytes(4) + maker + SECRET[:4] + bytes(8) + bytes(4)
    head += struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D) + SECRET[:4] + SECRET[:16] + bytes(28)
    return head + struct.pack(">I", len(tags)) + table + body + behind


def xyz(*values):
    return b"XYZ " + bytes(4) + b"".join(map(fixed, values))


def wide(more=()):
    """Adobe's wide primaries with a parametric and two sampled curves, and private tags."""
    ramp = np.rint(65535 * np.linspace(0, 1, 64) ** 2.2).astype(">u2").tobytes()
    curve = b"curv" + bytes(4) + struct.pack(">I", 64) + ramp
    return {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(SECRET) + 1) + SECRET + bytes(79),
        b"wtpt": xyz(0.9642, 1, 0.8249),
        b"rXYZ": xyz(0.6097, 0.3111, 0.0195),
        b"gXYZ": xyz(0.2053, 0.6257, 0.0609),
        b"bXYZ": xyz(0.1492, 0.0632, 0.7446),
        b"rTRC": b"para" + bytes(4) + struct.pack(">HH", 0, 0) + fixed(2.2) + SECRET,
        b"gTRC": curve + SECRET,
        b"bTRC": curve,
        b"mmod": b"mmod" + bytes(4) + SECRET,
        **dict(more),
    }


def table_tags():
    """A profile by lookup tables: red and blue change places, in lut16Type."""
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 5)] * 3, indexing="ij"), axis=-1)
    values = np.rint(grid[..., ::-1] * 65280).astype(">u2").tobytes()
    line = np.array([0, 65535], ">u2").tobytes()
    one = b"".join(fixed(v) for v in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    lut = b"mft2" + bytes(4) + bytes([3, 3, 5, 0]) + one + struct.pack(">2H", 2, 2)
    lut += line * 3 + values + line * 3 + SECRET
    return {b"wtpt": xyz(0.9642, 1, 0.8249), b"A2B0": lut, b"B2A0": lut}


def stage_tags():
    """The same by lutAToBType, its parts in another order and with something between them."""
    curve = b"curv" + bytes(8)
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 4)] * 3, indexing="ij"), axis=-1)
    values = np.rint(grid[..., ::-1] * 255).astype(np.uint8).tobytes()
    clut = bytes([4, 4, 4]) + bytes(13) + bytes([1, 0, 0, 0]) + values
    gap = SECRET + bytes(-len(SECRET) % 4)
    at = 32 + len(gap)
    parts = gap + clut + curve * 3 + gap + curve * 3
    first, last = at + len(clut), at + len(clut) + 36 + len(gap)
    tags = {b"wtpt": xyz(0.9642, 1, 0.8249)}
    for name, kind in ((b"A2B0", b"mAB "), (b"B2A0", b"mBA ")):
        head = kind + bytes(4) + bytes([3, 3, 0, 0])
        tags[name] = head + struct.pack(">5I", last, 0, 0, at, first) + parts
    return tags


def shown(icc, source=CUBE):
    opened = ImageCms.ImageCmsProfile(BytesIO(icc))
    target = ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(opened, target, "RGB", "RGB")
    return np.asarray(ImageCms.applyTransform(Image.fromarray(source), transform))


@pytest.mark.parametrize(
    "icc",
    [
        srgb(),
        srgb() + SECRET,
        profile(wide(), maker=SECRET[:4], behind=SECRET),
        profile(wide(), version=4),
        profile(table_tags()),
        profile(stage_tags(), version=4),
    ],
    ids=["srgb", "behind", "wide", "version 4", "tables", "stages"],
)
def test_the_colours_stay_and_nothing_else_does(icc):
    fresh = rebuild_profile(icc)
    assert (shown(fresh) == shown(icc)).all()
    assert SECRET not in fresh
    assert SECRET[:4] not in fresh
    assert int.from_bytes(fresh[:4], "big") == len(fresh)
    assert rebuild_profile(fresh) == fresh
    assert profile_space(fresh) == "RGB"


def test_a_profile_of_gray_is_kept():
    tags = {b"wtpt": xyz(0.9642, 1, 0.8249), b"kTRC": b"curv" + bytes(7) + b"\1\2\0" + SECRET}
    fresh = rebuild_profile(profile(tags, space=b"GRAY"))
    assert profile_space(fresh) == "GRAY"
    assert SECRET not in fresh


def test_two_devices_of_equal_colours_get_equal_profiles():
    one, two = (profile(wide({b"mmod": tag}), maker=tag) for tag in (b"one ", b"two "))
    assert rebuild_profile(one) == rebuild_profile(two)


@pytest.mark.parametrize(
    "icc",
    [
        b"",
        b"no profile" * 20,
        profile(wide(), space=b"CMYK"),
        profile(wide())[:200],
        profile(wide({b"rTRC": b"curv" + bytes(4) + b"\xff" * 4})),
        profile(wide({b"rTRC": b"text" + bytes(4) + SECRET})),
    ],
    ids=["empty", "text", "cmyk", "cut", "count", "type"],
)
def test_what_is_no_whole_profile_is_an_error(icc):
    with pytest.raises(InputError, match="colour profile: expected"):
        rebuild_profile(icc)


def entry(icc, signature):
    """Where the table keeps a tag's offset."""
    return icc.index(signature, 132) + 4


def with_offset(icc, signature, offset):
    at = entry(icc, signature)
    return icc[:at] + struct.pack(">I", offset) + icc[at + 4 :]


def test_tags_may_share_their_data():
    icc = profile(wide({b"gTRC": wide()[b"bTRC"]}))
    (offset,) = struct.unpack_from(">I", icc, entry(icc, b"gTRC"))
    shared = with_offset(icc, b"bTRC", offset)
    assert rebuild_profile(shared) == rebuild_profile(icc)


@pytest.mark.parametrize("place", ["text", "header"])
def test_an_offset_into_other_data_is_damage(place):
    text = b"mmod" + bytes(4) + b"curv" + bytes(4) + struct.pack(">I", 10) + SECRET + b"\0"
    icc = profile(wide({b"mmod": text, b"gTRC": wide()[b"bTRC"]}), maker=b"curv")
    (offset,) = struct.unpack_from(">I", icc, entry(icc, b"mmod"))
    damaged = with_offset(icc, b"gTRC", offset + 8 if place == "text" else 48)
    with pytest.raises(InputError, match="overlapping"):
        rebuild_profile(damaged)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damage_is_an_error_or_a_profile_never_anything_else(data):
    whole = bytearray(data.draw(st.sampled_from([profile(wide()), profile(stage_tags(), 4)])))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        fresh = rebuild_profile(bytes(whole))
    except InputError:
        return
    # That no text is in it cannot be held against all damage: a larger count takes what lies behind
    # a curve, within its own tag, for more of the curve.
    assert rebuild_profile(fresh) == fresh
