"""One decoder for each meaning that a file has: photo, mask, alpha, trimap, ignore mask.

The same file is read the same way by every verb, or refused by every verb. Orientation (EXIF) is
applied here, once. Labels may also be ``.npy`` arrays; they are never unpickled.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from io import BytesIO
from typing import Any, Final, Literal

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.images.orientation import orient
from datakit.core.images.transparency import border_colour, composite, contrasting_colour
from datakit.core.masks.mask_coding import Mask, ignore_of, mask_of
from datakit.core.matting.alpha_coding import Decoded, alpha_of
from datakit.core.matting.trimap_coding import trimap_of
from datakit.errors import InputError
from datakit.io.pixels.conversions import note
from datakit.io.pixels.jpeg_header import check_pixels
from datakit.io.pixels.native import decode_jpeg, decode_pixels, probe
from datakit.records.probe import Probe

Image8 = npt.NDArray[np.uint8]
Array = npt.NDArray[Any]
Transparency = Literal["composite", "alpha", "refuse"]
Colours = Literal["srgb", "stored"]

_NUMPY: Final = b"\x93NUMPY"
_NUMPY_HEADERS: Final[dict[tuple[int, int], Callable[[BytesIO], tuple[Any, bool, Any]]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
_LOSSY: Final = frozenset({"JPEG", "WEBP", "AVIF", "HEIF"})
_DARK: Final = (0, 0, 0)
_LIGHT: Final = (255, 255, 255)


def decode_photo(
    data: bytes,
    name: str = "image",
    *,
    transparency: Transparency = "composite",
    colours: Colours = "srgb",
) -> Image8:
    """Decode a photo as it is shown: (H, W, 3) uint8 RGB, orientation applied.

    Parameters
    ----------
    data, name : bytes, str
        The file, and the subject of the error messages.
    transparency : {"composite", "alpha", "refuse"}
        Put what is transparent before the mean colour of the picture's border (white where the
        border is clear); the same, its opacity being read as a label by `decode_alpha`; or raise.
        The colours that lie hidden under clear pixels are never shown.
    colours : {"srgb", "stored"}
        Convert RGB and gray by the embedded profile, or give the stored numbers. CMYK is always
        converted, by its profile where it has one. 16 bits become 8.

    Notes
    -----
    What was changed is reported to `datakit.io.pixels.conversions`.

    Raises
    ------
    InputError
        As `probe`; if the pixels are damaged; if it is transparent and that is refused.
    """
    facts = probe(data, name)
    stored = _photo_pixels(data, facts, name)
    pixels = _opaque(stored, name, transparency)
    if colours == "srgb" and facts.icc and facts.mode != "CMYK":
        gray = stored.ndim == 2 or stored.shape[2] <= 2
        pixels = _by_profile(pixels, facts.icc, name, gray=gray)
    return orient(pixels, facts.orientation)


def decode_small_photo(data: bytes, name: str = "image", *, side_px: int) -> Image8:
    """Decode a photo for looking at it in small: (H, W, 3) uint8 RGB, orientation applied.

    A JPEG is decoded at 1/2, 1/4 or 1/8 of its size while both sides keep ``side_px``, several
    times faster than whole; other formats come in full. Colours are as stored.

    Raises
    ------
    InputError
        As `decode_photo`.
    """
    facts = probe(data, name)
    if facts.format == "JPEG" and facts.mode in ("L", "RGB"):
        pixels = decode_jpeg(data, name, gray=False, side_px=side_px)
        return orient(pixels, facts.orientation)
    return decode_photo(data, name, colours="stored")


def decode_outline(data: bytes, name: str = "image", *, side_px: int) -> Image8:
    """Decode a picture in gray for telling it from others: (H, W) uint8, orientation applied.

    As `decode_small_photo`, but transparent parts are put before black or white, whichever
    is farther from what the picture shows, so that its outline is seen.

    Raises
    ------
    InputError
        As `decode_photo`.
    """
    facts = probe(data, name)
    if facts.format == "JPEG" and facts.mode in ("L", "RGB"):
        return orient(decode_jpeg(data, name, gray=True, side_px=side_px), facts.orientation)
    pixels = _photo_pixels(data, facts, name)
    rgba = _with_opacity(pixels)
    if rgba is not None:
        pixels = composite(rgba, contrasting_colour(rgba))
    return orient(_luma(pixels), facts.orientation)


def decode_opacity(data: bytes, name: str = "image") -> Image8 | None:
    """Decode a photo's opacity: (H, W) uint8, orientation applied; None where all is opaque.

    Raises
    ------
    InputError
        As `decode_photo`.
    """
    facts = probe(data, name)
    rgba = _with_opacity(_photo_pixels(data, facts, name)) if facts.transparent else None
    return None if rgba is None else orient(rgba[..., 3], facts.orientation)


def decode_mask(data: bytes, name: str = "mask") -> Mask:
    """Decode a mask: (H, W) uint8 or uint16, classes, object ids, or 0 and 255.

    A palette picture gives its indices (but see `black_and_white`), a bilevel one 0 and 255. What
    else is understood: `datakit.core.masks.mask_coding.mask_of`.

    Raises
    ------
    InputError
        As `probe`; if the pixels are damaged, or no mask.
    """
    stored, lossy = _mask_pixels(data, name)
    return mask_of(stored, name, lossy=lossy)


def decode_ignore(data: bytes, name: str = "ignore mask") -> npt.NDArray[np.uint8]:
    """Decode an ignore mask: (H, W) uint8, 255 where the label is unknown, else 0.

    Raises
    ------
    InputError
        As `decode_mask`.
    """
    return ignore_of(_mask_pixels(data, name)[0], name)


def decode_alpha(data: bytes, name: str = "alpha") -> npt.NDArray[np.float32]:
    """Decode an alpha matte: (H, W) float32 in [0, 1].

    Gray, equal colours, a palette's colours, or the opacity beside a picture or an even colour; 8,
    16 or 1 bit, 8 bits in 16, 0/1, or float: `datakit.core.matting.alpha_coding`.

    Raises
    ------
    InputError
        As `probe`; if the pixels are damaged, or no matte.
    """
    return read_alpha(data, name).alpha


def read_alpha(data: bytes, name: str = "alpha") -> Decoded:
    """Decode an alpha matte together with how it was stored.

    Raises
    ------
    InputError
        As `decode_alpha`.
    """
    return alpha_of(decode_stored(data, name), name)


def decode_trimap(data: bytes, name: str = "trimap") -> npt.NDArray[np.uint8]:
    """Decode a trimap: (H, W) uint8 in {0, 128, 255}, by its colours also when it is a palette.

    Raises
    ------
    InputError
        As `probe`; if the pixels are damaged, or no trimap.
    """
    if data.startswith(_NUMPY):
        return trimap_of(_decode_numpy(data, name), name)
    facts = probe(data, name)
    pixels = orient(decode_pixels(data, facts, name, "colour"), facts.orientation)
    return trimap_of(pixels, name, lossy=facts.format in _LOSSY)


def decode_stored(data: bytes, name: str = "image") -> Array:
    """Decode without a meaning, for a look at the coding: depth and channels as stored.

    Returns
    -------
    ndarray of shape (H, W) or (H, W, C)
        uint8, uint16 or float32; L, LA, RGB or RGBA, a palette by its colours; orientation applied.

    Raises
    ------
    InputError
        As `probe`, or if the pixels are damaged.
    """
    if data.startswith(_NUMPY):
        return _decode_numpy(data, name)
    facts = probe(data, name)
    return orient(decode_pixels(data, facts, name, "colour"), facts.orientation)


def black_and_white(indices: Image8, colours: Array) -> Image8 | None:
    """Return 0/255 for a palette picture that shows black and white in the other order.

    A lossless optimiser turns a mask of 0 and 255 into a palette, whose order is chance: the
    index of white can be 0. Where any other colour is shown, the index is the class: None.

    Parameters
    ----------
    indices : (H, W) uint8
    colours : (H, W, 3 or 4) uint8
        The same picture by its colours.
    """
    shown = {
        tuple(int(level) for level in colours[indices == index][0][:3]): int(index)
        for index in np.unique(indices)
    }
    if not shown.keys() <= {_DARK, _LIGHT}:
        return None
    if shown.get(_LIGHT, 1) > shown.get(_DARK, 0):
        return None
    return np.ascontiguousarray(colours[..., 0])


def _mask_pixels(data: bytes, name: str) -> tuple[Array, bool]:
    """Return a mask's stored pixels, palettes as indices, and whether they went through JPEG."""
    if data.startswith(_NUMPY):
        return _decode_numpy(data, name), False
    facts = probe(data, name)
    pixels = decode_pixels(data, facts, name, "index")
    if facts.mode == "P" and len(np.unique(pixels)) <= 2:
        plain = black_and_white(pixels, decode_pixels(data, facts, name, "colour"))
        pixels = pixels if plain is None else plain
    return orient(pixels, facts.orientation), facts.format == "JPEG"


