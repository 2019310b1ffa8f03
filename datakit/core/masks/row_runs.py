"""Runs row by row: as CVAT writes masks, and as a PNG has them; beside COCO's column-major runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from datakit.core.masks.runs import check_size, mask_to_counts
from datakit.errors import InputError


def encode_rows(mask: npt.NDArray[np.generic]) -> list[int]:
    """Return the lengths of zeros, ones, zeros … of an (H, W) mask, row by row.

    The first is of zeros and may be 0.

    Examples
    --------
    >>> encode_rows(np.array([[1, 1, 0], [0, 1, 1]]))
    [0, 2, 2, 2]
    """
    lengths: list[int] = mask_to_counts(mask.T).tolist()
    return lengths


def decode_rows(lengths: Sequence[int], height: int, width: int) -> npt.NDArray[np.bool_]:
    """Read lengths of zeros, ones, zeros … as an (H, W) mask, row by row.

    Raises
    ------
    InputError
        If the size is impossible, or the lengths are not whole numbers of 0 or more that sum to
        height x width.

    Examples
    --------
    >>> decode_rows([0, 2, 2, 2], 2, 3).tolist()
    [[True, True, False], [False, True, True]]
    """
    check_size(height, width)
    try:
        numbers = np.asarray(lengths, dtype=np.int64)
    except (TypeError, ValueError, OverflowError):
        raise InputError("mask runs: expected whole numbers, found others") from None
    # A float sum cannot wrap round.
    found = float(numbers.sum(dtype=np.float64)) if numbers.ndim == 1 else -1.0
    if found != height * width or int(numbers.min(initial=0)) < 0:
        raise InputError(
            f"mask runs: expected lengths of 0 or more that sum to {height * width} "
            f"({width}x{height}), found {found:.0f}"
        )
    inside: npt.NDArray[np.bool_] = np.arange(len(numbers)) % 2 == 1
    return inside.repeat(numbers).reshape(height, width)


def row_toggles(
    starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], height: int, width: int
) -> npt.NDArray[np.int64]:
    """Return where a mask of column-major spans changes between outside and inside, row by row.

    Parameters
    ----------
    starts, ends : (N,) int64
        Ascending, half-open spans of a column-major (height, width) mask, as
        `datakit.core.masks.runs.counts_to_spans` gives them; they may be empty or touch.
    height, width : int
        In pixels.

    Returns
    -------
    (K,) int64, ascending
        Places in rows of width + 1, the first pixel of which is always outside: each row ends
        outside, at the latest at the begin of the next one (of the last row, behind all).

    Examples
    --------
    >>> row_toggles(np.array([1]), np.array([3]), 2, 3).tolist()
    [2, 3, 5, 6]
    """
    # A pixel differs from its left neighbour where the mask differs from itself moved by a column:
    # the toggles of both together, without those that undo each other.
    edges = np.empty((2, 2 * len(starts)), np.int64)
    edges[0, 0::2], edges[0, 1::2] = starts, ends
    np.add(edges[0], height, out=edges[1])
    edges = edges.reshape(-1)
    edges.sort(kind="stable")
    undone = edges[1:] == edges[:-1]
    kept = np.ones(len(edges), bool)
    kept[1:] ^= undone
    kept[:-1] ^= undone
    first, behind = edges[kept].reshape(-1, 2).T
    lengths = behind - first
    first -= lengths.cumsum() - lengths
    places: npt.NDArray[np.int64] = first.repeat(lengths)
    places += np.arange(len(places))
    columns = places // height
    places -= columns * height
    places *= width + 1
    places += columns
    places += 1
    places.sort()
    return places
