"""The matting Laplacian of closed-form matting, only the rows that a solver needs."""

from __future__ import annotations

import cv2
import numpy as np
import scipy.sparse
from numpy.typing import NDArray

DoubleArray = NDArray[np.float64]
UInt8Image = NDArray[np.uint8]

EPSILON = 1e-5
"""Regularisation of a window's colour covariance, on colours in [0, 1]."""

_WINDOW_CHUNK = 8192
_NEIGHBOURS = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
_REACH = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]


def laplacian_rows(
    image: UInt8Image, unknown: NDArray[np.bool_], epsilon: float = EPSILON
) -> scipy.sparse.csr_array:
    """Rows of the matting Laplacian for the unknown pixels.

    Parameters
    ----------
    image : (H, W, 3) uint8 RGB
        The photo; both sides at least 3 px.
    unknown : (H, W) bool
        The pixels whose rows are wanted.
    epsilon : float
        Regularisation; larger values give smoother mattes.

    Returns
    -------
    (U, H * W) csr_array of float64
        Row i belongs to the i-th unknown pixel in reading order, columns are pixels. Windows are
        3 x 3 and lie inside the image.

    Notes
    -----
    The whole matrix of a 1080p photo takes 0.8 GB; an unknown pixel takes 400 B here.

    References
    ----------
    Levin, Lischinski, Weiss: A Closed-Form Solution to Natural Image Matting. IEEE Transactions on
    Pattern Analysis and Machine Intelligence, 2008. doi:10.1109/TPAMI.2007.1177

    Examples
    --------
    >>> image = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    >>> rows = laplacian_rows(image, np.ones((5, 6), bool))
    >>> rows.shape, bool(abs(rows.sum(axis=1)).max() < 1e-12)
    ((30, 30), True)
    """
    width = unknown.shape[1]
    values = _stencils(image, unknown, epsilon)
    pixels = np.flatnonzero(unknown)
    reach = np.array([dy * width + dx for dy, dx in _REACH], np.int32)
    columns = pixels.astype(np.int32)[:, None] + reach
    # Entries beyond the image belong to no window: they are zero, and so are all of a far row.
    used = values != 0
    starts = np.concatenate([[0], np.cumsum(used.sum(axis=1))])
    return scipy.sparse.csr_array(
        (values[used], columns[used], starts), shape=(len(pixels), unknown.size)
    )


def _stencils(image: UInt8Image, unknown: NDArray[np.bool_], epsilon: float) -> DoubleArray:
    """Each unknown pixel's row as a 5 x 5 neighbourhood, (U, 25) float64."""
    width = unknown.shape[1]
    colours = image.reshape(-1, 3)
    # One row more takes what windows say of known pixels.
    row_of = np.full(unknown.size, int(unknown.sum()), np.int64)
    row_of[unknown.ravel()] = np.arange(int(unknown.sum()))
    values = np.zeros((int(unknown.sum()) + 1, len(_REACH)))
    centres = _window_centres(unknown)
    around = np.array([dy * width + dx for dy, dx in _NEIGHBOURS])
    slots = np.array(
        [[_REACH.index((y2 - y1, x2 - x1)) for y2, x2 in _NEIGHBOURS] for y1, x1 in _NEIGHBOURS]
    )
    for start in range(0, len(centres), _WINDOW_CHUNK):
        members = centres[start : start + _WINDOW_CHUNK, None] + around
        affinity = _window_terms(colours[members] / 255, epsilon)
        rows = row_of[members]
        for position in range(len(_NEIGHBOURS)):
            # In one position a pixel occurs once, so adding by index loses nothing.
            known = rows[:, position] == len(values) - 1
            target = rows[~known, position][:, None]
            values[target, slots[position]] += affinity[~known, position]
    return values[:-1]


def _window_centres(unknown: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Flat indices of the windows' centres that touch an unknown pixel."""
    near = cv2.dilate(unknown.view(np.uint8), np.ones((3, 3), np.uint8))
    near[[0, -1]] = 0
    near[:, [0, -1]] = 0
    return np.flatnonzero(near)


def _window_terms(colours: DoubleArray, epsilon: float) -> DoubleArray:
    """Return what each window adds between its pixels: (N, 9, 3) colours -> (N, 9, 9)."""
    count = colours.shape[1]
    offsets = np.ascontiguousarray(
        (colours - colours.mean(axis=1, keepdims=True)).transpose(0, 2, 1)
    )
    covariance = np.matmul(offsets, offsets.transpose(0, 2, 1)) / count
    covariance[:, range(3), range(3)] += epsilon / count
    white = _whitened(offsets, covariance)
    terms: DoubleArray = (1 + np.matmul(white.transpose(0, 2, 1), white)) / -count
    terms[:, range(count), range(count)] += 1
    return terms


def _whitened(offsets: DoubleArray, covariance: DoubleArray) -> DoubleArray:
    """Return y with y'y = x' inverse(c) x for (N, 3, P) offsets x and (N, 3, 3) covariances c.

    By Cholesky's factor, written out: a library's inverse of many small matrices takes several
    times as long, and a closed form by cofactors loses digits where colours lie on a line.
    """
    c = covariance[..., None]
    x, y, z = offsets[:, 0], offsets[:, 1], offsets[:, 2]
    pivot = np.sqrt(c[:, 0, 0])
    first = x / pivot
    below, last = c[:, 1, 0] / pivot, c[:, 2, 0] / pivot
    pivot = np.sqrt(c[:, 1, 1] - below**2)
    second = (y - below * first) / pivot
    beside = (c[:, 2, 1] - last * below) / pivot
    pivot = np.sqrt(c[:, 2, 2] - last**2 - beside**2)
    return np.stack([first, second, (z - last * first - beside * second) / pivot], axis=1)
