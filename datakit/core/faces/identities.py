"""Faces grouped by person: embeddings compared, and joined where they are similar enough."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from datakit.core.splitting.grouping import components

Vectors = npt.NDArray[np.float32]
Distance = Literal["cosine", "euclidean"]

_BLOCK: Final = 2048
"""Faces that are compared with all others at once: 2048 x 100,000 similarities are 0.8 GB."""


def similarity(left: Vectors, right: Vectors, distance: Distance) -> npt.NDArray[np.float32]:
    """Return how alike (N, D) and (M, D) embeddings are, (N, M) float32: more is more alike.

    Cosine similarity, or the Euclidean distance with its sign turned.

    Examples
    --------
    >>> one = np.array([[3, 4]], np.float32)
    >>> similarity(one, -one, "cosine").round(6).tolist()
    [[-1.0]]
    >>> similarity(one, -one, "euclidean").tolist()
    [[-10.0]]
    """
    if distance == "cosine":
        left, right = (
            rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
            for rows in (left, right)
        )
        return np.asarray(left @ right.T, np.float32)
    square = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2 * (left @ right.T)
    return np.asarray(-np.sqrt(np.maximum(square, 0)), np.float32)


def same_people(
    vectors: Vectors, photos: npt.NDArray[np.int64], distance: Distance, limit: float
) -> npt.NDArray[np.int64]:
    """Join faces into people: each face with all that are close enough, and with theirs.

    Joining through others (single linkage) errs towards one person too few: a sitter who is two
    people to a chain of photos would be a leak, two sitters who are one are only a larger group.
    Two faces of one photo are never joined by their own similarity.

    Parameters
    ----------
    vectors : (N, D) float32
    photos : (N,) int64
        The photo that each face is in.
    distance : {"cosine", "euclidean"}
    limit : float
        Cosine similarity from which, or Euclidean distance up to which, two faces are one person.

    Returns
    -------
    (N,) int64
        For each face the smallest index among its person's.

    Examples
    --------
    >>> faces = np.array([[1, 0], [0.9, 0.1], [0, 1]], np.float32)
    >>> same_people(faces, np.array([0, 1, 2]), "cosine", 0.8).tolist()
    [0, 0, 2]
    """
    least = limit if distance == "cosine" else -limit
    pairs = [np.zeros((0, 2), np.int64)]
    for start in range(0, len(vectors), _BLOCK):
        rows = slice(start, start + _BLOCK)
        close = similarity(vectors[rows], vectors, distance) >= least
        close &= photos[rows, None] != photos
        one, other = np.nonzero(close)
        later = one + start < other
        pairs.append(np.stack([one[later] + start, other[later]], axis=1))
    joined = np.concatenate(pairs)
    return components(len(vectors), joined[:, 0], joined[:, 1])
