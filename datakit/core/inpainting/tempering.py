"""How much of the patches' detail a fill keeps: all in a texture, less where a scene goes on."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.inpainting.diffusion import fill_by_diffusion
from datakit.core.inpainting.exemplar import fill_by_patches
from datakit.core.inpainting.kriging import kriged
from datakit.core.inpainting.membrane import close_seam, membrane

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float32]

_BAND_SIGMAS_PX = (0.7, 1.4, 2.8, 5.6, 11.2)
_KEPT = (0.8, 0.2, 0.2, 0.7, 0.7, 0.2)
"""Share of the patches' detail that is kept deep in the hole, the finest first, then what is left
of them; the rest is the expectation."""
_FINE_BANDS = 3
_KEPT_NEAR = 0.5
_NEAR_PX = 12.0
_STRONG_VARIANCE = 1000.0
"""Fine detail of this variance (levels squared) is kept by half; a stronger one by more."""
_LOCAL_SIGMA_PX = 3.0
_SCENE_SIGMA_PX = 8.0
_TEXTURE_SHARE, _SCENE_SHARE = 0.15, 0.3


def fill_by_tempered_patches(photo: Float, hole: Bool, rng: np.random.Generator) -> Float:
    """Fill a hole by patches, as far as they are believed.

    Patches are sharp, and wherever the photo does not repeat itself they are sharp in the wrong
    place: a misplaced edge is further from the truth than none. What is expected of the hole (a
    smooth surface, `expectation`) takes over the large shapes there, and the patches keep their
    finest grain, their shapes of some pixels' size and all detail of strong contrast. In a
    texture, whose variance is in its detail, the patches are kept as they are.

    Parameters
    ----------
    photo : (H, W, 3) float32 in [0, 255]
    hole : (H, W) bool
    rng : Generator

    Returns
    -------
    (H, W, 3) float32
        The photo with its hole filled.
    """
    patches = close_seam(fill_by_patches(photo, hole, rng), photo, hole)
    trust = _texture_trust(scene_share(photo, hole))
    if trust == 1:
        return patches
    depth_px = cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5)[..., None]
    near = np.exp(-depth_px / _NEAR_PX)
    expected = expectation(photo, hole, near)
    bands = _bands(np.where(hole[..., None], patches - expected, np.float32(0)))
    strong = _strength(bands, hole)
    found = expected
    for number, (band, kept) in enumerate(zip(bands, _KEPT, strict=True)):
        deep = np.maximum(kept, strong) if number < _FINE_BANDS else kept
        share = near * _KEPT_NEAR + (1 - near) * deep
        found = found + (trust + (1 - trust) * share) * band
    return np.where(hole[..., None], np.clip(found, 0, 255), photo).astype(np.float32)


def expectation(photo: Float, hole: Bool, near: Float) -> Float:
    """Return a photo with its hole filled by a smooth surface that is near to the truth.

    At the border the edges run on as in the Navier-Stokes method; deeper in it is the mean of a
    membrane and of kriging, whose errors differ.

    Parameters
    ----------
    photo : (H, W, 3) float32 in [0, 255]
    hole : (H, W) bool
    near : (H, W, 1) float32 in [0, 1]
        1 at the border of the hole, falling with the depth.

    Returns
    -------
    (H, W, 3) float32
    """
    levels = np.rint(photo).astype(np.uint8)
    edges = fill_by_diffusion(levels, hole, "navier-stokes").astype(np.float32)
    smooth = (close_seam(kriged(photo, hole), photo, hole) + membrane(photo, hole)) / 2
    return np.where(hole[..., None], near * edges + (1 - near) * smooth, photo)


def scene_share(photo: Float, hole: Bool) -> float:
    """Return which share of the known pixels' variance is in shapes larger than a texture's.

    Near 0: a texture, whose parts are all alike; near 1: a scene of large shapes.

    Examples
    --------
    >>> stripes = np.zeros((64, 64, 3), np.float32); stripes[:, ::4] = 200
    >>> halves = np.zeros((64, 64, 3), np.float32); halves[:32] = 200
    >>> hole = np.zeros((64, 64), bool); hole[20:30, 20:30] = True
    >>> [round(scene_share(photo, hole), 1) for photo in (stripes, halves)]
    [0.0, 0.7]
    """
    known = (~hole).astype(np.float32)[..., None]
    weight = cv2.GaussianBlur(known, (0, 0), _SCENE_SIGMA_PX)[..., None]
    large = cv2.GaussianBlur(photo * known, (0, 0), _SCENE_SIGMA_PX) / np.maximum(weight, 1e-3)
    total = float(photo[~hole].var(axis=0).mean())
    return float(large[~hole].var(axis=0).mean()) / total if total > 0 else 1.0


def _texture_trust(share: float) -> float:
    """Return how far the patches are kept as they are: 1 of a texture, 0 of a scene."""
    return float(np.clip((_SCENE_SHARE - share) / (_SCENE_SHARE - _TEXTURE_SHARE), 0, 1))


def _bands(detail: Float) -> list[Float]:
    """Split detail into bands that sum to it, the finest first."""
    found = []
    for sigma_px in _BAND_SIGMAS_PX:
        coarse = cv2.GaussianBlur(detail, (0, 0), sigma_px)
        found.append(detail - coarse)
        detail = coarse
    return [*found, detail]


def _strength(bands: list[Float], hole: Bool) -> Float:
    """Return (H, W, 1) float32, near 1 where the fine detail is strong."""
    fine = np.sum(bands[:_FINE_BANDS], axis=0)
    weight = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), _LOCAL_SIGMA_PX)
    energy = cv2.GaussianBlur(np.square(fine).mean(axis=2), (0, 0), _LOCAL_SIGMA_PX)
    variance = energy / np.maximum(weight, 0.05)
    return np.asarray(variance**2 / (variance**2 + _STRONG_VARIANCE**2))[..., None]
