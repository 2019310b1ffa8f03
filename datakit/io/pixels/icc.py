"""Colour profiles: pictures brought to sRGB, the space that every verb works in."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

Image8 = npt.NDArray[np.uint8]
Space = Literal["RGB", "GRAY", "CMYK"]

_MODES: Final[dict[Space, Literal["RGB", "L", "CMYK"]]] = {
    "RGB": "RGB",
    "GRAY": "L",
    "CMYK": "CMYK",
}
_CHANNELS: Final[dict[Space, int]] = {"RGB": 3, "GRAY": 1, "CMYK": 4}
_SAME_LEVELS: Final = 1.5
_FLAGS: Final = ImageCms.Flags.BLACKPOINTCOMPENSATION


class UnusableProfile(Exception):
    """A profile that cannot be read, or of other colours than its picture has."""


def space_of(icc: bytes) -> Space:
    """Return the colours that a profile is for.

    Raises
    ------
    UnusableProfile
        If it cannot be read, or is for others than RGB, gray, or CMYK.
    """
    return _profile(icc)[1]


def to_srgb(pixels: Image8, icc: bytes) -> Image8 | None:
    """Convert pixels of a colour profile to sRGB.

    Relative colorimetric with black point compensation (ICC.1:2010).

    Parameters
    ----------
    pixels : uint8
        (H, W, 3) RGB of an RGB profile, (H, W) of a gray one, (H, W, 4) of a CMYK one, where 255 is
        all ink.
    icc : bytes
        The profile as it stands in a file.

    Returns
    -------
    (H, W, 3) uint8 RGB, or None when the profile is sRGB (gray: its curve) and changes nothing

    Raises
    ------
    UnusableProfile
        As `space_of`.
    """
    transform = _to_srgb(icc)
    if transform is None:
        return None
    space = space_of(icc)
    if space == "GRAY":
        # The fast path of LittleCMS is several levels off in the darks of a straight curve.
        levels = np.arange(256, dtype=np.uint8)[None]
        table: Image8 = _applied(levels, transform, space)[0]
        return np.asarray(table[pixels])
    return _applied(pixels, transform, space)


def _applied(pixels: Image8, transform: Any, space: Space) -> Image8:
    # Four channels may be RGBA as well: Pillow has to be told.
    size_wh = pixels.shape[1], pixels.shape[0]
    picture = Image.frombytes(_MODES[space], size_wh, np.ascontiguousarray(pixels).tobytes())
    return np.asarray(ImageCms.applyTransform(picture, transform))


@lru_cache(maxsize=16)
def _profile(icc: bytes) -> tuple[Any, Space]:
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        space = profile.profile.xcolor_space.strip()
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError, AttributeError) as error:
        # A damaged profile is no damage to the picture.
        raise UnusableProfile from error
    if space not in _MODES:
        raise UnusableProfile
    return profile, space


@lru_cache(maxsize=16)
def _to_srgb(icc: bytes) -> Any:
    """Return the transform of a profile to sRGB; None when there is nothing to convert."""
    profile, space = _profile(icc)
    try:
        transform = ImageCms.buildTransform(
            profile,
            ImageCms.createProfile("sRGB"),
            _MODES[space],
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            _FLAGS | (ImageCms.Flags.NOOPTIMIZE if space == "GRAY" else 0),
        )
    except (ImageCms.PyCMSError, OSError, ValueError) as error:
        raise UnusableProfile from error
    same = space != "CMYK" and not _changes_colours(transform, space)
    return None if same else transform


def _changes_colours(transform: Any, space: Space) -> bool:
    """Tell whether a transform moves any of a cube of colours by more than rounding."""
    steps = np.arange(0, 256, 51, dtype=np.uint8)
    axes = np.meshgrid(*[steps] * _CHANNELS[space])
    cube = np.stack(axes, axis=-1).reshape(-1, 6, _CHANNELS[space])
    moved = _applied(cube, transform, space)
    return bool(np.abs(moved.astype(int) - cube).max() > _SAME_LEVELS)
