"""Which formats are pictures, which of them are read, and what a file really is.

Only the formats of an allow-list reach a native decoder. A file is what its first bytes say, not
what its name says; whatever else it is gets its name, so that a person knows what to do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import PurePosixPath
from typing import Final

from datakit.errors import InputError

ALWAYS_READ: Final[Mapping[str, tuple[str, ...]]] = {
    "JPEG": (".jpg", ".jpeg", ".jfif", ".jpe"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
    "AVIF": (".avif",),
}
"""Format -> suffixes, of what is read without any extra."""

EXTRAS: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    "HEIF": ("heic", "pi_heif", (".heic", ".heif", ".hif")),
    "JXL": ("jxl", "pillow_jxl", (".jxl",)),
}
"""Format -> (extra of datakit, its module, suffixes)."""

SUFFIXES: Final = frozenset(suffix for found in ALWAYS_READ.values() for suffix in found)
"""Suffixes of the pictures that every installation reads."""

UNREAD: Final[Mapping[str, str]] = {
    ".gif": "GIF",
    ".jp2": "JPEG 2000",
    ".j2k": "JPEG 2000",
    ".jpx": "JPEG 2000",
    ".jxr": "JPEG XR",
    ".ico": "Windows icon",
    ".psd": "Photoshop document",
    ".psb": "Photoshop document",
    ".xcf": "GIMP document",
    ".svg": "SVG drawing",
    ".tga": "Targa picture",
    ".exr": "OpenEXR picture",
    ".hdr": "Radiance picture",
    ".ppm": "Netpbm picture",
    ".pgm": "Netpbm picture",
    ".pbm": "Netpbm picture",
    ".dng": "camera raw file (DNG)",
    ".cr2": "camera raw file (CR2)",
    ".cr3": "camera raw file (CR3)",
    ".nef": "camera raw file (NEF)",
    ".arw": "camera raw file (ARW)",
    ".raf": "camera raw file (RAF)",
    ".orf": "camera raw file (ORF)",
    ".rw2": "camera raw file (RW2)",
}
"""Suffixes of pictures that datakit does not read -> what they are."""

_NAMES: Final[Mapping[str, str]] = {"HEIF": "HEIC photo", "JXL": "JPEG XL picture"}
_CONVERT: Final = "convert it to JPEG or PNG"

_SIGNATURES: Final[tuple[tuple[bytes, str], ...]] = (
    (rb"\xff\xd8\xff", "JPEG"),
    (rb"\x89PNG\r\n\x1a\n", "PNG"),
    (rb"RIFF....WEBP", "WEBP"),
    (rb"II\*\x00.{4}CR", "camera raw file (CR2)"),
    (rb"II[*+]\x00|MM\x00[*+]", "TIFF"),
    (rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\x00\x00\x00", "BMP"),
    (rb"....ftyp(avif|avis)", "AVIF"),
    (rb"....ftyp(hei[cxms]|hev[cx])", "HEIF"),
    (rb"....ftypcrx ", "camera raw file (CR3)"),
    (rb"\xff\x0a|\x00\x00\x00\x0cJXL \r\n\x87\n", "JXL"),
    (rb"\x00\x00\x00\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", "JPEG 2000"),
    (rb"GIF8[79]a", "GIF"),
    (rb"II\xbc", "JPEG XR"),
    (rb"8BPS", "Photoshop document"),
    (rb"gimp xcf", "GIMP document"),
    (rb"\x00\x00[\x01\x02]\x00[^\x00]\x00", "Windows icon"),
    (rb"\x76\x2f\x31\x01", "OpenEXR picture"),
    (rb"#\?RADIANCE|#\?RGBE", "Radiance picture"),
    (rb"P[1-7][\s#]", "Netpbm picture"),
    (rb"DDS ", "DirectDraw texture"),
    (rb"qoif", "QOI picture"),
    (rb"FUJIFILMCCD-RAW", "camera raw file (RAF)"),
    (rb"IIRO|IIU\x00", "camera raw file"),
    (rb"%PDF", "PDF document"),
    (rb"....ftyp(qt  |mp4|isom|M4V|3gp)", "video"),
    (rb"PK\x03\x04", "ZIP archive"),
    (rb"\x93NUMPY", "NumPy array"),
    (rb"version https://git-lfs", "Git LFS pointer; run `git lfs pull`"),
    (rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg", "SVG drawing"),
    (rb"\s*<", "web page"),
)
_KNOWN: Final = tuple((re.compile(pattern, re.DOTALL), kind) for pattern, kind in _SIGNATURES)
_BRANDS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"avif", "AVIF"),
    (b"avis", "AVIF"),
    (b"heic", "HEIF"),
    (b"heix", "HEIF"),
    (b"mif1", "HEIF"),
)
_HEAD_BYTES: Final = 512


def is_picture(name: str) -> bool:
    """Tell by the suffix whether a file is a picture that this installation reads.

    Examples
    --------
    >>> is_picture("a/b.JPG"), is_picture("c.gif"), is_picture("notes.txt")
    (True, False, False)
    """
    suffix = PurePosixPath(name).suffix.lower()
    return suffix in SUFFIXES or any(
        suffix in suffixes and _has_extra(kind) for kind, (_, _, suffixes) in EXTRAS.items()
    )


def why_unread(name: str) -> str | None:
    """Return, for a picture that this installation does not read, what to do; None for others.

    Decided by the suffix alone: for lists of a folder's files.

    Examples
    --------
    >>> why_unread("a/holiday.gif")
    'it is a GIF, which datakit does not read; convert it to JPEG or PNG'
    >>> why_unread("a/holiday.jpg")
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in UNREAD:
        return _refusal(UNREAD[suffix])
    for kind, (_, _, suffixes) in EXTRAS.items():
        if suffix in suffixes and not _has_extra(kind):
            return _refusal(kind)
    return None


