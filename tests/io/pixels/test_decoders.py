"""One decoder for each meaning: every coding of one label is one label, or refused."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from datakit.core.images.transparency import composite
from datakit.errors import InputError, TruncatedError
from datakit.io.pixels import decoders, images, native, png_stream
from datakit.io.pixels.formats import sniff
from datakit.io.pixels.jpeg_stream import jpeg_end


def saved(pixels: Any, kind: str = "PNG", **options: Any) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def array_file(array: np.ndarray) -> bytes:
    buffer = BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def soft(height: int = 40, width: int = 56) -> np.ndarray:
    """A blurred disc, (H, W) uint8: all levels occur."""
    disc = np.zeros((height, width), np.uint8)
    cv2.circle(disc, (width // 2, height // 2), height // 3, 255, -1)
    return np.asarray(cv2.GaussianBlur(disc, (0, 0), 4))


def noise(height: int = 40, width: int = 56) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), np.uint8)


def shuffled_palette(gray: np.ndarray, seed: int = 3) -> Image.Image:
    """The same picture as a palette whose order is chance, as an optimiser may write it."""
    order = np.random.default_rng(seed).permutation(256).astype(np.uint8)
    indices = np.argsort(order).astype(np.uint8)[gray]
    image = Image.fromarray(indices)
    image.putpalette(np.repeat(order[:, None], 3, axis=1).ravel().tolist())
    return image


def beside(colours: np.ndarray, opacity: np.ndarray, mode: str) -> Image.Image:
    image = Image.fromarray(colours).convert(mode)
    image.putalpha(Image.fromarray(opacity))
    return image


ALPHA = soft()
WHITE = np.full((*ALPHA.shape, 3), 255, np.uint8)
CODINGS: dict[str, Callable[[], bytes]] = {
    "L": lambda: saved(ALPHA),
    "LA, opaque": lambda: saved(Image.fromarray(ALPHA).convert("LA")),
    "RGB": lambda: saved(np.repeat(ALPHA[..., None], 3, axis=2)),
    "RGBA, opaque": lambda: saved(Image.fromarray(ALPHA).convert("RGBA")),
    "A of white LA": lambda: saved(beside(WHITE[..., 0], ALPHA, "LA")),
    "A of white RGBA": lambda: saved(beside(WHITE, ALPHA, "RGBA")),
    "A of black RGBA": lambda: saved(beside(WHITE * 0, ALPHA, "RGBA")),
    "A of a cut-out": lambda: saved(beside(noise(), ALPHA, "RGBA")),
    "A of a cut-out, WebP": lambda: saved(beside(noise(), ALPHA, "RGBA"), "WEBP", lossless=True),
    "palette": lambda: saved(shuffled_palette(ALPHA)),
    "palette, TIFF": lambda: saved(shuffled_palette(ALPHA), "TIFF"),
    "palette, BMP": lambda: saved(shuffled_palette(ALPHA), "BMP"),
    "16 bits": lambda: saved(ALPHA.astype(np.uint16) * 257),
    "8 bits in 16": lambda: saved(ALPHA.astype(np.uint16)),
    "16 bits, TIFF": lambda: saved(ALPHA.astype(np.uint16) * 257, "TIFF"),
    "float, TIFF": lambda: saved((ALPHA / 255).astype(np.float32), "TIFF"),
    "WebP": lambda: saved(Image.fromarray(ALPHA).convert("RGB"), "WEBP", lossless=True),
    "npy uint8": lambda: array_file(ALPHA),
    "npy float": lambda: array_file((ALPHA / 255).astype(np.float64)),
    "npy (1, H, W)": lambda: array_file((ALPHA / 255).astype(np.float32)[None]),
}


@pytest.mark.parametrize("coding", CODINGS)
def test_every_coding_of_one_alpha_is_that_alpha(coding: str) -> None:
    found = decoders.decode_alpha(CODINGS[coding](), "a")
    assert found.dtype == np.float32
    assert np.abs(found - ALPHA / 255).max() < 1e-6


HARD = (ALPHA > 127).astype(np.uint8)


@pytest.mark.parametrize(
    "data",
    [
        saved(HARD),
        saved(HARD * np.uint8(255)),
        saved(HARD * np.uint8(128)),
        saved(HARD.astype(bool)),
        saved(HARD.astype(np.uint16)),
        saved(HARD.astype(np.uint16) * 65535),
        saved(shuffled_palette(HARD * np.uint8(255))),
        array_file(HARD.astype(bool)),
    ],
)
def test_a_hard_alpha_is_one_in_every_coding(data: bytes) -> None:
    assert np.array_equal(decoders.decode_alpha(data), HARD.astype(np.float32))


@pytest.mark.parametrize("top", [1023, 4095])
def test_bits_that_were_not_scaled_to_sixteen(top: int) -> None:
    stored = np.rint(ALPHA / ALPHA.max() * top).astype(np.uint16)
    found = decoders.decode_alpha(saved(stored))
    assert np.abs(found * top - stored).max() < 0.01


def test_an_empty_alpha_in_the_opacity_of_white_is_empty() -> None:
    clear = beside(WHITE, np.zeros_like(ALPHA), "RGBA")
    assert decoders.decode_alpha(saved(clear)).max() == 0


@pytest.mark.parametrize("decode", [decoders.decode_alpha, decoders.decode_mask])
def test_a_photo_is_no_label(decode: Callable[[bytes, str], np.ndarray]) -> None:
    with pytest.raises(InputError, match=r"a\.png: .*is this the photo"):
        decode(saved(noise()), "a.png")


def test_a_palette_is_the_index_of_a_class() -> None:
    classes = (np.arange(40 * 56).reshape(40, 56) % 4).astype(np.uint8)
    image = Image.fromarray(classes)
    image.putpalette([0, 0, 0, 220, 20, 60, 0, 0, 142, 255, 255, 255])
    assert np.array_equal(decoders.decode_mask(saved(image)), classes)


@pytest.mark.parametrize("order", [[0, 0, 0, 255, 255, 255], [255, 255, 255, 0, 0, 0]])
def test_a_black_and_white_palette_is_not_turned_inside_out(order: list[int]) -> None:
    white = order[0] == 255
    image = Image.fromarray((1 - HARD) if white else HARD)
    image.putpalette(order)
    assert np.array_equal(decoders.decode_mask(saved(image)) > 0, HARD > 0)


def test_masks_of_wider_types_are_the_same_classes() -> None:
    classes = (np.arange(40 * 56).reshape(40, 56) % 3).astype(np.uint8)
    for data in (
        saved(classes),
        saved(classes.astype(np.float32), "TIFF"),
        array_file(classes.astype(np.int64)),
        array_file(classes.astype(np.float32)),
    ):
        found = decoders.decode_mask(data, "m")
        assert found.dtype == np.uint8
        assert np.array_equal(found, classes)
    with pytest.raises(InputError, match="whole numbers"):
        decoders.decode_mask(array_file(ALPHA / 255), "m")


def test_a_mask_that_went_through_jpeg_has_no_residue() -> None:
    found = decoders.decode_mask(saved(HARD * np.uint8(255), "JPEG", quality=60))
    assert set(np.unique(found)) == {0, 255}


LEVELS = np.repeat(np.uint8([0, 128, 255, 128]), 140).reshape(10, 56)


@pytest.mark.parametrize(
    "data",
    [
        saved(LEVELS),
        saved(np.where(LEVELS == 128, 127, LEVELS).astype(np.uint8)),
        saved(shuffled_palette(LEVELS)),
        saved(LEVELS.astype(np.uint16) * 257),
        saved(LEVELS.astype(np.uint16)),
        saved(np.repeat(LEVELS[..., None], 3, axis=2)),
        saved(LEVELS, "JPEG", quality=90),
        array_file(LEVELS),
    ],
)
def test_every_coding_of_one_trimap_is_that_trimap(data: bytes) -> None:
    assert np.array_equal(decoders.decode_trimap(data), LEVELS)


def test_an_alpha_is_no_trimap() -> None:
    for kind in ("PNG", "JPEG"):
        with pytest.raises(InputError, match="is this an alpha"):
            decoders.decode_trimap(saved(ALPHA, kind), "t")


@pytest.mark.parametrize("data", [saved(HARD), saved(HARD * 255), array_file(HARD.astype(bool))])
def test_ignore_masks_are_0_and_255(data: bytes) -> None:
    assert np.array_equal(decoders.decode_ignore(data), HARD * np.uint8(255))


# Photos


def test_the_colours_under_clear_pixels_are_never_shown() -> None:
    hidden = np.full((20, 30, 3), (10, 240, 30), np.uint8)
    opacity = np.zeros((20, 30), np.uint8)
    opacity[5:15, 5:25] = 255
    hidden[5:15, 5:25] = (200, 0, 0)
    data = saved(beside(hidden, opacity, "RGBA"))
    shown = decoders.decode_photo(data, "x.png")
    assert (shown[opacity == 0] == 255).all()
    assert (shown[opacity == 255] == (200, 0, 0)).all()
    with pytest.raises(InputError, match=r"x\.png: expected an opaque photo, found 67% of it"):
        decoders.decode_photo(data, "x.png", transparency="refuse")


def test_a_level_of_gray_that_stands_for_clear_is_never_shown() -> None:
    gray = np.full((20, 30), 90, np.uint8)
    gray[5:15, 5:25] = 7
    data = saved(gray, transparency=7)
    assert (decoders.decode_photo(data) == 90).all()
    opacity = decoders.decode_opacity(data)
    assert opacity is not None
    assert np.array_equal(opacity == 0, gray == 7)
    assert decoders.decode_opacity(saved(gray)) is None
    # A label in such a file is what its levels say.
    assert np.array_equal(decoders.decode_mask(data), gray)


def test_a_hole_is_filled_with_the_colour_of_the_border() -> None:
    colours = np.full((20, 30, 3), (40, 80, 120), np.uint8)
    opacity = np.full((20, 30), 255, np.uint8)
    opacity[8:12, 8:12] = 0
    colours[8:12, 8:12] = (255, 0, 255)
    assert (decoders.decode_photo(saved(beside(colours, opacity, "RGBA"))) == (40, 80, 120)).all()


def test_an_opaque_picture_with_an_a_channel_keeps_its_colours() -> None:
    assert np.array_equal(
        decoders.decode_photo(saved(Image.fromarray(noise()).convert("RGBA"))), noise()
    )


def test_outlines_are_seen_in_any_colour() -> None:
    for colour in (0, 128, 255):
        drawing = beside(np.full_like(ALPHA, colour), HARD * 255, "LA")
        found = decoders.decode_outline(saved(drawing), side_px=16)
        assert found.dtype == np.uint8
        assert int(found.max()) - int(found.min()) > 100


def test_sixteen_bits_of_a_photo_become_eight() -> None:
    deep = (noise().astype(np.uint16) * 257)[..., ::-1]
    png = bytes(cv2.imencode(".png", deep)[1])
    tiff = bytes(cv2.imencode(".tiff", deep)[1])
    assert images.probe(png).bits == images.probe(tiff).bits == 16
    assert np.array_equal(decoders.decode_photo(png), noise())
    assert np.array_equal(decoders.decode_photo(tiff), noise())


def test_composite_weighs_by_opacity() -> None:
    half = np.uint8([[[100, 0, 0, 128]]])
    assert composite(half, (0, 0, 0)).tolist() == [[[50, 0, 0]]]


# What is no picture, and what is damaged


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (saved(noise(), "GIF"), "it is a GIF, which datakit does not read; convert it"),
        (saved(noise(), "PPM"), "Netpbm"),
        (saved(noise(), "ICO"), "Windows icon"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(150), "JPEG 2000"),
        (b"\xff\x4f\xff\x51" + bytes(150), "JPEG 2000"),
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00" + bytes(90), "camera raw file"),
        (b"8BPS" + bytes(90), "Photoshop"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "video"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"PK\x03\x04" + bytes(40), "ZIP"),
    ],
)
def test_another_format_is_named_for_what_it_is(data: bytes, words: str) -> None:
    for decode in (decoders.decode_photo, decoders.decode_alpha, decoders.decode_mask):
        with pytest.raises(InputError, match=f"^p.jpg: .*{words}"):
            decode(data, "p.jpg")


def test_a_rare_kind_of_a_format_is_not_called_damaged() -> None:
    data = bytearray(saved(noise(), "BMP"))
    # 2 bits a pixel, which nobody writes.
    data[28:30] = (2).to_bytes(2, "little")
    with pytest.raises(InputError, match=r"expected a BMP that is read, found another kind of it"):
        decoders.decode_photo(bytes(data), "p.bmp")


def test_jpeg_2000_never_reaches_a_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a native decoder was called")

    monkeypatch.setattr(native.cv2, "imdecode", refuse)
    monkeypatch.setattr(native.simplejpeg, "decode_jpeg", refuse)
    head = b"\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00\x00\x14ftypjp2 "
    with pytest.raises(InputError, match="JPEG 2000"):
        decoders.decode_photo(head + bytes(120), "a.jpg")


def test_brands_beside_the_first_tell_a_still_picture() -> None:
    box = b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf"
    assert sniff(box) == "AVIF"


def jpeg(quality: int = 90) -> bytes:
    photo = cv2.resize(noise(12, 16), (320, 240), interpolation=cv2.INTER_CUBIC)
    return saved(photo, "JPEG", quality=quality)


def test_zeroes_in_the_middle_of_a_jpeg_are_damage(capfd: pytest.CaptureFixture[str]) -> None:
    whole = jpeg()
    middle = len(whole) // 2
    torn = whole[:middle] + bytes(400) + whole[middle + 400 :]
    with pytest.raises(InputError, match=r"h\.jpg: the JPEG is damaged .*at least \d+% of the"):
        decoders.decode_photo(torn, "h.jpg")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("behind", [b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 700, b"\n"])
def test_what_lies_behind_a_jpeg_is_not_looked_at(behind: bytes) -> None:
    whole = jpeg()
    assert jpeg_end(whole + behind) == len(whole)
    assert np.array_equal(decoders.decode_photo(whole + behind), decoders.decode_photo(whole))


def test_a_preview_does_not_hide_that_a_jpeg_is_cut_off() -> None:
    whole = jpeg()
    preview = whole[2:]
    header = b"\xff\xd8\xff\xe1" + struct.pack(">H", len(preview[:9000]) + 2) + preview[:9000]
    torn = header + whole[2 : len(whole) - 200]
    with pytest.raises(TruncatedError, match="cut off"):
        images.probe(torn, "x")


def test_a_png_with_a_damaged_stream_says_how_much_is_lost(
    capfd: pytest.CaptureFixture[str],
) -> None:
    whole = bytearray(saved(noise(200, 200)))
    place = whole.index(b"IDAT") + len(whole) // 2
    whole[place : place + 8] = b"\xff" * 8
    with pytest.raises(InputError, match=r"x: the PNG is damaged.*\d+% of the picture"):
        decoders.decode_photo(bytes(whole), "x")
    assert capfd.readouterr().err == ""


def test_a_png_that_inflates_to_too_little_is_damaged() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + crc

    header = struct.pack(">IIBBBBB", 50, 40, 8, 0, 0, 0, 0)
    half = zlib.compress(bytes(51 * 20))
    data = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", half) + chunk(b"IEND", b"")
    )
    with pytest.raises(InputError, match="50% of the picture is missing"):
        decoders.decode_mask(data, "x")


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pngs_of_every_kind_are_read_as_pillow_reads_them(mode: str, interlaced: bool) -> None:
    image = Image.fromarray(noise(33, 21))
    gray = np.asarray(image.convert("L"))
    picture = (
        Image.fromarray(gray.astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    )
    data = saved(picture)
    if interlaced:
        data = _interlaced(np.asarray(picture.convert("RGB") if mode in ("P", "1") else picture))
    with Image.open(BytesIO(data)) as opened:
        shown = opened.convert("RGBA") if opened.mode == "P" else opened
        expected = np.asarray(shown.convert("L") if opened.mode == "1" else shown)
    found = decoders.decode_stored(data)
    if expected.ndim == 3 and found.ndim == 3 and found.shape[2] == 4 and expected.shape[2] == 2:
        found = found[..., (0, 3)]
    assert np.array_equal(found, expected[..., :3] if found.shape[-1] == 3 else expected)


def _interlaced(pixels: np.ndarray) -> bytes:
    """Write a PNG by Adam7: few encoders do, every decoder must read it."""
    deep = pixels.dtype == np.uint16
    stored = pixels.astype(">u2").view(np.uint8) if deep else pixels
    samples = stored.reshape(*pixels.shape[:2], -1)
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[1 if pixels.ndim == 2 else pixels.shape[2]]
    raw = b""
    for left, top, step_x, step_y in png_stream.PASSES:
        for row in samples[top::step_y, left::step_x]:
            raw += b"\0" + row.tobytes() if len(row) else b""
    header = struct.pack(">IIBBBBB", *pixels.shape[1::-1], 16 if deep else 8, colour, 0, 0, 1)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )


def test_small_photos_are_decoded_small() -> None:
    big = saved(cv2.resize(noise(12, 16), (1600, 1200), interpolation=cv2.INTER_CUBIC), "JPEG")
    small = decoders.decode_small_photo(big, side_px=128)
    assert small.shape == (150, 200, 3)
    assert decoders.decode_outline(big, side_px=128).shape == (150, 200)


@pytest.mark.parametrize("kind", ["AVIF", "WEBP", "BMP", "TIFF", "PNG", "JPEG"])
def test_every_format_of_the_list_is_a_photo(kind: str) -> None:
    flat = np.full((24, 32, 3), (200, 120, 40), np.uint8)
    assert np.abs(decoders.decode_photo(saved(flat, kind)).astype(int) - flat).max() <= 4
