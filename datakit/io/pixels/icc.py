"""Colour profiles: wide-gamut pictures brought to sRGB, the space that every verb works in."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

Image8 = npt.NDArray[np.uint8]

_SAME_LEVELS: Final = 1.5


def to_srgb(pixels: Image8, icc: bytes) -> Image8:
    """Convert (H, W, 3) uint8 pixels of a colour profile to sRGB.

    Relative colorimetric with black point compensation (ICC.1:2010). They come back as they are
    when the profile is sRGB, no RGB profile, or cannot be read.
    """
    transform = _to_srgb(icc) if icc else None
    if transform is None:
        return pixels
    converted = ImageCms.applyTransform(Image.fromarray(pixels), transform)
    return np.asarray(converted)


@lru_cache(maxsize=16)
def _to_srgb(icc: bytes) -> Any:
    """Return the transform of a profile to sRGB; None when there is nothing to convert."""
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        if profile.profile.xcolor_space.strip() != "RGB":
            return None
        transform = ImageCms.buildTransform(
            profile,
            ImageCms.createProfile("sRGB"),
            "RGB",
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError, AttributeError):
        # A damaged profile is no damage to the picture.
        return None
    return transform if _changes_colours(transform) else None


def _changes_colours(transform: Any) -> bool:
    """Tell whether a transform moves any of a cube of colours by more than rounding."""
    steps = np.arange(0, 256, 51, dtype=np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 6, 3)
    moved = np.asarray(ImageCms.applyTransform(Image.fromarray(cube), transform))
    return bool(np.abs(moved.astype(int) - cube).max() > _SAME_LEVELS)
