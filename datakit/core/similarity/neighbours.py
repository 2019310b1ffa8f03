"""Near neighbours among 64-bit hashes, without comparing all pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Final

import numpy as np
import numpy.typing as npt

from datakit.core.similarity.hashing import Hashes
from datakit.errors import InputError

Indices = npt.NDArray[np.int64]
Distances = npt.NDArray[np.uint8]

_BITS: Final = 64
_MAX_KEY_BITS: Final = 22
_BATCH: Final = 1 << 18
# Pairs of one table: beyond these, crowds of look-alikes are compared with their next of kin only.
_MOST_PAIRS: Final = 1 << 22
_MOST_PAIRS_A_HASH: Final = 16
_LEAST_WINDOW: Final = 16
# Nanoseconds, measured: to bring one hash into a table, and to compare one pair.
_TABLE_NS: Final = 120.0
_PAIR_NS: Final = 25.0


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of hashes and how many bits they differ in.

    Attributes
    ----------
    left, right : ndarray of shape (P,) and dtype int64
        Indices of the two hashes.
    distance : ndarray of shape (P,) and dtype uint8
        Differing bits.
    """

    left: Indices
    right: Indices
    distance: Distances

    def __len__(self) -> int:
        return len(self.left)


def pairs_within(hashes: Hashes, radius: int) -> Pairs:
    """Find every pair of hashes that differ in at most ``radius`` bits.

    The 64 bits are cut into ``radius + k`` blocks; two hashes that near agree in at least ``k``
    blocks, so that every choice of ``k`` blocks makes a table in which only hashes with equal
    blocks are compared (Manku et al., "Detecting near-duplicates for web crawling", WWW 2007).
    ``k`` is chosen for the least expected work. Nothing is missed, unless so many hashes crowd
    together that nearly all pairs would be compared: in such a table a hash is compared with
    those that follow it in numeric order, so that the work grows with N and not with its square.

    Parameters
    ----------
    hashes : (N,) uint64
    radius : int
        0 to 32.

    Returns
    -------
    Pairs
        Each pair once, ``left < right``, ordered by left, then right.

    Raises
    ------
    InputError
        If the radius or the array is not as expected.

    Examples
    --------
    >>> found = pairs_within(np.array([0b111, 0b110, 1 << 40], np.uint64), 2)
    >>> found.left.tolist(), found.right.tolist(), found.distance.tolist()
    ([0], [1], [1])
    """
    _check(radius, hashes)
    blocks = list(_candidates(hashes, None, radius))
    left = np.concatenate([block.left for block in blocks] or [np.zeros(0, np.int64)])
    right = np.concatenate([block.right for block in blocks] or [np.zeros(0, np.int64)])
    low, high = np.minimum(left, right), np.maximum(left, right)
    return _unique(low, high, hashes, hashes)


def matches_within(keys: Hashes, probes: Hashes, radius: int) -> Iterator[Pairs]:
    """Yield, in batches, every (key, probe) pair that differs in at most ``radius`` bits.

    A pair can come more than once, in different batches: the caller knows what to keep of them.
    Of a crowd a probe finds the keys next to it in numeric order, as `pairs_within`.

    Parameters
    ----------
    keys : (N,) uint64
        What is looked in; ``Pairs.left`` indexes it.
    probes : (M,) uint64
        What is looked for; ``Pairs.right`` indexes it.
    radius : int
        0 to 32.

    Raises
    ------
    InputError
        If the radius or an array is not as expected.
    """
    _check(radius, keys, probes)
    yield from _candidates(keys, probes, radius)


def hamming(left: Hashes, right: Hashes) -> Distances:
    """Count differing bits, element by element: uint8.

    Examples
    --------
    >>> hamming(np.array([0, 7], np.uint64), np.array([0, 1], np.uint64)).tolist()
    [0, 2]
    """
    bits = left ^ right
    if hasattr(np, "bitwise_count"):
        return np.asarray(np.bitwise_count(bits), dtype=np.uint8)
    bits -= (bits >> np.uint64(1)) & np.uint64(0x5555555555555555)
    low = bits & np.uint64(0x3333333333333333)
    bits >>= np.uint64(2)
    bits &= np.uint64(0x3333333333333333)
    bits += low
    bits += bits >> np.uint64(4)
    bits &= np.uint64(0x0F0F0F0F0F0F0F0F)
    bits *= np.uint64(0x0101010101010101)
    return (bits >> np.uint64(56)).astype(np.uint8)


def _check(radius: int, *arrays: Hashes) -> None:
    if not 0 <= radius <= 32:
        raise InputError(f"radius: expected 0 to 32 bits, found {radius}")
    for array in arrays:
        if array.ndim != 1 or array.dtype != np.uint64:
            raise InputError(f"hashes: expected (N,) uint64, found {array.shape} {array.dtype}")
        if len(array) >= 1 << 31:
            raise InputError(f"hashes: expected fewer than 2^31, found {len(array):,}")


