"""Perceptual hashes that survive recompression, small crops, flips and 90-degree turns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

THUMBNAIL_PX: Final = 64
"""Side of the square thumbnails that hashes are made of and duplicates are confirmed with."""

PLAIN_CONTRAST: Final = 0.75
"""Thumbnails of less contrast (standard deviation, gray levels) are plain."""

Thumbnail = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]
_Floats = npt.NDArray[np.float64]


def _corners(margin: float) -> tuple[tuple[float, float, float, float], ...]:
    low, high = (0.0, 1 - margin), (margin, 1.0)
    return tuple((*rows, *columns) for rows in (low, high) for columns in (low, high))


# Views (y0, y1, x0, x1) of a picture as fractions of its sides: the whole, its middle, its four
# corners. A picture that lost up to 5 % on every side lies close to one of its original's views.
_VIEWS: Final = (
    (0.0, 1.0, 0.0, 1.0),
    (0.025, 0.975, 0.025, 0.975),
    (0.045, 0.955, 0.045, 0.955),
    *_corners(0.03),
    *_corners(0.07),
)
_FREQUENCIES = 11
# The 64 lowest frequencies (v, u), the mean left out; closed under v <-> u, so that a turned
# picture has the same bits in another order.
_ORDER: Final = tuple(
    (v, u) for v in range(11) for u in range(11) if 0 < v + u <= 10 and v + u < 10
)
_LAST: Final = tuple((v, 10 - v) for v in range(11) if v != 5)
_BITS: Final = np.array(_ORDER + _LAST)
_TRANSPOSED: Final = np.array(
    [[tuple(row) for row in _BITS].index((u, v)) for v, u in map(tuple, _BITS)]
)
_ODD_V: Final = 1.0 - 2.0 * (_BITS[:, 0] % 2)
_ODD_U: Final = 1.0 - 2.0 * (_BITS[:, 1] % 2)
_TILT_V: Final = int(np.flatnonzero((_BITS == (1, 0)).all(axis=1))[0])
_TILT_U: Final = int(np.flatnonzero((_BITS == (0, 1)).all(axis=1))[0])
# Coefficients below this are noise of a flat area (gray levels, orthonormal scale 1 per pixel).
# What is all faint noise has no other coefficients: there the limit goes down to 0 with the
# contrast, or the hashes of thousands of noise pictures would lie next to each other.
_FLAT = 0.02
_FAINT_CONTRASTS: Final = (1.0, 3.0)
# How near to a tie the tilt must be for the other orientation to be looked up as well, in parts
# of the root mean square coefficient. Measured on recompressed, cropped photos: see docs/dedup.md.
_TIE = 0.5


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is kept of a picture to find others like it.

    Attributes
    ----------
    key : int
        64-bit hash of the whole picture in its canonical orientation; what others look up.
    probes : ndarray of shape (P,) and dtype uint64
        Hashes of slightly cropped views, in each orientation that a small change could make the
        canonical one; what this picture looks up. Sorted, unique, 1 to 88 (17 on average).
    thumbnail : ndarray of shape (64, 64) and dtype uint8
        The picture in gray, stretched to a square.
    """

    key: int
    probes: Hashes
    thumbnail: Thumbnail


