"""Nothing that rides along with a photo comes out of `anonymize`, nor stays beside it.

One photo a kind of payload; the secret is looked for in the dataset, the preview and whatever else
lies there, also when the run was killed and before it is resumed.
"""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

import datakit
from datakit.io.pixels.decoders import decode_photo

pytest.importorskip("ai_edge_litert", reason="the extra 'faces' is not installed")

SECRET = b"Jane-Roe-SN-4711-0815"
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def icc(private=True, behind=b""):
    """sRGB with a private tag that holds the secret, or with the secret behind its end."""
    if not private:
        return SRGB + behind
    (count,) = struct.unpack_from(">I", SRGB, 128)
    head, table = SRGB[:128], SRGB[132 : 132 + 12 * count]
    rows = [struct.unpack_from(">4sII", table, 12 * k) for k in range(count)]
    body = SRGB[132 + 12 * count :]
    table = b"".join(struct.pack(">4sII", name, at + 12, size) for name, at, size in rows)
    at = 132 + 12 * (count + 1) + len(body)
    table += struct.pack(">4sII", b"dvce", at, len(SECRET) + 8)
    body += b"text" + bytes(4) + SECRET
    whole = head + struct.pack(">I", count + 1) + table + body
    return struct.pack(">I", len(whole)) + whole[4:]


def jpeg(picture, *segments, behind=b"", **how):
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=90, **how)
    data = buffer.getvalue()
    inserted = b"".join(
        b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body
        for marker, body in segments
    )
    return data[:2] + inserted + data[2:] + behind


def exif(**more):
    data = Image.Exif()
    for tag, value in more.items():
        data[int(tag[1:], 16)] = value
    return data


def maker_note():
    data = exif()
    data.get_ifd(0x8769)[0x927C] = SECRET
    return data


def position():
    data = exif(t013B=SECRET.decode())
    data.get_ifd(0x8825)[0x1D] = SECRET.decode()
    return data


def thumbnail(picture):
    """EXIF with an IFD1 whose thumbnail carries the secret as its comment."""
    inner = jpeg(picture.resize((16, 12)), (0xFE, SECRET))
    body = b"Exif\0\0II*\0\x08\0\0\0" + b"\0\0" + (14).to_bytes(4, "little") + b"\x02\0"
    for tag, value in ((0x0201, 44), (0x0202, len(inner))):
        body += tag.to_bytes(2, "little") + b"\x04\0\x01\0\0\0" + value.to_bytes(4, "little")
    return body + bytes(4) + inner


def png(picture, chunks=(), behind=b"", **how):
    buffer = BytesIO()
    picture.save(buffer, "PNG", **how)
    data = buffer.getvalue()
    for name, body in chunks:
        crc = struct.pack(">I", zlib.crc32(name + body))
        data = data[:33] + struct.pack(">I", len(body)) + name + body + crc + data[33:]
    return data + behind


def webp(picture, chunk=None, **how):
    buffer = BytesIO()
    picture.save(buffer, "WEBP", lossless=True, **how)
    data = buffer.getvalue()
    if chunk:
        data += chunk + struct.pack("<I", len(SECRET)) + SECRET + bytes(len(SECRET) % 2)
        data = b"RIFF" + struct.pack("<I", len(data) - 8) + data[8:]
    return data


def tiff(picture, pages=(), **how):
    buffer = BytesIO()
    extra = {"save_all": True, "append_images": list(pages)} if pages else {}
    picture.save(buffer, "TIFF", **how, **extra)
    return buffer.getvalue()


def tiff_tags(tag, value, kind):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype[tag] = kind
    tags[tag] = value
    return tags


def png_text(kind):
    notes = PngImagePlugin.PngInfo()
    if kind == "iTXt":
        notes.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    else:
        notes.add_text("Comment", SECRET.decode(), zip=kind == "zTXt")
    return notes


def second_page(picture):
    """A page of the same size whose first pixels are the secret."""
    pixels = np.asarray(picture).copy()
    pixels.reshape(-1)[: len(SECRET)] = np.frombuffer(SECRET, np.uint8)
    return Image.fromarray(pixels)


XMP = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + SECRET + b"</x:xmpmeta>"
XMP_MORE = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32 + struct.pack(">II", 99, 0) + SECRET
IPTC = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + struct.pack(">I", len(SECRET)) + SECRET
MPF = b"MPF\0II*\0\x08\0\0\0\0\0" + SECRET

