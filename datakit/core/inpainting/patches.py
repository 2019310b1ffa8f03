"""Square patches of a picture as rows of numbers that can be compared."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float32]
Index = npt.NDArray[np.intp]

RADIUS_PX = 3
"""Patches are (2 * RADIUS_PX + 1) pixels wide."""

_SIDE = 2 * RADIUS_PX + 1
_COMPONENTS = 24
_SAMPLED = 4096
CHUNK = 1 << 15
"""Patches that are held in memory at once."""


class Patches:
    """The patches around the pixels of a picture; beyond its border it is mirrored.

    Parameters
    ----------
    picture : (H, W, 3) float32
    """

    def __init__(self, picture: Float) -> None:
        padded = cv2.copyMakeBorder(picture, *(RADIUS_PX,) * 4, cv2.BORDER_REFLECT_101)
        sides = (_SIDE, _SIDE, picture.shape[2])
        self._windows = np.lib.stride_tricks.sliding_window_view(padded, sides)
        self._width = picture.shape[1]

    def rows(self, centres: Index) -> Float:
        """Return the patches around pixels, given by flat indices, as (N, P * P * 3) float32."""
        y, x = np.divmod(centres, self._width)
        found: Float = self._windows[y, x, 0].reshape(len(centres), _SIDE * _SIDE * 3)
        return found


class PatchSpace:
    """The directions in which the known patches of a picture differ most.

    Patches are compared by their first principal components, which finds nearly the same ones as
    all pixels at a sixth of the work.

    Parameters
    ----------
    patches : Patches
    centres : (N,) intp
        Flat indices of the pixels whose patches are known.
    rng : Generator
        Chooses the patches that the directions are computed from.
    """

    def __init__(self, patches: Patches, centres: Index, rng: np.random.Generator) -> None:
        taken = centres
        if len(centres) > _SAMPLED:
            taken = np.sort(rng.choice(centres, _SAMPLED, replace=False))
        rows = patches.rows(taken).astype(np.float64)
        mean = rows.mean(axis=0)
        rows -= mean
        _, vectors = np.linalg.eigh(rows.T @ rows)
        self._mean = mean.astype(np.float32)
        self._basis = vectors[:, ::-1][:, :_COMPONENTS].astype(np.float32)

    def describe(self, patches: Patches, centres: Index) -> Float:
        """Return (N, K) float32: the components of the patches around some pixels."""
        found = np.empty((len(centres), self._basis.shape[1]), np.float32)
        for start in range(0, len(centres), CHUNK):
            chunk = slice(start, start + CHUNK)
            found[chunk] = (patches.rows(centres[chunk]) - self._mean) @ self._basis
        return found


def touching(hole: Bool) -> Bool:
    """Return the pixels whose patch meets a hole."""
    grown = cv2.dilate(hole.astype(np.uint8), np.ones((_SIDE, _SIDE), np.uint8))
    return np.asarray(grown, bool)


def known_centres(hole: Bool) -> Bool:
    """Return the pixels whose patch lies within the picture and does not meet the hole."""
    found = ~touching(hole)
    for edge in (slice(None, RADIUS_PX), slice(-RADIUS_PX, None)):
        found[edge] = False
        found[:, edge] = False
    return found
