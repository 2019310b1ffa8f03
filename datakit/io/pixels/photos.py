"""Write a changed photo as it came: format, quality and colour profile kept, nothing else.

EXIF (with its thumbnail and position), XMP, IPTC, maker notes, comments, further pictures and
trailing bytes are not carried over: the file is built anew from pixels.
"""

from __future__ import annotations

import warnings
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, JpegImagePlugin, TiffTags

from datakit.errors import InputError
from datakit.io.pixels import images
from datakit.io.pixels.png import with_chunks
from datakit.io.pixels.profiles import profile_space, rebuild_profile

Image8 = npt.NDArray[np.uint8]

_JPEG_444 = 0
_DEFAULT_QUALITY = 95
_COLOUR_MODES = ("RGB", "L")

Colour = Literal["keep", "srgb"]


@dataclass(frozen=True)
class PhotoForm:
    """How a photo is stored.

    Attributes
    ----------
    format : str
        Pillow's name: JPEG, PNG, WEBP, TIFF, BMP.
    gray : bool
        One channel.
    transparent : bool
        The stored picture has opacity, which the decoder composites.
    colours : {"stored", "srgb"}
        What `decode_photo` has to give: the stored numbers where `icc` goes along, else sRGB.
    icc : bytes or None
        Colour profile of what is written (RGB or gray), built anew from colour tags.
    tables : mapping or None
        JPEG quantisation tables: they are what "quality" means.
    subsampling : int
        JPEG chroma subsampling, Pillow's number.
    """

    format: str
    gray: bool
    transparent: bool
    colours: Literal["stored", "srgb"]
    icc: bytes | None
    tables: dict[int, list[int]] | None
    subsampling: int


def photo_form(data: bytes, name: str = "image", colour: Colour = "keep") -> PhotoForm:
    """Read how a photo is stored.

    Parameters
    ----------
    data, name : bytes, str
        The file, and the subject of the error messages.
    colour : {"keep", "srgb"}
        Keep the colours as they are stored, with their profile built anew, or convert them. A
        photo whose profile cannot be built anew, and a BMP, which has none, is converted too.

    Raises
    ------
    InputError
        As `datakit.io.pixels.images.probe`; or if it has more than 8 bits a channel, which the
        blurred photo could not keep.
    """
    facts = images.probe(data, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(BytesIO(data)) as image:
            bits = _bits(image, data)
            if bits > 8:
                raise InputError(
                    f"{name}: expected 8 bits a channel, found {bits}; convert the photo first"
                )
            fits = image.mode in _COLOUR_MODES
            gray = image.mode in ("L", "1", "LA")
            icc = _profile(facts.icc, gray, colour) if facts.format != "BMP" else None
            tables, subsampling = None, _JPEG_444
            if facts.format == "JPEG" and fits:
                tables = {key: list(table) for key, table in image.quantization.items()}  # type: ignore[attr-defined]
                subsampling = JpegImagePlugin.get_sampling(image)
            return PhotoForm(
                format=facts.format,
                gray=gray,
                transparent=image.has_transparency_data,
                colours="stored" if icc else "srgb",
                icc=icc,
                tables=tables,
                subsampling=max(subsampling, _JPEG_444),
            )


def encode_photo(image: Image8, form: PhotoForm) -> bytes:
    """Encode pixels in a form, without any metadata but the colour profile.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB
    form : PhotoForm
        JPEG keeps its quantisation tables and subsampling; everything else is lossless.

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        For a format that is not written.
    """
    pixels = np.ascontiguousarray(image[..., 0]) if form.gray else image
    if form.format == "PNG":
        encoded = images.encode_png(pixels)
        if not form.icc:
            return encoded
        return with_chunks(encoded, [(b"iCCP", b"ICC Profile\0\0" + zlib.compress(form.icc))])
    picture = Image.fromarray(pixels)
    buffer = BytesIO()
    profile = {"icc_profile": form.icc} if form.icc else {}
    if form.format == "JPEG":
        quality = {"qtables": form.tables} if form.tables else {"quality": _DEFAULT_QUALITY}
        sampling = {} if form.gray else {"subsampling": form.subsampling}
        picture.save(buffer, "JPEG", **quality, **sampling, **profile)
    elif form.format == "WEBP":
        picture.save(buffer, "WEBP", lossless=True, quality=50, method=3, **profile)
    elif form.format == "TIFF":
        picture.save(buffer, "TIFF", compression="tiff_adobe_deflate", **profile)
    elif form.format == "BMP":
        picture.save(buffer, "BMP")
    else:
        raise InputError(f"{form.format}: expected JPEG, PNG, WebP, TIFF or BMP")
    return buffer.getvalue()


def _profile(icc: bytes, gray: bool, colour: Colour) -> bytes | None:
    """Return the profile to write; sRGB has no gray, so that gray photos keep theirs."""
    if not icc or (colour == "srgb" and not gray):
        return None
    try:
        fresh = rebuild_profile(icc)
    except InputError:
        # Viewers pass over what is no profile, or show it by rules that are not written here.
        return None
    return fresh if profile_space(fresh) == ("GRAY" if gray else "RGB") else None


def _bits(image: Image.Image, data: bytes) -> int:
    """Return the bits of a channel as stored; Pillow's mode hides those of 16-bit RGB."""
    if image.format == "PNG":
        return data[24]
    if image.format == "TIFF":
        tag = next(key for key, info in TiffTags.TAGS_V2.items() if info.name == "BitsPerSample")
        return int(max(image.tag_v2.get(tag, (8,))))  # type: ignore[attr-defined]
    return 16 if image.mode in ("I", "F") or image.mode.startswith("I;16") else 8
