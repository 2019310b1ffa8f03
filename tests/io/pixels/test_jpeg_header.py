"""The short way through a JPEG's header says what Pillow says, or nothing."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from datakit.io.pixels.jpeg_header import plain_jpeg
from datakit.io.pixels.pillow import full_probe


def _jpeg(mode: str, size: tuple[int, int], **options: object) -> bytes:
    buffer = BytesIO()
    channels = {"L": (), "RGB": (3,), "CMYK": (4,)}[mode]
    pixels = np.random.default_rng(3).integers(0, 256, (size[1], size[0], *channels), np.uint8)
    Image.fromarray(pixels, mode).save(buffer, "JPEG", **options)
    return buffer.getvalue()


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated:DeprecationWarning")
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_agrees_with_pillow(mode: str, progressive: bool) -> None:
    data = _jpeg(mode, (37, 21), progressive=progressive, comment=b"a comment")
    assert plain_jpeg(data) == full_probe(data, "x")


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated:DeprecationWarning")
def test_leaves_the_uncommon_to_the_full_parser() -> None:
    exif = Image.Exif()
    exif[274] = 6
    assert plain_jpeg(_jpeg("RGB", (8, 8), exif=exif)) is None
    assert plain_jpeg(_jpeg("CMYK", (8, 8))) is None
    assert plain_jpeg(b"\x89PNG\r\n\x1a\n" + bytes(40)) is None
    assert plain_jpeg(b"") is None


@given(st.binary(max_size=80), st.integers(0, 400))
@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated:DeprecationWarning")
def test_never_raises(noise: bytes, where: int) -> None:
    data = _jpeg("RGB", (8, 8))
    plain_jpeg(data[:where] + noise + data[where:])
    plain_jpeg(b"\xff\xd8\xff" + noise)
