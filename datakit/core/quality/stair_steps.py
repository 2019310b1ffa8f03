"""Stair steps: a matte that was enlarged by repeating its pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def repeated_lines_share(levels: NDArray[np.uint8]) -> float:
    """Return the share of neighbouring rows and columns, across the edge, that hardly differ.

    Enlarging by nearest neighbour with factor f repeats lines: a share of 1 - 1/f of the line
    pairs that hold an edge is then equal, whatever f, whole or not. An edge that was
    drawn at full size moves from line to line. A pair counts as repeated when it differs by less
    than a tenth of what the pairs around it differ (17 pairs), so that JPEG noise does not hide it.
    The smaller one of rows and columns counts: upright walls repeat rows, only stairs repeat both.

    Examples
    --------
    >>> small = (np.add.outer(np.arange(20), np.arange(20)) > 20).astype(np.uint8) * 255
    >>> repeated_lines_share(small), repeated_lines_share(np.kron(small, np.ones((4, 4), np.uint8)))
    (0.05, 0.77)
    """
    if min(levels.shape) < 2:
        return 0.0
    return min(_repeated(levels), _repeated(levels.T))


def _repeated(levels: NDArray[np.uint8]) -> float:
    change = np.abs(levels[1:].astype(np.int16) - levels[:-1])
    # Fine differences are soft shading or noise: they hide repetition of the edge itself.
    by_pair = np.where(change > 16, change, 0).sum(axis=1, dtype=np.float64)
    around = _moving_mean(by_pair, 17)
    busy = around > 64
    if np.count_nonzero(busy) < 8:
        return 0.0
    return round(float(np.mean(by_pair[busy] < 0.1 * around[busy])), 2)


def _moving_mean(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    padded = np.pad(values, width // 2, mode="reflect" if len(values) > width else "edge")
    sums = np.concatenate([[0.0], padded.cumsum()])
    mean: NDArray[np.float64] = (sums[width:] - sums[:-width]) / width
    return mean
