"""Tiles cover an image once; the differing window holds all that a filter could see."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.images.tiles import tiles, window_that_differs


@settings(max_examples=50, deadline=None)
@given(
    height=st.integers(1, 30),
    width=st.integers(1, 30),
    rows=st.integers(1, 12),
    columns=st.integers(1, 12),
    reach_px=st.integers(0, 5),
    seed=st.integers(0, 1 << 30),
)
def test_tiles_cover_once_and_windows_hold_what_differs(
    height: int, width: int, rows: int, columns: int, reach_px: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    first = np.zeros((height, width), np.float32)
    second = (rng.random(first.shape) < rng.choice([0, 0.01, 0.5])).astype(np.float32)
    y, x = np.nonzero(first != second)
    near = np.zeros(first.shape, bool)
    for row, column in zip(y, x, strict=True):
        near[
            max(0, row - reach_px) : row + reach_px + 1,
            max(0, column - reach_px) : column + reach_px + 1,
        ] = True
    count, held = np.zeros(first.shape, int), np.zeros(first.shape, bool)
    for tile in tiles(height, width, rows, columns):
        count[tile.slices] += 1
        window = window_that_differs(first, second, tile, reach_px)
        if window is not None:
            assert window == tile or all(
                inner >= outer for inner, outer in zip(window[:2], tile[:2], strict=True)
            )
            held[window.slices] = True
    assert (count == 1).all()
    assert held[near].all()
