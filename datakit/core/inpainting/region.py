"""The pixels to be filled: a label with its soft edge, shadows and reflections."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.masks.parts import parts_at
from datakit.core.matting.residue import CLEAR_BELOW, clean_residue

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]

_SHADOW_DARKER = 0.9
_SHADOW_HUE = 0.03
_PENUMBRA_PX = 2
_REFLECTION_CORRELATION = 0.5
_SMOOTH_PER_REACH = 0.05


def visible(alpha: Float) -> Bool:
    """Return where anything of a subject is seen; the residue of compression is not.

    Parameters
    ----------
    alpha : (H, W) float32 in [0, 1]

    Examples
    --------
    >>> visible(np.float32([[0, 3, 40, 255, 255]]) / 255).tolist()
    [[False, False, True, True, True]]
    """
    return np.asarray(clean_residue(alpha) >= CLEAR_BELOW, bool)


def grown(region: Bool, reach_px: float) -> Bool:
    """Return a region with all pixels within some distance of it.

    Examples
    --------
    >>> grown(np.eye(1, 5, 2, dtype=bool), 1).tolist()
    [[False, True, True, True, False]]
    """
    if reach_px <= 0 or not region.any():
        return region.copy()
    away_px = cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away_px <= reach_px, bool)


def with_shadow(photo: Image, region: Bool, reach_px: float) -> Bool:
    """Return a region with the shadow that joins it: darker than the ground around, of one hue.

    The ground is what lies as far from the region as the shadow can reach, below the region's
    middle; a pixel is shadow when its light is at most 90 % of the ground's and its chromaticity
    is the ground's own, and a path of such pixels joins it to the region.

    Parameters
    ----------
    photo : (H, W, 3) uint8 RGB
    region : (H, W) bool
    reach_px : float
        How far a shadow reaches.

    Examples
    --------
    >>> photo = np.full((40, 60, 3), 200, np.uint8); photo[30:34, 20:40] = 120
    >>> person = np.zeros((40, 60), bool); person[5:34, 15:20] = True
    >>> bool(with_shadow(photo, person, 25)[30:34, 20:40].all())
    True
    """
    if not region.any() or region.all():
        return region.copy()
    light, hue = _light_and_hue(photo)
    rows = np.flatnonzero(region.any(axis=1))
    middle = (rows[0] + rows[-1] + 1) // 2
    near = grown(region, reach_px) & ~region
    near[:middle] = False
    if not near.any():
        return region.copy()
    # Half of what is near is taken to be lit: its upper quartile is the ground's light.
    ground_light = np.quantile(light[near], 0.75)
    lit = near & (light > _SHADOW_DARKER * ground_light)
    ground_hue = np.median(hue[lit], axis=0)
    dark = near & (light < _SHADOW_DARKER * ground_light)
    dark &= np.abs(hue - ground_hue).max(axis=2) < _SHADOW_HUE
    joined = parts_at(dark | region, region, 8) & dark
    # The shadow's own edge is soft.
    return np.asarray(region | (grown(joined, _PENUMBRA_PX) & near), bool)


def with_reflection(photo: Image, region: Bool, reach_px: float) -> Bool:
    """Return a region with its mirror image below it, where the photo looks like one.

    Each column's lowest pixel of the region is the mirror. The columns below are taken when, all
    in all, their light goes along with that of the region turned upside down.

    Parameters
    ----------
    photo : (H, W, 3) uint8 RGB
    region : (H, W) bool
    reach_px : float
        How far a reflection reaches.
    """
    height = region.shape[0]
    columns = np.flatnonzero(region.any(axis=0))
    bottom = height - 1 - region[::-1].argmax(axis=0)
    y = np.arange(height)[:, None]
    mirrored = 2 * bottom[None, :] + 1 - y
    below = np.zeros_like(region)
    below[:, columns] = (y > bottom[None, columns]) & (mirrored[:, columns] >= 0)
    below &= y - bottom[None, :] <= reach_px
    source = np.clip(mirrored, 0, height - 1)
    below &= np.take_along_axis(region, source, axis=0)
    if np.count_nonzero(below) < 16:
        return region.copy()
    light, _ = _light_and_hue(photo)
    smooth = cv2.GaussianBlur(light, (0, 0), max(1.0, _SMOOTH_PER_REACH * reach_px))
    one, other = smooth[below], np.take_along_axis(smooth, source, axis=0)[below]
    if one.std() < 1e-3 or other.std() < 1e-3:
        return region.copy()
    if float(np.corrcoef(one, other)[0, 1]) < _REFLECTION_CORRELATION:
        return region.copy()
    return region | below


def _light_and_hue(photo: Image) -> tuple[Float, Float]:
    """Return (H, W) light and (H, W, 3) shares of red, green and blue."""
    values = photo.astype(np.float32) + 1
    light = values.sum(axis=2)
    return light, values / light[..., None]
