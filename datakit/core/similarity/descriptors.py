"""Image descriptors as short vectors, and selection by them: diverse, nearest, outliers."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

Vectors = npt.NDArray[np.float32]

_SIDE_PX: Final = 32
_LIGHT, _COLOUR = 6, 3
_ORDER: Final = sorted(
    ((v, u) for v in range(_LIGHT) for u in range(_LIGHT)), key=lambda at: (sum(at), at)
)
_BATCH: Final = 4096
_ANCHORS: Final = 4096
_NEIGHBOUR: Final = 3


def describe(photo: npt.NDArray[np.uint8]) -> Vectors:
    """Return the layout of light and colours of a picture as a vector.

    The lowest frequencies of the cosine transform of L*, a* and b*, in the manner of MPEG-7's
    colour layout descriptor (ISO/IEC 15938-3); scaled so that the distance of two vectors is
    the root mean square difference of the two blurred pictures in units of CIE 1976.

    Parameters
    ----------
    photo : (H, W, 3) uint8 RGB

    Returns
    -------
    (33,) float32

    Examples
    --------
    >>> gray = np.full((8, 8, 3), 128, np.uint8)
    >>> describe(gray).shape, bool(np.abs(describe(gray)[1:]).max() < 0.1)
    ((33,), True)
    """
    size = (_SIDE_PX, _SIDE_PX)
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
    light, *colours = (cv2.dct(np.ascontiguousarray(lab[..., k])) / _SIDE_PX for k in range(3))
    parts = [light[v, u] for v, u in _ORDER if v + u < _LIGHT]
    for plane in colours:
        parts += [plane[v, u] for v, u in _ORDER if v + u < _COLOUR]
    return np.array(parts, np.float32)


def most_diverse(vectors: Vectors, count: int) -> tuple[npt.NDArray[np.int64], Vectors]:
    """Choose samples so that every sample is near a chosen one: greedy k-center.

    The first is the one nearest the mean; each further one is the farthest from all that were
    chosen (Gonzalez, "Clustering to minimize the maximum intercluster distance", 1985: no choice
    has less than half of its radius).

    Parameters
    ----------
    vectors : (N, D) float32
    count : int
        1 to N.

    Returns
    -------
    chosen : (count,) int64
        In the order in which they were chosen.
    radius : (count,) float32
        How far each was from those before it; the first: 0.

    Raises
    ------
    InputError
        If there are not as many samples.

    Examples
    --------
    >>> points = np.array([[0.0], [1.0], [1.1], [9.0]], np.float32)
    >>> most_diverse(points, 3)[0].tolist()
    [2, 3, 0]
    """
    if not 1 <= count <= len(vectors):
        raise InputError(f"expected 1 to {len(vectors):,} samples, asked for {count:,}")
    squares = np.einsum("nd,nd->n", vectors, vectors)
    mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    at = int(np.argmin(squares - 2 * (vectors @ mean)))
    nearest = np.full(len(vectors), np.inf, np.float32)
    chosen, radius = np.empty(count, np.int64), np.zeros(count, np.float32)
    for number in range(count):
        chosen[number] = at
        if number:
            radius[number] = np.sqrt(nearest[at])
        distance = squares - 2 * (vectors @ vectors[at]) + squares[at]
        np.minimum(nearest, np.maximum(distance, 0), out=nearest)
        nearest[at] = -1
        at = int(np.argmax(nearest))
    return chosen, radius


def coverage_radius(vectors: Vectors, chosen: npt.NDArray[np.int64]) -> float:
    """Return how far the sample that is worst covered lies from the nearest chosen one.

    Examples
    --------
    >>> coverage_radius(np.array([[0.0], [1.0], [4.0]], np.float32), np.array([0, 2]))
    1.0
    """
    worst = 0.0
    for at in range(0, len(vectors), _BATCH // 16):
        part = vectors[at : at + _BATCH // 16]
        gaps = ((part[:, None] - vectors[chosen]) ** 2).sum(axis=2).min(axis=1)
        worst = max(worst, float(gaps.max()))
    return float(np.sqrt(worst))


def outlyingness(vectors: Vectors) -> Vectors:
    """Return how lonely each sample is: its distance to its third nearest neighbour, (N,) float32.

    Of many samples the neighbours are sought among `_ANCHORS` that are spread evenly over the
    order (Ramaswamy et al., "Efficient algorithms for mining outliers", SIGMOD 2000).

    Examples
    --------
    >>> points = np.array([[0.0], [1.0], [2.0], [3.0], [50.0]], np.float32)
    >>> int(outlyingness(points).argmax())
    4
    """
    total = len(vectors)
    anchors = np.unique(np.linspace(0, total - 1, min(total, _ANCHORS)).astype(np.int64))
    among = vectors[anchors]
    squares = np.einsum("nd,nd->n", among, among)
    anchor_of = np.full(total, -1)
    anchor_of[anchors] = np.arange(len(anchors))
    nth = min(_NEIGHBOUR, len(anchors) - 1) - 1
    found = np.zeros(total, np.float32)
    for start in range(0, total if nth >= 0 else 0, _BATCH):
        part = vectors[start : start + _BATCH]
        gaps = squares - 2 * (part @ among.T) + np.einsum("nd,nd->n", part, part)[:, None]
        own = anchor_of[start : start + len(part)]
        gaps[np.flatnonzero(own >= 0), own[own >= 0]] = np.inf
        nearest = np.partition(gaps, nth, axis=1)[:, nth]
        found[start : start + len(part)] = np.sqrt(np.maximum(nearest, 0))
    return found
