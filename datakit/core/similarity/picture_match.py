"""Whether two thumbnails show the same picture, however turned, cropped or brightened."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.similarity.hashing import PLAIN_CONTRAST, THUMBNAIL_PX, Thumbnail

_Floats = npt.NDArray[np.float32]
_Flags = npt.NDArray[np.bool_]
_CropT = npt.NDArray[np.float64]

_COARSE_PX: Final = 16
_LEVELS_PX: Final = (16, 32, 64)
_ITERATIONS: Final = 6
_MAX_SHIFT: Final = 0.25
_HUBER: Final = 1.345
_TONES: Final = 32
# The tone curve is estimated from the pixels that both pictures have.
_MIN_OVERLAP: Final = 0.5
# Contrast below which noise, not the picture, would decide (gray levels).
_MIN_CONTRAST: Final = 3.0
# Brightness and gamma change contrast; further apart, one picture is blank and fits anything.
_CONTRAST_RATIO: Final = 4.0
_BLANK_STEP: Final = 40.0
_ROUNDING: Final = 2
_BLOCKS: Final = 8
# So near without any fitting that fitting cannot change the verdict.
_CLEAR: Final = 0.1
# Correlation of neighbouring frames at 16 x 16 pixels: a hand-held camera that pans keeps more.
_SAME_VIEW: Final = 0.5


@dataclass(frozen=True, slots=True)
class PictureMatch:
    """How like two pictures are, once one is turned, shifted and toned to fit the other.

    Attributes
    ----------
    error : float
        Root mean square of what remains, in parts of the contrast: 0 the same picture, near 1
        nothing in common.
    shift : float
        How far an edge of one picture had to be moved, in parts of the side: how much was cropped.
    correlation : float
        Of the pictures in small (16 x 16) in the best of the eight orientations, before fitting.
    equal : bool
        Whether the thumbnails are equal but for rounding: a candidate for equal pixels.
    worst : float
        The same as ``error``, of the worst eighth by eighth of the picture: a head that is turned
        leaves much in one place where recompression leaves a little everywhere.
    """

    error: float
    shift: float
    correlation: float
    equal: bool
    worst: float = 0.0


def compare(one: Thumbnail, other: Thumbnail, *, closely: bool = False) -> PictureMatch:
    """Fit one thumbnail to another and measure what remains.

    The orientation is the best of the eight at 16 x 16 pixels; the crop is a stretch and a shift
    in x and in y, found by Gauss-Newton from coarse to fine with Huber weights, so that an object
    that moved does not pull the background with it (Baker and Matthews, IJCV 2004); brightness is
    the best curve of gray levels, which covers exposure, gamma and clipping.

    Parameters
    ----------
    one, other : (64, 64) uint8
        From `datakit.core.similarity.hashing.thumbnail`.
    closely : bool
        Fit also where the pictures are near without it, so that ``worst`` means something.

    Returns
    -------
    PictureMatch
        The same for both orders of the arguments, up to rounding.

    Examples
    --------
    >>> photo = cv2.resize(np.random.default_rng(1).integers(0, 256, (8, 8), np.uint8), (64, 64))
    >>> compare(photo, np.ascontiguousarray(np.rot90(photo))).error < 0.01
    True
    """
    turned, correlation = _turned(one, other)
    equal = bool(cv2.absdiff(one, turned).max() <= _ROUNDING)
    plain, moving = one.astype(np.float32), turned.astype(np.float32)
    everywhere = np.ones(one.shape, np.bool_)
    error, worst = _residual(plain, moving, everywhere)
    # Plain pictures have nothing to be fitted by.
    is_plain = max(float(plain.std()), float(moving.std())) < PLAIN_CONTRAST
    if is_plain or (error < _CLEAR and not (closely and worst > _CLEAR)):
        return PictureMatch(error, 0.0, correlation, equal, worst)
    crop = np.zeros(4)
    for side_px in _LEVELS_PX:
        crop = _fit(_shrunk(one, side_px), _shrunk(turned, side_px), crop)
    fitted = _cropped(moving, crop)
    inside = _cropped(np.full(one.shape, 255, np.float32), crop, cv2.BORDER_CONSTANT) > 254
    stretch, offset = crop[::2], crop[1::2]
    shift = float((np.abs(stretch) / 2 + np.abs(offset)).max())
    if inside.mean() < _MIN_OVERLAP:
        return PictureMatch(1.0, shift, correlation, equal, 1.0)
    error, worst = _residual(plain, fitted, inside)
    return PictureMatch(error, shift, correlation, equal, worst)


def is_same_view(one: Thumbnail, other: Thumbnail) -> bool:
    """Tell whether what one picture shows lies at the same place in the other, as between frames.

    Neither turned nor flipped: a copy that augmentation made is no neighbouring frame.

    Examples
    --------
    >>> photo = cv2.resize(np.random.default_rng(1).integers(0, 256, (8, 8), np.uint8), (64, 64))
    >>> moved = np.roll(photo, 3, axis=1)
    >>> is_same_view(photo, moved), is_same_view(photo, np.ascontiguousarray(photo[:, ::-1]))
    (True, False)
    """
    small = [_standardised(_shrunk(picture, _COARSE_PX)) for picture in (one, other)]
    return float((small[0] * small[1]).mean()) >= _SAME_VIEW


def _turned(one: Thumbnail, other: Thumbnail) -> tuple[Thumbnail, float]:
    """Return ``other`` in the orientation nearest to ``one``, and their correlation there."""
    target = _standardised(_shrunk(one, _COARSE_PX))
    small = _shrunk(other, _COARSE_PX)
    scores = [float((target * _standardised(_oriented(small, k))).mean()) for k in range(8)]
    best = int(np.argmax(scores))
    return np.ascontiguousarray(_oriented(other, best)), scores[best]


def _oriented(image: npt.NDArray[np.uint8], orientation: int) -> npt.NDArray[np.uint8]:
    turned = np.rot90(image, orientation % 4)
    return turned if orientation < 4 else turned.T


def _shrunk(image: Thumbnail, side_px: int) -> Thumbnail:
    if side_px == THUMBNAIL_PX:
        return image
    size = (side_px, side_px)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _standardised(image: npt.NDArray[np.uint8]) -> _Floats:
    centred = image.astype(np.float32) - np.float32(image.mean())
    return np.asarray(centred / (np.sqrt((centred**2).mean()) + 1e-3), dtype=np.float32)


def _fit(one: Thumbnail, other: Thumbnail, crop: _CropT) -> _CropT:
    """Improve ``crop`` = (stretch x, shift x, stretch y, shift y), in parts of the side."""
    side = one.shape[0]
    margin = max(2, side // 20)
    inner = slice(margin, side - margin)
    across, down = (grid[inner, inner].ravel() for grid in _grid(side))
    target, moving = one.astype(np.float32), other.astype(np.float32)
    slopes = _slopes(target)
    plain = target[inner, inner].ravel()
    for _ in range(_ITERATIONS):
        moved = _cropped(moving, crop)
        toned = moved[inner, inner].ravel()
        toned = toned - toned.mean()
        gain = max(float(plain.std()), 1.0) / max(float(toned.std()), 1.0)
        mean_slopes = [
            ((slope + gain * other_slope) / 2)[inner, inner].ravel()
            for slope, other_slope in zip(slopes, _slopes(moved), strict=True)
        ]
        residual = plain - plain.mean() - gain * toned
        scale = 1.4826 * float(np.median(np.abs(residual))) + 1.0
        weight = np.minimum(1.0, _HUBER * scale / np.maximum(np.abs(residual), 1e-6))
        dx, dy = mean_slopes
        columns = np.stack([dx * across, dx, dy * down, dy, gain * toned, np.ones_like(toned)])
        weighted = columns * weight
        normal = (weighted @ columns.T).astype(np.float64)
        # A flat picture gives no hold: keep the step small there instead of dividing by nothing.
        normal[np.diag_indices(6)] += 1e-3 * np.diagonal(normal) + 1e-3
        normal[np.diag_indices(4)] += 100.0 * scale**2
        step = np.linalg.solve(normal, (weighted @ residual).astype(np.float64))[:4]
        crop = np.clip(crop + step, -_MAX_SHIFT, _MAX_SHIFT)
        if np.abs(step).max() < 0.05 / side:
            break
    return crop


@lru_cache(maxsize=4)
def _grid(side: int) -> tuple[_Floats, _Floats]:
    centred = (np.arange(side, dtype=np.float32) + 0.5) / side - 0.5
    across, down = np.meshgrid(centred, centred)
    return across, down


def _slopes(image: _Floats) -> tuple[_Floats, _Floats]:
    """Return the change along x and y, per side of the picture."""
    scale = image.shape[0] / 8
    return (
        np.asarray(cv2.Sobel(image, cv2.CV_32F, 1, 0, scale=scale), dtype=np.float32),
        np.asarray(cv2.Sobel(image, cv2.CV_32F, 0, 1, scale=scale), dtype=np.float32),
    )


def _cropped(image: _Floats, crop: _CropT, border: int = cv2.BORDER_REPLICATE) -> _Floats:
    side = image.shape[0]
    scale_x, shift_x, scale_y, shift_y = (1 + crop[0], crop[1], 1 + crop[2], crop[3])
    # Pixel centres lie at (i + 0.5) / side; the middle of the picture is the origin.
    matrix = np.array(
        [
            [scale_x, 0, side * (scale_x * (0.5 / side - 0.5) + shift_x + 0.5) - 0.5],
            [0, scale_y, side * (scale_y * (0.5 / side - 0.5) + shift_y + 0.5) - 0.5],
        ]
    )
    flags = cv2.INTER_LINEAR + cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(image, matrix, (side, side), flags=flags, borderMode=border)
    return np.asarray(moved, dtype=np.float32)


def _residual(one: _Floats, other: _Floats, inside: _Flags) -> tuple[float, float]:
    """Return what the better tone curve leaves, over the contrast: in all, and at worst."""
    first, second = one[inside].astype(np.float64), other[inside].astype(np.float64)
    contrasts = float(first.std()), float(second.std())
    if min(contrasts) < _MIN_CONTRAST and abs(first.mean() - second.mean()) > _BLANK_STEP:
        return 1.0, 1.0
    low, high = (max(contrast, _MIN_CONTRAST) for contrast in sorted(contrasts))
    if high > _CONTRAST_RATIO * low:
        return 1.0, 1.0
    left = min(_untoned(first, second), _untoned(second, first), key=lambda left: (left**2).sum())
    return float(np.sqrt((left**2).mean())), _worst(left, inside)


def _worst(left: npt.NDArray[np.float64], inside: _Flags) -> float:
    """Return the largest root mean square of a block that lies inside for the most part."""
    squares = np.zeros(inside.shape)
    squares[inside] = left**2
    side = inside.shape[0] // _BLOCKS
    area = (side, side)
    total = cv2.boxFilter(squares, cv2.CV_64F, area, borderType=cv2.BORDER_CONSTANT)
    share = cv2.boxFilter(inside.astype(np.float64), cv2.CV_64F, area)
    known = share >= _MIN_OVERLAP
    return float(np.sqrt((total[known] / share[known]).max(initial=0.0)))


def _untoned(
    wanted: npt.NDArray[np.float64], given: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return what the best curve of gray levels leaves of each pixel, over the contrast."""
    tone = np.minimum((given * (_TONES / 256)).astype(np.int64), _TONES - 1)
    count = np.bincount(tone, minlength=_TONES)
    used = count > 0
    centre = np.bincount(tone, given, _TONES)[used] / count[used]
    value = np.bincount(tone, wanted, _TONES)[used] / count[used]
    left = wanted - np.interp(given, centre, value)
    return np.asarray(left / max(float(wanted.std()), _MIN_CONTRAST))