PAYLOADS = {
    "comment.jpg": lambda p: jpeg(p, (0xFE, SECRET)),
    "maker-note.jpg": lambda p: jpeg(p, exif=maker_note()),
    "position.jpg": lambda p: jpeg(p, exif=position()),
    "thumbnail.jpg": lambda p: jpeg(p, (0xE1, thumbnail(p))),
    "xmp.jpg": lambda p: jpeg(p, (0xE1, XMP)),
    "xmp-extended.jpg": lambda p: jpeg(p, (0xE1, XMP), (0xE1, XMP_MORE)),
    "iptc.jpg": lambda p: jpeg(p, (0xED, IPTC)),
    "icc-private-tag.jpg": lambda p: jpeg(p, icc_profile=icc()),
    "icc-behind-its-end.jpg": lambda p: jpeg(p, icc_profile=icc(False, SECRET)),
    "mpf.jpg": lambda p: jpeg(p, (0xE2, MPF), behind=jpeg(p, (0xFE, SECRET))),
    "trailer.jpg": lambda p: jpeg(p, behind=SECRET),
    "jumbf.jpg": lambda p: jpeg(p, (0xEB, b"JP\0\1\0\0\0\1" + SECRET)),
    "jfxx.jpg": lambda p: jpeg(p, (0xE0, b"JFXX\0\x10" + jpeg(p.resize((8, 8)), (0xFE, SECRET)))),
    "progressive-comment.jpg": lambda p: jpeg(p, (0xFE, SECRET), progressive=True),
    "text.png": lambda p: png(p, pnginfo=png_text("tEXt")),
    "text-compressed.png": lambda p: png(p, pnginfo=png_text("zTXt")),
    "xmp.png": lambda p: png(p, pnginfo=png_text("iTXt")),
    "exif.png": lambda p: png(p, exif=position()),
    "icc.png": lambda p: png(p, icc_profile=icc()),
    "icc-of-palette.png": lambda p: png(p.quantize(64), icc_profile=icc()),
    "private-chunk.png": lambda p: png(p, [(b"prVt", SECRET)]),
    "behind-the-end.png": lambda p: png(p, behind=SECRET),
    "under-transparency.png": lambda p: png(erased(p)),
    "exif.webp": lambda p: webp(p, exif=position()),
    "xmp.webp": lambda p: webp(p, xmp=SECRET),
    "icc.webp": lambda p: webp(p, icc_profile=icc()),
    "unknown-chunk.webp": lambda p: webp(p, b"Jane", exif=exif()),
    "description.tif": lambda p: tiff(p, description=SECRET.decode()),
    "private-tag.tif": lambda p: tiff(p, tiffinfo=tiff_tags(65001, SECRET, 7)),
    "xmp.tif": lambda p: tiff(p, tiffinfo=tiff_tags(700, SECRET, 1)),
    "icc.tif": lambda p: tiff(p, icc_profile=icc()),
    "second-page.tif": lambda p: tiff(p, [second_page(p)]),
}


def erased(picture):
    """An opaque picture with one clear row, under which the secret's bytes are the colours."""
    pixels = np.asarray(picture.convert("RGBA")).copy()
    wide = len(SECRET) // 3
    pixels[-1, :wide, :3] = np.frombuffer(SECRET[: 3 * wide], np.uint8).reshape(-1, 3)
    pixels[-1, :wide, 3] = 0
    return Image.fromarray(pixels)


@pytest.fixture(scope="module")
def source(sample_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("payloads") / "src"
    folder.mkdir()
    path = sample_data / "portraits/images/astronaut.jpg"
    picture = Image.fromarray(decode_photo(path.read_bytes())).resize((144, 144))
    for name, plant in PAYLOADS.items():
        data = plant(picture)
        hidden = name in ("text-compressed.png", "icc.png", "icc-of-palette.png")
        hidden |= name == "under-transparency.png"
        assert hidden or SECRET in data, f"{name} does not hold the secret"
        (folder / name).write_bytes(data)
    # One that waits for a person: a plain wall.
    (folder / "wall.jpg").write_bytes(jpeg(Image.new("RGB", (64, 64), "gray"), (0xFE, SECRET)))
    return folder


def holds_secret(path):
    """Look into a file as it is, and into all that Pillow takes out of it."""
    data = path.read_bytes()
    if SECRET in data:
        return True
    if path.suffix not in (".jpg", ".png", ".webp", ".tif"):
        return False
    with Image.open(BytesIO(data)) as picture:
        pixels = picture.convert("RGBA")
        said = (
            repr(dict(picture.info)).encode() + pixels.tobytes() + pixels.convert("RGB").tobytes()
        )
        frames = getattr(picture, "n_frames", 1)
    return SECRET in said or SECRET[:18] in said or frames > 1


def leaks(folder):
    return [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and holds_secret(path)
    ]


def test_no_payload_survives(source, tmp_path):
    assert len(PAYLOADS) >= 24
    summary = datakit.anonymize(source, tmp_path / "out", workers=0, preview=4)
    written = {path.name for path in (tmp_path / "out/images").iterdir()}
    waiting = summary.counts.get("review", 0) + summary.counts.get("no-face", 0)
    assert len(written) + waiting == len(PAYLOADS) + 1
    assert written >= {name for name in PAYLOADS if not name.startswith(("under", "second"))}
    assert (tmp_path / "out.preview.jpg").is_file()
    assert not leaks(tmp_path)


@pytest.fixture
def temporary():
    """A folder for temporary files whose path is short enough for a socket in it."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_no_payload_lies_about_after_a_kill(source, tmp_path, temporary):
    out = tmp_path / "out"
    argv = [sys.executable, "-m", "datakit", "anonymize", str(source), "-o", str(out)]
    with subprocess.Popen(
        [*argv, "--workers", "1", "-q"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    ) as running:
        while running.poll() is None and len(list(tmp_path.rglob("images/*"))) < 3:
            time.sleep(0.02)
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
    assert list(tmp_path.rglob("images/*"))
    assert not leaks(tmp_path)
    assert not leaks(temporary)
    datakit.anonymize(source, out, workers=0, resume=True)
    assert not leaks(tmp_path)
