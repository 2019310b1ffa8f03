"""Runs row by row within a box: how CVAT writes masks, beside COCO's column-major runs."""

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
