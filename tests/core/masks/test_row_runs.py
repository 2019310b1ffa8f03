"""Runs row by row: there and back, and what is no such runs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

from datakit.core.masks.row_runs import decode_rows, encode_rows
from datakit.errors import InputError


@given(arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=20)))
def test_masks_come_back(mask: np.ndarray) -> None:
    lengths = encode_rows(mask)
    assert sum(lengths) == mask.size
    assert (decode_rows(lengths, *mask.shape) == mask).all()


@pytest.mark.parametrize(
    "lengths", [[], [3], [5], [-1, 5], [[4]], ["a"], [2**63, 4], [1.5, "x"], [2**62, 2**62, 2**62]]
)
def test_what_is_no_runs_is_refused(lengths: list[int]) -> None:
    with pytest.raises(InputError, match="mask runs: expected"):
        decode_rows(lengths, 2, 2)


def test_a_huge_size_is_refused_before_it_is_allocated() -> None:
    with pytest.raises(InputError, match="mask size"):
        decode_rows([10**12], 10**6, 10**6)