def kind_of_name(name: str) -> str:
    """Return what a picture's suffix says that it is.

    Examples
    --------
    >>> kind_of_name("a.HEIC"), kind_of_name("b.gif")
    ('HEIC photo', 'GIF')
    """
    suffix = PurePosixPath(name).suffix.lower()
    for kind, (_, _, suffixes) in EXTRAS.items():
        if suffix in suffixes:
            return _NAMES[kind]
    return UNREAD.get(suffix, suffix.removeprefix("."))


def sniff(data: bytes) -> str | None:
    """Return what a file is by its first bytes: a format's name or a description; None if unknown.

    Examples
    --------
    >>> sniff(b"GIF89a"), sniff(b"hello")
    ('GIF', None)
    """
    head = data[:_HEAD_BYTES]
    found = next((kind for pattern, kind in _KNOWN if pattern.match(head)), None)
    if found is None and head[4:8] == b"ftyp":
        # A still picture may name its real kind only among the compatible brands.
        box = head[8 : max(16, int.from_bytes(head[:4], "big"))]
        return next((kind for brand, kind in _BRANDS if brand in box), "video")
    return found


def named_by_content(stem: str, data: bytes) -> str:
    r"""Return a file name for a picture that has none.

    Raises
    ------
    InputError
        If it is no picture that this installation reads.

    Examples
    --------
    >>> named_by_content("photo", b"\xff\xd8\xff\xe0")
    'photo.jpg'
    """
    kind = require_readable(data, stem)
    return stem + (ALWAYS_READ[kind] if kind in ALWAYS_READ else EXTRAS[kind][2])[0]


def require_readable(data: bytes, name: str) -> str:
    """Return the format of a picture that may be handed to its decoder.

    Raises
    ------
    InputError
        If it is another kind of file (the message names it), or its extra is not installed.
    """
    kind = sniff(data)
    if kind is not None and (kind in ALWAYS_READ or _has_extra(kind)):
        return kind
    if not data:
        raise InputError(f"{name}: expected an image, found an empty file")
    if kind is None:
        raise InputError(
            f"{name}: expected an image, found {len(data):,} bytes of another kind "
            f"(they start with {data[:8]!r})"
        )
    raise InputError(f"{name}: expected an image, found something else: {_refusal(kind)}")


@cache
def _has_extra(kind: str) -> bool:
    return kind in EXTRAS and find_spec(EXTRAS[kind][1]) is not None


def _refusal(kind: str) -> str:
    words = _NAMES.get(kind, kind)
    article = "an" if words[0] in "aeioAEIOU" or words.startswith("SVG") else "a"
    if "; " in words or words in ("web page", "ZIP archive", "video", "NumPy array"):
        return f"it is {article} {words}"
    advice = _CONVERT
    if kind in EXTRAS:
        advice += f", or install the extra: pip install 'datakit[{EXTRAS[kind][0]}]'"
    return f"it is {article} {words}, which datakit does not read; {advice}"