def _photo_pixels(data: bytes, facts: Probe, name: str) -> Image8:
    """Return the pixels of a photo in 8 bits: L, LA, RGB or RGBA, orientation not applied."""
    if facts.bits > 8:
        note("depth", name)
    if facts.mode == "CMYK":
        return _from_inks(data, facts, name)
    pixels = decode_pixels(data, facts, name, "colour")
    if facts.format == "PNG" and facts.mode == "L" and facts.transparent:
        # One level of gray stands for clear: OpenCV shows it, and labels do without it.
        from datakit.io.pixels.pillow import decode_with_pillow

        pixels = decode_with_pillow(data, name, "colour")
    return _eight_bits(pixels)


def _from_inks(data: bytes, facts: Probe, name: str) -> Image8:
    """Return a CMYK photo as (H, W, 3) uint8 sRGB, by its profile where it has one for inks."""
    # Profiles are rare, and the library that reads them is not needed for the others.
    from datakit.io.pixels.icc import UnusableProfile, space_of, to_srgb

    try:
        if facts.icc and space_of(facts.icc) == "CMYK":
            converted = to_srgb(decode_pixels(data, facts, name, "inks"), facts.icc)
            if converted is not None:
                note("profile", name)
                return converted
    except UnusableProfile:
        note("unreadable profile", name)
    note("inks", name)
    return _eight_bits(decode_pixels(data, facts, name, "colour"))


