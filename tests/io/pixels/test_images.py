"""The one decoder and encoder, held against Pillow and OpenCV."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageOps

from datakit.core.images.orientation import orient
from datakit.errors import InputError
from datakit.io.pixels import decoders, images

ORIENTATIONS = range(1, 9)
FORMATS = ("JPEG", "PNG", "TIFF", "WEBP")


def picture(height: int = 24, width: int = 40) -> np.ndarray:
    """Four flat corners of different colours: no turn looks like another, JPEG keeps them."""
    pixels = np.full((height, width, 3), 128, np.uint8)
    pixels[: height // 2, : width // 2] = (240, 16, 16)
    pixels[: height // 2, width // 2 :] = (16, 240, 16)
    pixels[height // 2 :, : width // 2] = (16, 16, 240)
    return pixels


def saved(pixels: Any, kind: str, orientation: int | None = None, **options: Any) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    if orientation is not None:
        exif = Image.Exif()
        exif[274] = orientation
        options["exif"] = exif
    if kind == "WEBP":
        options.setdefault("lossless", True)
    if kind == "JPEG":
        options.setdefault("quality", 98)
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def shown(data: bytes, mode: str = "RGB") -> np.ndarray:
    with Image.open(BytesIO(data)) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert(mode))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def bare_png(width: int, height: int, *, bits: int = 8, colour: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


# Orientation: one policy for every format and every kind of decoding


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("kind", FORMATS)
def test_every_decoder_shows_what_pillow_shows(kind: str, orientation: int) -> None:
    data = saved(picture(), kind, orientation)
    expected = shown(data)
    facts = images.probe(data)
    assert (facts.format, facts.orientation) == (kind, orientation)
    assert facts.size_wh == expected.shape[1::-1]
    # JPEG decoders may differ by rounding
    tolerance = 3 if kind == "JPEG" else 0
    for decode in (decoders.decode_photo, decoders.decode_stored):
        found = decode(data)
        assert found.shape == expected.shape
        assert np.abs(found.astype(int) - expected).max() <= tolerance, decode.__name__


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("kind", FORMATS)
def test_a_label_turns_like_its_photo(kind: str, orientation: int) -> None:
    gray = picture()[..., 0]
    data = saved(gray, kind, orientation)
    found = decoders.decode_alpha(data)
    assert found.shape == images.probe(data).size_wh[::-1]
    assert np.abs(found * 255 - shown(data, "L")).max() <= 3


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_labels_keep_their_depth_and_turn(kind: str, orientation: int) -> None:
    values = np.arange(24 * 40, dtype=np.uint16).reshape(24, 40) * 61
    found = decoders.decode_mask(saved(Image.fromarray(values), kind, orientation))
    assert found.dtype == np.uint16
    assert np.array_equal(found, orient(values, orientation))


def test_orientation_of_a_png_whose_exif_follows_the_pixels() -> None:
    data = saved(picture(), "PNG")
    exif = Image.Exif()
    exif[274] = 6
    late = data[:-12] + chunk(b"eXIf", exif.tobytes()[6:]) + data[-12:]
    assert images.probe(late).orientation == 6
    assert np.array_equal(decoders.decode_photo(late), shown(late))


@pytest.mark.parametrize("value", [0, 9, 600])
def test_an_orientation_that_does_not_exist_is_none(value: int) -> None:
    data = saved(picture(), "JPEG", value)
    assert images.probe(data).orientation == 1


# Modes


def test_palette_pictures_are_indices_as_labels_and_colours_as_photos() -> None:
    indices = np.arange(24 * 40, dtype=np.uint8).reshape(24, 40) % 5
    image = Image.fromarray(indices)
    image.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    data = saved(image, "PNG")
    assert np.array_equal(decoders.decode_mask(data), indices)
    assert np.array_equal(decoders.decode_photo(data), shown(data))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_palette_labels_turn(kind: str, orientation: int) -> None:
    indices = np.arange(24 * 40, dtype=np.uint8).reshape(24, 40) % 7
    image = Image.fromarray(indices)
    image.putpalette([37 * k % 256 for k in range(21)])
    data = saved(image, kind, orientation)
    assert np.array_equal(decoders.decode_mask(data), orient(indices, orientation))
    assert np.array_equal(decoders.decode_photo(data), shown(data))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_tiff_of_the_other_byte_order_turns(orientation: int) -> None:
    values = np.arange(24 * 40, dtype=np.uint16).reshape(24, 40) * 61
    image = Image.fromarray(values.astype(">u2"))
    assert image.mode == "I;16B"
    data = saved(image, "TIFF", orientation)
    assert np.array_equal(decoders.decode_mask(data), orient(values, orientation))


def test_one_bit_labels_are_0_and_255() -> None:
    bits = np.eye(20, 30, dtype=bool)
    for kind in ("PNG", "TIFF"):
        found = decoders.decode_mask(saved(Image.fromarray(bits), kind))
        assert found.dtype == np.uint8
        assert np.array_equal(found, bits * np.uint8(255))


def test_cmyk_is_a_photo() -> None:
    data = saved(Image.fromarray(picture()).convert("CMYK"), "JPEG")
    assert images.probe(data).mode == "CMYK"
    assert np.abs(decoders.decode_photo(data).astype(int) - shown(data)).mean() < 3


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_opacity_beside_equal_channels_is_no_label(mode: str) -> None:
    gray = picture()[..., 0]
    image = Image.fromarray(gray).convert(mode)
    image.putalpha(Image.fromarray(np.full_like(gray, 77)))
    data = saved(image, "PNG")
    assert np.array_equal(decoders.decode_mask(data), gray)


def test_a_photo_is_no_label() -> None:
    with pytest.raises(InputError, match=r"a\.png: expected one channel \(a label\), found 3"):
        decoders.decode_mask(saved(picture(), "PNG"), "a.png")


def test_alpha_in_eight_and_sixteen_bits_and_float() -> None:
    values = np.linspace(0, 1, 24 * 40).reshape(24, 40)
    for dtype, top in ((np.uint8, 255), (np.uint16, 65535)):
        stored = np.rint(values * top).astype(dtype)
        alpha = decoders.decode_alpha(saved(Image.fromarray(stored), "PNG"))
        assert alpha.dtype == np.float32
        assert alpha.min() == 0
        assert alpha.max() == 1
        assert np.abs(alpha * top - stored).max() < 0.01
    data = saved(Image.fromarray(values.astype(np.float32)), "TIFF")
    assert np.array_equal(decoders.decode_alpha(data), values.astype(np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1.5, -0.1])
def test_a_float_alpha_must_be_a_share(bad: float) -> None:
    values = np.zeros((4, 4), np.float32)
    values[1, 2] = bad
    with pytest.raises(InputError, match=r"expected values in \[0, 1\]"):
        decoders.decode_alpha(saved(Image.fromarray(values), "TIFF"))


# Files that are none


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "an empty file"),
        (b"\xff", "1 bytes of another kind"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"\n <!DOCTYPE html><html>", "a web page"),
        (b"\x89PNG\r\n\x1a\n", "damaged|another kind"),
        (bare_png(100_000, 100_000), "pixels"),
        (bare_png(14_000, 14_000), "expected at most 178,956,970 pixels"),
        (bare_png(0, 10), "pixels|damaged|another kind"),
    ],
)
@pytest.mark.parametrize(
    "decode", [images.probe, decoders.decode_photo, decoders.decode_stored, decoders.decode_alpha]
)
def test_what_is_no_image_says_what_it_is(decode: Any, data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=f"(?s)^x.jpg: .*({words})"):
        decode(data, "x.jpg")


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_was_cut_off_is_refused(kind: str, share: float) -> None:
    rng = np.random.default_rng(3)
    data = saved(rng.integers(0, 255, (60, 80, 3), np.uint8), kind)
    with pytest.raises(InputError, match="x: "):
        decoders.decode_photo(data[: int(len(data) * share)], "x")


def test_the_header_alone_is_read() -> None:
    # Deflated nothing: any attempt to decode pixels would fail.
    facts = images.probe(bare_png(300, 200))
    assert facts.size_wh == (300, 200)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_damaged_files_fail_in_one_way_only(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from((*FORMATS, "BMP", "GIF")))
    whole = bytearray(saved(picture(12, 16), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    for decode in (decoders.decode_photo, decoders.decode_stored, decoders.decode_alpha):
        try:
            decode(bytes(whole), "x")
        except InputError as error:
            assert str(error).startswith("x: ")


# Encoding


SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=70)


@given(
    hnp.arrays(np.uint8, SHAPES)
    | hnp.arrays(np.uint16, SHAPES)
    | hnp.arrays(np.uint8, SHAPES.map(lambda shape: (*shape, 3)))
    | hnp.arrays(np.uint16, SHAPES.map(lambda shape: (*shape, 3)))
)
@settings(max_examples=150, deadline=None)
def test_png_keeps_every_pixel_for_every_reader(pixels: np.ndarray) -> None:
    data = images.encode_png(pixels)
    assert np.array_equal(decoders.decode_stored(data), pixels)
    other = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(other if other.ndim == 2 else other[..., ::-1], pixels)
    with Image.open(BytesIO(data)) as image:
        image.load()
        assert image.size == pixels.shape[1::-1]
        if not (pixels.ndim == 3 and pixels.dtype == np.uint16):  # Pillow has no such mode
            assert np.array_equal(np.asarray(image), pixels)


def test_strided_views_are_encoded_as_they_look() -> None:
    pixels = np.arange(600, dtype=np.uint16).reshape(20, 30)
    for view in (pixels[:, ::-1], pixels.T, pixels[::2, ::3]):
        assert np.array_equal(decoders.decode_stored(images.encode_png(view)), view)
        small = view.astype(np.uint8)[:, ::-1]
        assert np.array_equal(decoders.decode_stored(images.encode_png(small)), small)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 4), np.float32),
        np.zeros((4, 4), bool),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros(4, np.uint8),
    ],
)
def test_png_of_something_else_is_refused(pixels: np.ndarray) -> None:
    with pytest.raises(InputError, match="PNG: expected"):
        images.encode_png(pixels)


@pytest.mark.parametrize("suffix", sorted(images.EXTENSIONS))
def test_a_photo_is_written_in_the_format_of_its_name(suffix: str) -> None:
    data = images.encode_like(picture(), suffix.upper())
    lossy = images.probe(data).format == "JPEG"
    difference = np.abs(decoders.decode_photo(data).astype(int) - picture())
    assert difference.max() <= (12 if lossy else 0)


def test_another_suffix_is_refused() -> None:
    with pytest.raises(InputError, match=r"\.gif: expected one of \.bmp, "):
        images.encode_like(picture(), ".gif")


def test_the_same_pixels_are_the_same_bytes() -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[8:40, 9:50] = 255
    assert images.encode_png(mask) == images.encode_png(mask.copy())
    assert images.encode_jpeg(picture()) == images.encode_jpeg(picture())
