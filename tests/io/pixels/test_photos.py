"""What a written photo keeps (pixels, format, quality, profile) and what it loses (all else)."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from datakit.core.images.orientation import orient
from datakit.errors import InputError
from datakit.io.pixels import decoders, images
from datakit.io.pixels.photos import encode_photo, photo_form
from datakit.io.pixels.profiles import rebuild_profile

SECRET = b"SECRET-OF-THE-CAMERA"
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture(scope="module")
def picture():
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((96, 72), Image.Resampling.BICUBIC)


def exif(orientation=1):
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010F] = SECRET.decode()
    data.get_ifd(0x8825)[2] = (52.0, 30.0, 0.0)
    data.get_ifd(0x8769)[0x927C] = SECRET
    return data


def with_thumbnail(jpeg):
    """Append an EXIF thumbnail (IFD1), as cameras do."""
    thumbnail = BytesIO()
    Image.new("RGB", (16, 12), (255, 0, 0)).save(thumbnail, "JPEG")
    inner = thumbnail.getvalue()
    body = b"Exif\0\0II*\0\x08\0\0\0" + b"\0\0" + (14).to_bytes(4, "little") + b"\x02\0"
    for tag, value in ((0x0201, 44), (0x0202, len(inner))):
        body += tag.to_bytes(2, "little") + b"\x04\0\x01\0\0\0" + value.to_bytes(4, "little")
    body += bytes(4) + inner
    segment = b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body
    return jpeg[:2] + segment + jpeg[2:] + b"\xff\xd8" + SECRET


def stored(picture, kind, orientation=1):
    buffer = BytesIO()
    data = exif(orientation)
    if kind == "PNG":
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Comment", SECRET.decode())
        notes.add_itxt("XML:com.adobe.xmp", SECRET.decode())
        picture.save(buffer, "PNG", exif=data, pnginfo=notes, icc_profile=PROFILE)
    elif kind == "WEBP":
        picture.save(buffer, "WEBP", exif=data, xmp=SECRET, icc_profile=PROFILE, lossless=True)
    elif kind == "TIFF":
        picture.save(buffer, "TIFF", exif=data, description=SECRET.decode(), icc_profile=PROFILE)
    elif kind == "CMYK":
        picture.convert("CMYK").save(buffer, "JPEG", exif=data, quality=90)
    elif kind == "GRAY":
        picture.convert("L").save(buffer, "JPEG", exif=data, quality=90)
    else:
        picture.save(
            buffer,
            "JPEG",
            exif=data,
            quality=83,
            subsampling=2,
            icc_profile=PROFILE,
            comment=SECRET,
            xmp=SECRET,
        )
        return with_thumbnail(buffer.getvalue())
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "CMYK", "GRAY"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_nothing_but_pixels_and_profile_is_kept(picture, kind, orientation):
    data = stored(picture, kind, orientation)
    assert SECRET in data
    shown = decoders.decode_photo(data)
    written = encode_photo(shown, photo_form(data))
    assert SECRET not in written
    assert b"Exif" not in written
    assert b"xpacket" not in written
    # Orientation is in the pixels now.
    assert images.probe(written).orientation == 1
    again = decoders.decode_photo(written)
    if kind in ("PNG", "WEBP", "TIFF"):
        assert (again == shown).all()
        expected = orient(np.asarray(picture.convert("RGB")), orientation)
        assert (again == expected).all()
    else:
        assert np.abs(again.astype(int) - shown).mean() < 2
    with Image.open(BytesIO(written)) as image:
        assert image.format == ("JPEG" if kind in ("CMYK", "GRAY") else kind)
        assert not image.getexif().get_ifd(0x8825)
        kept = {"icc_profile"} if kind in ("JPEG", "PNG", "WEBP", "TIFF") else set()
        assert kept <= set(image.info)
        if kept:
            assert image.info["icc_profile"] == rebuild_profile(PROFILE)


def test_jpeg_quality_and_subsampling_are_kept(picture):
    data = stored(picture, "JPEG")
    form = photo_form(data)
    written = encode_photo(decoders.decode_photo(data), form)
    again = photo_form(written)
    assert (again.tables, again.subsampling) == (form.tables, form.subsampling)


def test_gray_stays_gray_and_the_file_ends_at_its_end(picture):
    written = encode_photo(
        decoders.decode_photo(stored(picture, "GRAY")), photo_form(stored(picture, "GRAY"))
    )
    assert images.probe(written).mode == "L"
    assert written.endswith(b"\xff\xd9")


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_sixteen_bits_are_refused_and_not_cut(suffix):
    import cv2

    _, data = cv2.imencode(f".{suffix}", np.full((9, 9, 3), 40000, np.uint16))
    with pytest.raises(InputError, match="expected 8 bits a channel, found 16"):
        photo_form(bytes(data))


def test_palette_and_transparency_become_rgb(picture):
    for mode in ("P", "RGBA", "1"):
        buffer = BytesIO()
        picture.convert(mode).save(buffer, "PNG")
        form = photo_form(buffer.getvalue())
        written = encode_photo(decoders.decode_photo(buffer.getvalue()), form)
        assert images.probe(written).mode in ("RGB", "L")
        assert form.transparent is (mode == "RGBA")