def _by_profile(pixels: Image8, icc: bytes, name: str, *, gray: bool) -> Image8:
    """Return (H, W, 3) uint8 RGB in sRGB; as it is, and said, where the profile cannot be used."""
    from datakit.io.pixels.icc import UnusableProfile, space_of, to_srgb

    try:
        space = space_of(icc)
        if space not in (("RGB", "GRAY") if gray else ("RGB",)):
            raise UnusableProfile
        converted = to_srgb(pixels[..., 0] if space == "GRAY" else pixels, icc)
    except UnusableProfile:
        note("unreadable profile", name)
        return pixels
    if converted is None:
        return pixels
    note("profile", name)
    return converted


def _opaque(pixels: Image8, name: str, transparency: Transparency) -> Image8:
    """Return (H, W, 3) uint8 RGB without transparency."""
    rgba = _with_opacity(pixels)
    if rgba is None:
        colours = pixels if pixels.ndim == 3 else pixels[..., None]
        colours = colours[..., : 3 if colours.shape[2] >= 3 else 1]
        return np.ascontiguousarray(np.broadcast_to(colours, (*colours.shape[:2], 3)))
    if transparency == "refuse":
        clear = float((rgba[..., 3] < 255).mean())
        raise InputError(
            f"{name}: expected an opaque photo, found {clear:.0%} of it transparent; take "
            "--transparency composite, or alpha to read the opacity as its label"
        )
    note("composited", name)
    return composite(rgba, border_colour(rgba))


def _with_opacity(pixels: Image8) -> Image8 | None:
    """Return (H, W, 4) RGBA when something is not opaque, else None."""
    if pixels.ndim == 2 or pixels.shape[2] not in (2, 4) or pixels[..., -1].min() == 255:
        return None
    if pixels.shape[2] == 4:
        return pixels
    return np.ascontiguousarray(pixels[..., (0, 0, 0, 1)])


def _eight_bits(pixels: Array) -> Image8:
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.uint16:
        # The nearest of 256 levels: 257 stored ones for each.
        return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    levels: Image8 = np.rint(np.clip(np.nan_to_num(pixels), 0, 1) * 255).astype(np.uint8)
    return levels


def _luma(pixels: Image8) -> Image8:
    if pixels.ndim == 2:
        return pixels
    if pixels.shape[2] == 2:
        return np.ascontiguousarray(pixels[..., 0])
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_RGB2GRAY))


def _decode_numpy(data: bytes, name: str) -> Array:
    stream = BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)  # type: ignore[no-untyped-call]
        read_header = _NUMPY_HEADERS[version]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shape, by_columns, dtype = read_header(stream)
    # The header is a Python literal: damaged, it fails in as many ways as that language has.
    except Exception as error:  # noqa: BLE001
        raise InputError(f"{name}: the array's header is damaged ({error})") from None
    start, count = stream.tell(), math.prod(shape)
    if dtype.hasobject or count < 1 or start + count * dtype.itemsize > len(data):
        raise InputError(
            f"{name}: expected an array of numbers, found {dtype} of shape {shape} in "
            f"{len(data):,} bytes"
        )
    check_pixels((count, 1), name)
    flat = np.frombuffer(data, dtype, count, start)
    array: Array = flat.reshape(shape, order="F" if by_columns else "C")
    if array.dtype.kind not in "buif":
        raise InputError(f"{name}: expected numbers, found {array.dtype}")
    if array.ndim == 3 and 1 in (array.shape[0], array.shape[2]):
        array = array[0] if array.shape[0] == 1 else array[..., 0]
    if array.ndim != 2 or array.size == 0:
        raise InputError(f"{name}: expected an array of shape (H, W), found {array.shape}")
    return np.ascontiguousarray(array)
