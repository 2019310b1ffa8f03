"""Kriging: the expected values of a hole, by how the photo's own values differ with distance."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.inpainting.membrane import halved

Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float32]
Double = npt.NDArray[np.float64]

_SOLVED_PX = 2600
_MOST_KNOWN = 1500
_LAGS_PX = (1, 2, 3, 4, 6, 8, 12, 16)
_LEAST_PAIRS = 20
_POWERS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
_STRETCHES = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8)


class Variogram(NamedTuple):
    """Half the expected squared difference of two pixels: ``nugget + distance ** power``.

    Attributes
    ----------
    power : float
        Below 2.
    stretch : float
        How much further apart two pixels are counted along a column than along a row.
    nugget : float
        Of neighbours: noise, and texture that is finer than a pixel.
    """

    power: float
    stretch: float
    nugget: float

    def between(self, one_yx: Double, other_yx: Double) -> Double:
        """Return (N, M) float64, the variogram between two lists of places without the nugget."""
        y, x = (np.subtract.outer(one_yx[axis], other_yx[axis]) for axis in (0, 1))
        return np.asarray(((self.stretch * y) ** 2 + x**2) ** (self.power / 2))


_PLAIN = Variogram(1.0, 1.0, 0.0)


def kriged(photo: Float, hole: Bool) -> Float:
    """Return what is expected of a hole's pixels, smooth: ordinary kriging at low resolution [1]_.

    A membrane carries each pixel of the border, texture and noise too, as far as the hole goes.
    Kriging weighs all known pixels around by the photo's own variogram: how fast its colours
    change along rows and columns, and how much of that is noise.

    Parameters
    ----------
    photo : (H, W, 3) float32
    hole : (H, W) bool
        Not all of the photo.

    Returns
    -------
    (H, W, 3) float32
        Also of known pixels only the smooth part.

    References
    ----------
    .. [1] Matheron: Principles of geostatistics. Economic Geology 1963.

    Examples
    --------
    >>> ramp = np.linspace(0, 70, 40, dtype=np.float32)[None, :, None].repeat(30, 0).repeat(3, 2)
    >>> hole = np.zeros((30, 40), bool); hole[8:20, 12:28] = True
    >>> bool(np.abs(kriged(np.where(hole[..., None], 0, ramp), hole) - ramp)[hole].max() < 4)
    True
    """
    height, width = hole.shape
    small, gap, scale = photo, hole, 1
    while gap.size > _SOLVED_PX:
        small, gap = halved(small, gap)
        scale *= 2
    solved = small.copy()
    solved[gap] = _solve(small, gap, fitted_variogram(small, ~gap))
    size_wh = (gap.shape[1] * scale, gap.shape[0] * scale)
    return np.asarray(cv2.resize(solved, size_wh, interpolation=cv2.INTER_CUBIC)[:height, :width])


def fitted_variogram(values: Float, known: Bool) -> Variogram:
    """Fit a variogram to the differences of known pixels along rows and along columns.

    Of a grid of powers and stretches the one with the least relative squared error is taken, the
    nugget by linear least squares. Where too little is known, it grows like the distance.

    Parameters
    ----------
    values : (H, W, 3) float32
    known : (H, W) bool
    """
    lags, columns = np.array(_LAGS_PX, float), []
    for axis in (1, 0):
        columns.append([_half_square(values, known, lag, axis) for lag in _LAGS_PX])
    found = np.array(columns)
    usable = (found > 0).all(axis=0)
    if np.count_nonzero(usable) < 3:
        return _PLAIN
    measured = found[:, usable].ravel()
    best, least = _PLAIN, np.inf
    for power in _POWERS:
        for stretch in _STRETCHES:
            model = np.concatenate([lags[usable] ** power, (stretch * lags[usable]) ** power])
            slope, nugget = _line(model / measured, 1 / measured)
            if slope <= 0:
                continue
            error = np.square((slope * model + nugget) / measured - 1).sum()
            if error < least:
                best, least = Variogram(power, stretch, nugget / slope), error
    return best


def _line(slopes: Double, ones: Double) -> tuple[float, float]:
    """Return the slope and the nugget, at least 0, whose sum is nearest to 1 everywhere."""
    found = np.linalg.lstsq(np.column_stack([slopes, ones]), np.ones(len(ones)), rcond=None)[0]
    if found[1] >= 0:
        return float(found[0]), float(found[1])
    return float(slopes.sum() / (slopes @ slopes)), 0.0


def _half_square(values: Float, known: Bool, lag_px: int, axis: int) -> float:
    """Return half the mean squared difference of known pixels some lag apart; 0 of too few."""
    length = values.shape[axis]
    if lag_px >= length:
        return 0.0
    first, second = (
        np.take(values, indices, axis)[
            np.take(known, range(length - lag_px), axis)
            & np.take(known, range(lag_px, length), axis)
        ]
        for indices in (range(length - lag_px), range(lag_px, length))
    )
    if len(first) < _LEAST_PAIRS:
        return 0.0
    return float(np.square(first - second, dtype=np.float64).sum(axis=1).mean() / 2)


def _solve(values: Float, gap: Bool, variogram: Variogram) -> Double:
    """Return (N, 3) float64, the values of the gap's pixels in reading order."""
    away_px = cv2.distanceTransform((~gap).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    known = np.flatnonzero(~gap)
    known = known[np.argsort(away_px.ravel()[known], kind="stable")[:_MOST_KNOWN]]
    places, wanted = (
        np.array(np.divmod(one, gap.shape[1]), float) for one in (known, np.flatnonzero(gap))
    )
    count = len(known)
    # The last row and column: the weights of all known pixels sum to 1.
    system = np.ones((count + 1, count + 1))
    system[:count, :count] = -variogram.between(places, places)
    system[np.arange(count), np.arange(count)] += variogram.nugget
    system[count, count] = 0
    right = np.zeros((count + 1, values.shape[2]))
    right[:count] = values.reshape(-1, values.shape[2])[known]
    weights = np.linalg.solve(system, right)
    found: Double = weights[count] - variogram.between(wanted, places) @ weights[:count]
    return found
