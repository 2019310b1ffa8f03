"""Colours of embedded profiles: read as sRGB, and said."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from datakit.io.pixels import decoders
from datakit.io.pixels.conversions import listening
from datakit.io.pixels.icc import UnusableProfile, space_of, to_srgb
from datakit.io.pixels.profiles import rebuild_profile
from tests.io.pixels.made_profiles import cmyk_profile, gray_profile

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
INKS = {
    "cyan": (255, 0, 0, 0),
    "magenta": (0, 255, 0, 0),
    "none": (0, 0, 0, 0),
    "half": (128, 64, 32, 16),
}


def linear_rgb() -> bytes:
    """sRGB's primaries without its curve."""
    data = bytearray(rebuild_profile(SRGB))
    # All three curves are one tag of type para; exponent 1 makes them straight.
    for at in range(128, len(data) - 4):
        if data[at : at + 4] == b"para":
            data[at + 8 : at + 10] = bytes(2)
            data[at + 12 : at + 16] = (65536).to_bytes(4, "big")
    return bytes(data)


def saved(picture: Image.Image, kind: str, icc: bytes | None) -> bytes:
    buffer = BytesIO()
    options = {"lossless": True} if kind == "WEBP" else {}
    options |= {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    picture.save(buffer, kind, icc_profile=icc, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
@pytest.mark.parametrize("inks", INKS.values(), ids=INKS)
def test_cmyk_is_converted_by_its_profile(kind: str, inks: tuple[int, ...]) -> None:
    picture = Image.new("CMYK", (16, 16), inks)
    wanted = np.asarray(
        ImageCms.profileToProfile(
            picture,
            ImageCms.ImageCmsProfile(BytesIO(cmyk_profile())),
            ImageCms.createProfile("sRGB"),
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            "RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    )
    with listening() as heard:
        found = decoders.decode_photo(saved(picture, kind, cmyk_profile()), "p")
    assert np.abs(found.astype(int) - wanted).max() <= 3
    assert heard == {"profile": {"p"}}
    if inks == INKS["cyan"]:
        plain = np.asarray(picture.convert("RGB"))
        assert np.abs(found.astype(int) - plain).max() > 20


@pytest.mark.parametrize(
    ("icc", "kinds"),
    [(None, {"inks"}), (SRGB, {"inks"}), (b"x" * 200, {"unreadable profile", "inks"})],
)
def test_cmyk_without_a_profile_of_its_own_is_said(icc: bytes | None, kinds: set[str]) -> None:
    picture = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    with listening() as heard:
        found = decoders.decode_photo(saved(picture, "TIFF", icc), "p.tif")
    assert np.array_equal(found, np.asarray(picture.convert("RGB")))
    assert heard.keys() == kinds


def test_gray_is_converted_by_its_curve() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (4, 1))
    for kind in ("PNG", "TIFF", "JPEG"):
        data = saved(Image.fromarray(ramp), kind, gray_profile(1.0))
        with listening() as heard:
            found = decoders.decode_photo(data, "g")
        light = np.arange(256) / 255
        wanted = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
        assert np.abs(found[0, :, 0] - 255 * wanted).max() <= 2
        assert heard == {"profile": {"g"}}
        assert np.array_equal(decoders.decode_photo(data, colours="stored")[..., 0], ramp)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("WEBP", "RGB"),
        ("WEBP", "RGBA"),
        ("TIFF", "RGB"),
    ],
)
def test_wide_gamut_is_converted_in_every_mode(kind: str, mode: str) -> None:
    picture = Image.new("RGB", (16, 16), (60, 120, 180))
    adaptive = {"palette": Image.Palette.ADAPTIVE} if mode == "P" else {}
    picture = picture.convert(mode, **adaptive)
    with listening() as heard:
        found = decoders.decode_photo(saved(picture, kind, linear_rgb()), "w")
    light = np.array([60, 120, 180]) / 255
    wanted = 255 * (1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(found[0, 0] - wanted).max() <= 2
    assert heard == {"profile": {"w"}}


def test_a_profile_of_other_colours_than_the_picture_is_said() -> None:
    photo = Image.new("RGB", (16, 16), (60, 120, 180))
    for icc in (gray_profile(1.0), cmyk_profile(), b"x" * 200):
        with listening() as heard:
            found = decoders.decode_photo(saved(photo, "PNG", icc), "w.png")
        assert found[0, 0].tolist() == [60, 120, 180]
        assert heard == {"unreadable profile": {"w.png"}}


def test_srgb_is_left_as_it_is_and_nothing_is_said() -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (16, 16, 3), np.uint8)
    with listening() as heard:
        found = decoders.decode_photo(saved(Image.fromarray(pixels), "PNG", SRGB))
    assert np.array_equal(found, pixels) and heard == {}
    assert to_srgb(pixels, SRGB) is None


def test_what_is_no_profile_is_no_crash() -> None:
    assert space_of(cmyk_profile()) == "CMYK"
    for icc in (b"", b"x" * 200, cmyk_profile()[:150], cmyk_profile()[:800]):
        with pytest.raises(UnusableProfile):
            to_srgb(np.zeros((2, 2, 4), np.uint8), icc)
