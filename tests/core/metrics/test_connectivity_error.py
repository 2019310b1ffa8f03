"""The connectivity error equals its definition, level by level."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.metrics.connectivity_error import (
    ARANGE_LEVELS,
    EXACT_LEVELS,
    connected_level_index,
    connectivity_error,
    connectivity_errors,
)
from tests.core.sample_mattes import disk, random_pair, real_pairs
from tests.core.slow_metrics import slow_connectivity


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 30), height=st.integers(1, 40), width=st.integers(1, 40))
def test_random_mattes_give_the_definitions_values(seed: int, height: int, width: int) -> None:
    pred, gt, region = random_pair(seed, height, width)
    for where in (None, region):
        fast = connectivity_error(pred, gt, where)
        assert fast == pytest.approx(slow_connectivity(pred, gt, where), rel=1e-6, abs=1e-6)
        fast = connectivity_error(pred, gt, where, empty_level="keep")
        slow = slow_connectivity(pred, gt, where, keep_when_empty=True)
        assert fast == pytest.approx(slow, rel=1e-6, abs=1e-6)


def test_real_mattes_give_the_definitions_values(shared_data: Path) -> None:
    for name, pred, gt in real_pairs(shared_data, 200):
        fast = connectivity_error(pred, gt)
        assert fast == pytest.approx(slow_connectivity(pred, gt), rel=1e-6, abs=1e-6), name


def test_level_6_is_153_of_255() -> None:
    gt = np.ones((4, 9), np.float32)
    pred = np.full((4, 9), np.float32(153) / np.float32(255))
    index = connected_level_index(pred, gt, EXACT_LEVELS, "cut")
    assert (index == 6).all()
    assert (connected_level_index(pred, gt, ARANGE_LEVELS, "cut") == 5).all()
    # Above level 0.6 the truth has 0.4 and the prediction nothing; above 0.5 the latter's 0.1 is
    # tolerated and the former's 0.5 counts: the rounding costs a quarter here.
    assert connectivity_error(pred, gt) == pytest.approx(36 * 0.4, rel=1e-6)
    shifted = connectivity_error(pred, gt, levels=ARANGE_LEVELS)
    assert shifted == pytest.approx(36 * 0.5, rel=1e-6)


def test_every_8_bit_value_is_at_its_tenth() -> None:
    values = np.arange(256, dtype=np.float32)[None, :] / np.float32(255)
    index = connected_level_index(values, values, EXACT_LEVELS, "cut")
    expected = np.arange(256) * 10 // 255
    assert np.array_equal(index[0], expected)


def test_an_island_counts_with_its_area_and_touching_corners_do_not_connect() -> None:
    gt = np.zeros((20, 20), np.float32)
    gt[2:10, 2:10] = 1
    pred = gt.copy()
    pred[10:13, 10:13] = 1
    assert connectivity_error(pred, gt) == 9
    assert connectivity_error(pred, np.maximum(pred, gt)) == 0


def test_of_equal_components_the_first_in_reading_order_counts() -> None:
    gt = np.zeros((3, 9), np.float32)
    gt[1, 1:3] = gt[1, 5:7] = 1
    index = connected_level_index(gt, gt, EXACT_LEVELS, "cut")
    assert (index[1, 1:3] == 10).all() and (index[1, 5:7] == 0).all()


def test_empty_levels_cut_or_keep() -> None:
    gt = np.full((5, 5), 1, np.float32)
    pred = np.full((5, 5), 0.52, np.float32)
    assert connectivity_error(pred, gt) == pytest.approx(25 * 0.5, rel=1e-6)
    assert connectivity_error(pred, gt, empty_level="keep") == 0


def test_equal_is_zero_swapped_is_the_same_and_parts_add_up() -> None:
    pred, gt = disk(90, 30), disk(90, 28, 8, 3)
    inside = (gt > 0.5).astype(np.uint8)
    assert connectivity_error(gt, gt) == 0
    assert connectivity_error(pred, gt) == connectivity_error(gt, pred)
    whole, one, other = connectivity_errors(pred, gt, [None, inside, 1 - inside])
    assert one + other == pytest.approx(whole, rel=1e-7)
