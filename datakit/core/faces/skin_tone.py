"""Skin tone of a face in a photo: its individual typology angle, in six coarse classes."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

TONES: Final = ("very light", "light", "intermediate", "tan", "brown", "dark")
"""The classes of Chardon et al. (1991) and Del Bino et al. (2013), lightest first."""

EDGES_DEG: Final = (55.0, 41.0, 28.0, 10.0, -30.0)
"""The least angle of each class but the last."""

MIN_PIXELS: Final = 400
_MIN_YELLOW: Final = 2.0
"""Mean b* below which a face has no skin colour: a grey photo, or one in blue light."""


def typology_angle(image: Image, mask: Mask) -> float | None:
    """Return the individual typology angle of a face in degrees; None where it says nothing.

    ``atan((L* - 50) / b*)`` of the median L* and b* (CIE 1976, D65) of the face's pixels: eyes,
    mouth and highlights are the smaller part of it (Chardon et al., "Skin colour typology and
    suntanning pathways", 1991). A photo's light and white balance shift it by tens of degrees, so
    it describes a set of photos, and no person.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB
    mask : (H, W) bool
        Where the face is.

    Returns
    -------
    float or None
        None for faces of fewer than `MIN_PIXELS` pixels, and for those without skin colour.

    Examples
    --------
    >>> face = np.full((32, 32, 3), (224, 172, 150), np.uint8)
    >>> round(typology_angle(face, np.ones((32, 32), np.bool_)))
    53
    >>> typology_angle(face.mean(axis=2, keepdims=True).repeat(3, 2).astype("u1"), face[..., 0] > 0)
    """
    pixels = image[mask].astype(np.float32)[None] / 255
    if pixels.shape[1] < MIN_PIXELS:
        return None
    light, _, yellow = np.median(cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[0], axis=0)
    if yellow < _MIN_YELLOW:
        return None
    return float(np.rad2deg(np.arctan2(light - 50, yellow)))


def tone_of(angle_deg: float) -> str:
    """Return the class of an angle.

    Examples
    --------
    >>> [tone_of(angle) for angle in (60, 41, 12, -50)]
    ['very light', 'light', 'tan', 'dark']
    """
    rank = sum(angle_deg < edge for edge in EDGES_DEG)
    return TONES[rank]
