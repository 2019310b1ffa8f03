"""Which pictures of a set could be near-duplicates, by their fingerprints."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from datakit.core.similarity.hashing import Hashes, Thumbnail
from datakit.core.similarity.neighbours import Indices, Pairs, matches_within
from datakit.core.similarity.picture_match import PictureMatch

RADIUS: Final = 8
"""Bits in which hashes of one picture may differ; see docs/dedup.md for what it costs and finds."""

MOST: Final = 64
"""Candidates that are kept of each picture, nearest first."""

SAME_ERROR: Final = 0.25
"""Match errors up to this are one picture; measured in docs/dedup.md."""

SAME_SHIFT: Final = 0.15
COPY_ERROR: Final = 0.15
COPY_WORST: Final = 0.4
"""Of pictures that differ no more than this one may be dropped: a turned head differs more."""

FLAT_CONTRAST: Final = 6.0
"""Below this many gray levels of contrast nothing but its colour tells a picture from another."""

Colours = npt.NDArray[np.float64]

_PIXELS_AT_ONCE: Final = 1 << 18
"""How many pixels are converted at once: as floats they take more memory than the picture."""
_COLOUR_OFF: Final = 8.0
_COLOUR_GAIN: Final = 0.25
_PRUNE_ABOVE: Final = 4_000_000


def same_picture(match: PictureMatch) -> bool:
    """Tell from a comparison whether the two are one picture.

    Examples
    --------
    >>> same_picture(PictureMatch(error=0.1, shift=0.02, correlation=0.98, equal=False))
    True
    """
    return match.error <= SAME_ERROR and match.shift <= SAME_SHIFT


def same_copy(match: PictureMatch) -> bool:
    """Tell from a close comparison whether nothing is lost when one of the two is dropped.

    Two poses of one sitter before one backdrop can be one picture to `same_picture`; what their
    differences leave lies in one place.

    Examples
    --------
    >>> turned = PictureMatch(error=0.12, shift=0.02, correlation=0.98, equal=False, worst=0.9)
    >>> same_picture(turned), same_copy(turned)
    (True, False)
    """
    return same_picture(match) and match.error <= COPY_ERROR and match.worst <= COPY_WORST


def are_flat(one: Thumbnail, other: Thumbnail) -> bool:
    """Tell whether nothing but their colours can tell two pictures apart."""
    return max(float(one.std()), float(other.std())) < FLAT_CONTRAST


def same_colours(one: Colours, other: Colours) -> bool:
    """Tell whether two pictures have about the same colours, whatever their brightness.

    Parameters
    ----------
    one, other : (4,) float64
        From `colours_of`.

    Examples
    --------
    >>> red, green = (np.full((4, 4, 3), rgb, np.uint8) for rgb in ((180, 40, 40), (20, 105, 20)))
    >>> same_colours(colours_of(red), colours_of(red // 10 * 9))
    True
    >>> same_colours(colours_of(red), colours_of(green))
    False
    """
    limit = _COLOUR_OFF + _COLOUR_GAIN * np.maximum(np.abs(one), np.abs(other))
    return bool((np.abs(one - other) <= limit).all())


def colours_of(image: npt.NDArray[np.uint8]) -> Colours:
    """Return mean and spread of a* and b* (CIE 1976) of (H, W, 3) uint8 RGB: (4,) float64."""
    height, width = image.shape[:2]
    total, squares = np.zeros(2), np.zeros(2)
    rows = max(1, _PIXELS_AT_ONCE // width)
    for top in range(0, height, rows):
        part = image[top : top + rows].astype(np.float32) / 255
        chroma = cv2.cvtColor(part, cv2.COLOR_RGB2LAB)[..., 1:].astype(np.float64)
        total += chroma.sum(axis=(0, 1))
        squares += np.square(chroma).sum(axis=(0, 1))
    mean = total / (height * width)
    variance = np.maximum(squares / (height * width) - mean**2, 0)
    return np.concatenate([mean, np.sqrt(variance)])


def candidates(
    keys: Hashes, probes: Hashes, owners: Indices, radius: int = RADIUS, most: int = MOST
) -> Pairs:
    """Find the pairs of pictures whose hashes are near.

    Parameters
    ----------
    keys : (N,) uint64
        The key of each picture.
    probes, owners : (M,) uint64, (M,) int64
        The probes of all pictures, and whose they are.
    radius : int
        Differing bits.
    most : int
        A picture with more neighbours keeps the nearest: a set of a thousand blank pages must
        not cost a million comparisons.

    Returns
    -------
    Pairs
        Each pair once, ``left < right``, nearest first.
    """
    # Equal hashes are looked up once; the pictures that share one are linked in a chain.
    values, group = np.unique(keys, return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(len(values) + 1))
    kept = [_chain(order, group, most)]
    size = 0
    for batch in matches_within(values, probes, radius):
        owner = owners[batch.right]
        # Of the pictures with this key the first stands for all: the chain joins the others.
        found = order[starts[batch.left]]
        foreign = np.flatnonzero(group[owner] != batch.left)
        kept.append(_ordered(found[foreign], owner[foreign], batch.distance[foreign]))
        size += len(foreign)
        if size > _PRUNE_ABOVE:
            kept, size = [_nearest(kept, most)], 0
    return _nearest(kept, most)


def _chain(order: Indices, group: Indices, most: int) -> Pairs:
    """Link each picture with the next few that have the same key."""
    found = []
    sorted_group = group[order]
    for step in range(1, most + 1):
        equal = np.flatnonzero(sorted_group[step:] == sorted_group[:-step])
        if not len(equal):
            break
        zeros = np.zeros(len(equal), np.uint8)
        found.append(_ordered(order[equal], order[equal + step], zeros))
    return _joined(found)


def _ordered(one: Indices, other: Indices, distance: np.ndarray) -> Pairs:  # type: ignore[type-arg]
    return Pairs(np.minimum(one, other), np.maximum(one, other), distance)


def _joined(parts: list[Pairs]) -> Pairs:
    empty = Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint8))
    parts = [empty, *parts]
    return Pairs(
        np.concatenate([part.left for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.distance for part in parts]),
    )


def _nearest(parts: list[Pairs], most: int) -> Pairs:
    """Return each pair once at its least distance, the nearest ``most`` of each picture."""
    joined = _joined(parts)
    left, right, distance = joined.left, joined.right, joined.distance
    if len(left) > 1:
        # One number a pair sorts several times faster than three: 2^28 pictures have room.
        stride = np.uint64(int(right.max()) + 1)
        packed = left.astype(np.uint64) * stride + right.astype(np.uint64)
        packed = np.sort(packed << np.uint64(7) | distance)
        code = packed >> np.uint64(7)
        new = np.ones(len(code), np.bool_)
        new[1:] = code[1:] != code[:-1]
        code, distance = code[new], (packed[new] & np.uint64(127)).astype(np.uint8)
        left, right = (code // stride).astype(np.int64), (code % stride).astype(np.int64)
    keep = (_rank(left, distance, right) < most) | (_rank(right, distance, left) < most)
    left, right, distance = left[keep], right[keep], distance[keep]
    order = np.lexsort((right, left, distance))
    return Pairs(left[order], right[order], distance[order])


def _rank(owner: Indices, distance: np.ndarray, other: Indices) -> Indices:  # type: ignore[type-arg]
    """Return for each pair how many of its owner's pairs are nearer."""
    order = np.lexsort((other, distance, owner))
    grouped = owner[order]
    first = np.ones(len(owner), np.bool_)
    first[1:] = grouped[1:] != grouped[:-1]
    start = np.maximum.accumulate(np.where(first, np.arange(len(owner)), 0))
    rank = np.empty(len(owner), np.int64)
    rank[order] = np.arange(len(owner)) - start
    return rank