def thumbnail(image: npt.NDArray[np.uint8]) -> Thumbnail:
    """Shrink a picture to a gray square of `THUMBNAIL_PX`; its proportions are not kept.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) uint8, RGB

    Returns
    -------
    (64, 64) uint8

    Raises
    ------
    InputError
        If the array is empty, of another type, or has another number of channels.

    Examples
    --------
    >>> thumbnail(np.full((480, 640, 3), 7, np.uint8)).shape
    (64, 64)
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.size == 0:
        raise InputError(
            f"image: expected (H, W) or (H, W, 3) uint8, found {image.shape} {image.dtype}"
        )
    if image.ndim == 3 and image.shape[2] != 3:
        raise InputError(f"image: expected 3 channels (RGB), found {image.shape[2]}")
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image
    # Halving is several times faster than area averaging by other factors, and averages the same.
    while min(gray.shape) >= 4 * THUMBNAIL_PX:
        height, width = gray.shape[0] // 2, gray.shape[1] // 2
        even = gray[: 2 * height, : 2 * width]
        gray = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def fingerprint(thumb: Thumbnail) -> Fingerprint:
    """Hash a thumbnail.

    The bits are the signs of the 64 lowest frequencies of the cosine transform (as in Zauner's
    pHash, 2010, with zero for the median): a flip then only changes signs and a quarter turn only
    swaps coefficients, so that all eight orientations come from one transform. Plain pictures
    are a class of their own: as many bits as their brightness.

    Parameters
    ----------
    thumb : (64, 64) uint8
        From `thumbnail`.

    Raises
    ------
    InputError
        If the array is not a thumbnail.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> photo = cv2.resize(rng.integers(0, 256, (8, 8), np.uint8), (64, 64))
    >>> fingerprint(photo).key == fingerprint(np.rot90(photo)).key
    True
    """
    if thumb.shape != (THUMBNAIL_PX, THUMBNAIL_PX) or thumb.dtype != np.uint8:
        raise InputError(f"thumbnail: expected (64, 64) uint8, found {thumb.shape} {thumb.dtype}")
    contrast = float(thumb.std())
    if contrast < PLAIN_CONTRAST:
        level = (1 << round(float(thumb.mean()) / 4)) - 1
        return Fingerprint(level, np.array([level], np.uint64), thumb)
    floor = _FLAT * float(np.interp(contrast, _FAINT_CONTRASTS, (0.0, 1.0)))
    spectra = _canonical(_spectra(thumb))
    key = int(_bits(spectra[:1], floor)[0])
    return Fingerprint(key, np.unique(_alternatives(spectra, floor)), thumb)


def _spectra(thumb: Thumbnail) -> _Floats:
    """Return the 64 coefficients of every view: (views, 64)."""
    rows, columns = _operators()
    pixels = thumb.astype(np.float64)
    full = rows @ pixels @ columns.transpose(0, 2, 1)
    return np.asarray(full[:, _BITS[:, 0], _BITS[:, 1]])


@lru_cache(maxsize=1)
def _operators() -> tuple[_Floats, _Floats]:
    rows = np.stack([_cosines(y0, y1) for y0, y1, _, _ in _VIEWS])
    columns = np.stack([_cosines(x0, x1) for _, _, x0, x1 in _VIEWS])
    return rows, columns


def _cosines(start: float, stop: float) -> _Floats:
    """Return the cosine transform of the part of a line from ``start`` to ``stop``: (11, 64).

    Cutting, stretching back and transforming are all linear: one matrix does them without
    resampling. A pixel weighs as much as of it lies inside.
    """
    edges = np.arange(THUMBNAIL_PX + 1) / THUMBNAIL_PX
    inside = np.clip(np.minimum(edges[1:], stop) - np.maximum(edges[:-1], start), 0, None)
    centres = ((edges[1:] + edges[:-1]) / 2 - start) / (stop - start)
    waves = np.cos(np.pi * np.arange(_FREQUENCIES)[:, None] * centres)
    waves *= inside / (stop - start)
    # A cut pixel puts the waves off balance; a flat picture must have no frequencies.
    waves[1:] -= waves[1:].sum(axis=1, keepdims=True) * waves[0]
    return np.asarray(waves)


def _canonical(spectra: _Floats) -> _Floats:
    """Turn and flip spectra so that they are brighter left, brighter above, and mostly above."""
    turned = spectra * np.where(spectra[:, _TILT_V, None] < 0, _ODD_V, 1.0)
    turned *= np.where(turned[:, _TILT_U, None] < 0, _ODD_U, 1.0)
    aside = turned[:, _TILT_U, None] > turned[:, _TILT_V, None]
    return np.asarray(np.where(aside, turned[:, _TRANSPOSED], turned))


def _alternatives(canonical: _Floats, floor: float) -> Hashes:
    """Return the hashes of every orientation that noise could make the canonical one."""
    tie = _TIE * np.sqrt(np.mean(canonical**2, axis=1))
    below, aside = canonical[:, _TILT_V] < tie, canonical[:, _TILT_U] < tie
    turned = canonical[:, _TILT_V] - canonical[:, _TILT_U] < tie
    found, view = canonical, np.arange(len(canonical))
    for near, signs, order in (
        (below, _ODD_V, slice(None)),
        (aside, _ODD_U, slice(None)),
        (turned, 1.0, _TRANSPOSED),
    ):
        chosen = near[view]
        found = np.concatenate([found, (found[chosen] * signs)[:, order]])
        view = np.concatenate([view, view[chosen]])
    return _bits(found, floor)


def _bits(spectra: _Floats, floor: float) -> Hashes:
    signs = np.packbits(spectra > floor, axis=1, bitorder="little")
    return np.asarray(signs.view("<u8")[:, 0].astype(np.uint64))