def _candidates(keys: Hashes, probes: Hashes | None, radius: int) -> Iterator[Pairs]:
    """Yield pairs within the radius; among the keys themselves when ``probes`` is None."""
    if len(keys) == 0 or (probes is not None and len(probes) == 0):
        return
    blocks, agree = _plan(len(keys), len(keys) if probes is None else len(probes), radius)
    edges = np.linspace(0, _BITS, blocks + 1).round().astype(int)
    for chosen in combinations(range(blocks), agree):
        spans = [(int(edges[block]), int(edges[block + 1])) for block in chosen]
        yield from _join(keys, probes, spans, radius)


def _plan(keys: int, probes: int, radius: int) -> tuple[int, int]:
    """Return (blocks, blocks that must agree) of the least expected work."""
    best, cost = (radius + 1, 1), np.inf
    for agree in range(1, 5):
        blocks = radius + agree
        bits = _BITS * agree / blocks
        if blocks > _BITS or -(-_BITS // blocks) * agree > _MAX_KEY_BITS + agree:
            continue
        bits = min(bits, _MAX_KEY_BITS)
        tables = comb(blocks, agree)
        work = tables * (_TABLE_NS * (keys + probes) + _PAIR_NS * keys * probes / 2**bits)
        if work < cost:
            best, cost = (blocks, agree), work
    return best


def _join(
    keys: Hashes, probes: Hashes | None, spans: list[tuple[int, int]], radius: int
) -> Iterator[Pairs]:
    """Compare the hashes whose bits in all spans are equal."""
    bits = min(sum(stop - start for start, stop in spans), _MAX_KEY_BITS)
    cells = _cells(keys, spans)
    packed = np.sort((cells.astype(np.uint64) << np.uint64(32)) | np.arange(len(keys), dtype="u8"))
    order = (packed & np.uint64(0xFFFFFFFF)).astype(np.int64)
    ends = np.cumsum(np.bincount(cells, minlength=1 << bits))
    ordered = keys[order]
    if probes is None:
        # Each hash is compared with those behind it in its cell: every pair once.
        where, targets = order, ordered
        first = np.arange(1, len(keys) + 1)
        last = ends[(packed >> np.uint64(32)).astype(np.int64)]
    else:
        where, targets = np.arange(len(probes)), probes
        cell = _cells(probes, spans)
        last = ends[cell]
        first = np.where(cell > 0, ends[cell - 1], 0)
    counts = last - first
    most = max(_MOST_PAIRS, _MOST_PAIRS_A_HASH * (len(keys) + len(targets)))
    if counts.sum() > most:
        order = np.lexsort((keys, cells))
        ordered = keys[order]
        where, targets = (order, ordered) if probes is None else (where, targets)
        window = max(most // len(counts), _LEAST_WINDOW)
        first, last = _narrowed(ordered, targets, first, last, window, own=probes is None)
        counts = last - first
    total = np.cumsum(counts)
    start = 0
    while start < len(counts):
        # As many rows as make one batch of pairs (one row at least).
        done = total[start - 1] if start else 0
        stop = max(int(np.searchsorted(total, done + _BATCH, side="right")), start + 1)
        rows = np.repeat(np.arange(start, stop), counts[start:stop])
        columns = np.arange(len(rows)) - (total[rows] - counts[rows] - done) + first[rows]
        distance = hamming(ordered[columns], targets[rows])
        near = np.flatnonzero(distance <= radius)
        if len(near):
            yield Pairs(order[columns[near]], where[rows[near]], distance[near])
        start = stop


def _narrowed(
    ordered: Hashes, targets: Hashes, first: Indices, last: Indices, window: int, *, own: bool
) -> tuple[Indices, Indices]:
    """Return ranges of at most ``window``, around each target's place in its ordered cell."""
    if own:
        return first, np.minimum(last, first + window)
    low, high = first.copy(), last.copy()
    while np.any(open_ := low < high):
        middle = np.minimum((low + high) // 2, len(ordered) - 1)
        below = open_ & (ordered[middle] < targets)
        low = np.where(below, middle + 1, low)
        high = np.where(open_ & ~below, middle, high)
    begin = np.maximum(first, low - window // 2)
    return begin, np.minimum(last, begin + window)


def _cells(hashes: Hashes, spans: list[tuple[int, int]]) -> Indices:
    """Put the bits of the spans side by side: int64 below ``2 ** _MAX_KEY_BITS``."""
    cell = np.zeros(len(hashes), np.uint64)
    for start, stop in spans:
        part = (hashes >> np.uint64(start)) & np.uint64((1 << (stop - start)) - 1)
        cell = (cell << np.uint64(stop - start)) | part
    # Fewer bits than agree only let more pairs in.
    return (cell & np.uint64((1 << _MAX_KEY_BITS) - 1)).astype(np.int64)


def _unique(left: Indices, right: Indices, keys: Hashes, probes: Hashes) -> Pairs:
    packed = np.unique((left.astype(np.uint64) << np.uint64(32)) | right.astype(np.uint64))
    low = (packed >> np.uint64(32)).astype(np.int64)
    high = (packed & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return Pairs(low, high, hamming(keys[low], probes[high]))
