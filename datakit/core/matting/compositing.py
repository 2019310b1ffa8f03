"""A cut-out subject over another background."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

Image = npt.NDArray[np.uint8]
Alpha = npt.NDArray[np.float32]

_ENCODE_STEPS = 1 << 14


def composite(
    foreground: Image, alpha: Alpha, background: Image, *, linear_light: bool = False
) -> Image:
    """Lay a foreground over a background: ``alpha * F + (1 - alpha) * B``.

    Parameters
    ----------
    foreground : (H, W, 3) uint8 RGB
        Foreground colours, as `datakit.core.matting.foreground.estimate_foreground` gives them.
        The photo itself would carry its old background along in every soft pixel.
    alpha : (H, W) float32 in [0, 1]
        How much of the foreground is seen.
    background : (H, W, 3) uint8 RGB
        The new background, of the same size.
    linear_light : bool
        Mix amounts of light instead of sRGB code values. That is what a lens does; mattes are
        mostly made for code values, where soft edges come out darker.

    Returns
    -------
    (H, W, 3) uint8 RGB

    Raises
    ------
    InputError
        If the sizes differ.

    References
    ----------
    Porter and Duff 1984, https://doi.org/10.1145/800031.808606; sRGB: IEC 61966-2-1.

    Examples
    --------
    >>> white, black = np.full((1, 1, 3), 255, np.uint8), np.zeros((1, 1, 3), np.uint8)
    >>> half = np.full((1, 1), 0.5, np.float32)
    >>> int(composite(white, half, black)[0, 0, 0])
    128
    >>> int(composite(white, half, black, linear_light=True)[0, 0, 0])
    188
    """
    if not foreground.shape == background.shape == (*alpha.shape, 3):
        raise InputError(
            f"composite: expected one size, found foreground {foreground.shape}, "
            f"alpha {alpha.shape}, background {background.shape}"
        )
    if linear_light:
        front, back = _to_linear()[foreground], _to_linear()[background]
    else:
        front, back = foreground.astype(np.float32), background.astype(np.float32)
    front -= back
    front *= alpha[..., None]
    front += back
    if linear_light:
        # Light between two codes is rounded to the nearest of 16,384 steps before it is encoded.
        front *= _ENCODE_STEPS
        front += 0.5
        mixed: Image = _to_srgb()[front.astype(np.intp)]
        return mixed
    front += 0.5
    return front.astype(np.uint8)


def cover(
    background: Image,
    size_hw: tuple[int, int],
    *,
    scale: float = 1.0,
    place_xy: tuple[float, float] = (0.5, 0.5),
    mirrored: bool = False,
) -> Image:
    """Cut and scale a picture so that it covers a frame.

    Parameters
    ----------
    background : (H, W, 3) uint8 RGB
        Any size.
    size_hw : tuple of int
        Height and width of the frame.
    scale : float
        1 shows as much of the picture as covers the frame; 2 shows half of that, twice as large.
    place_xy : tuple of float
        Which part is shown: 0 the left (top) end, 1 the right (bottom) end.
    mirrored : bool
        Flip left and right.

    Returns
    -------
    (H, W, 3) uint8 RGB

    Raises
    ------
    InputError
        If scale is below 1 or place_xy leaves [0, 1].

    Examples
    --------
    >>> strip = np.repeat(np.arange(8, dtype=np.uint8)[None, :, None], 4, axis=0).repeat(3, axis=2)
    >>> cover(strip, (4, 4), place_xy=(1.0, 0.5))[0, :, 0].tolist()
    [4, 5, 6, 7]
    """
    if not scale >= 1 or not all(0 <= place <= 1 for place in place_xy):
        raise InputError(
            f"background: expected a scale from 1 and a place in [0, 1], found {scale}, {place_xy}"
        )
    height, width = background.shape[:2]
    zoom = max(size_hw[0] / height, size_hw[1] / width) * scale
    cut_h = min(height, max(1, round(size_hw[0] / zoom)))
    cut_w = min(width, max(1, round(size_hw[1] / zoom)))
    top = round((height - cut_h) * place_xy[1])
    left = round((width - cut_w) * place_xy[0])
    part = background[top : top + cut_h, left : left + cut_w]
    if (cut_h, cut_w) != size_hw:
        method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
        part = cv2.resize(part, (size_hw[1], size_hw[0]), interpolation=method)
    return np.ascontiguousarray(part[:, ::-1] if mirrored else part)


def match_colours(foreground: Image, alpha: Alpha, background: Image, strength: float) -> Image:
    """Move the foreground's colours towards the background's mean and spread.

    Works in CIELAB on means and standard deviations (Reinhard 2001), the foreground weighted by
    its alpha. The spread changes by at most a factor of 1.5, so that a plain wall does not turn a
    face grey.

    Parameters
    ----------
    foreground, background : (H, W, 3) uint8 RGB
        Foreground colours, and the background as it will be seen.
    alpha : (H, W) float32 in [0, 1]
        The foreground's alpha.
    strength : float
        0 leaves the colours, 1 takes the background's mean and spread; 0.2 to 0.4 looks natural.

    Returns
    -------
    (H, W, 3) uint8 RGB

    Raises
    ------
    InputError
        If strength leaves [0, 1].

    References
    ----------
    Reinhard et al. 2001, "Color transfer between images", https://doi.org/10.1109/38.946629

    Examples
    --------
    >>> red, blue = np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2, 3), np.uint8)
    >>> red[..., 0], blue[..., 2] = 200, 200
    >>> opaque = np.ones((2, 2), np.float32)
    >>> bool((match_colours(red, opaque, blue, 0.0) == red).all())
    True
    >>> bool(match_colours(red, opaque, blue, 0.5)[0, 0, 2] > 50)
    True
    """
    if not 0 <= strength <= 1:
        raise InputError(f"colour matching: expected a strength in [0, 1], found {strength}")
    total = float(alpha.sum(dtype=np.float64))
    if strength == 0 or total == 0:
        return foreground
    lab = _lab(foreground)
    mean, spread = _moments(lab, alpha / total)
    other_mean, other_spread = _moments(
        _lab(background), np.full(alpha.shape, 1 / alpha.size, np.float32)
    )
    gain = np.clip(other_spread / np.maximum(spread, 1e-3), 1 / 1.5, 1.5)
    gain, shift = gain**strength, (other_mean - mean) * strength
    moved = ((lab - mean) * gain + mean + shift).astype(np.float32)
    rgb = cv2.cvtColor(moved, cv2.COLOR_LAB2RGB)
    result: Image = np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)
    return result


def _lab(image: Image) -> npt.NDArray[np.float32]:
    lab: npt.NDArray[np.float32] = cv2.cvtColor(
        image.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB
    )
    return lab


def _moments(
    lab: npt.NDArray[np.float32], weight: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return each channel's weighted mean and standard deviation; the weights sum to 1."""
    weights = weight.astype(np.float64)[..., None]
    mean = (lab * weights).sum(axis=(0, 1))
    spread = np.sqrt((((lab - mean) ** 2) * weights).sum(axis=(0, 1)))
    return mean, spread


@cache
def _to_linear() -> npt.NDArray[np.float32]:
    code = np.arange(256) / 255
    light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


@cache
def _to_srgb() -> Image:
    light = np.arange(_ENCODE_STEPS + 1) / _ENCODE_STEPS
    code = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    table: Image = np.rint(code * 255).astype(np.uint8)
    return table
