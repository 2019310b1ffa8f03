"""Traces of how a matte was made: JPEG, enlargement, few levels."""

import cv2
import numpy as np
import pytest

from datakit.core.quality.jpeg_traces import block_grid_ratio, residue_share
from datakit.core.quality.level_gaps import level_gap_share
from datakit.core.quality.stair_steps import repeated_lines_share
from tests.core.sample_mattes import disk
from tests.planted.base import jpeg, to_levels
from tests.planted.mattes import analytic_matte

LEVELS = to_levels(analytic_matte(0).alpha)


@pytest.mark.parametrize("offset", [0, 3])
def test_jpeg_leaves_its_grid_also_after_a_crop(offset: int) -> None:
    stored = jpeg(LEVELS, 75)[offset:, offset:]
    assert block_grid_ratio(stored) > 1.5
    assert not block_grid_ratio(LEVELS[offset:, offset:]) > 1.4


def test_too_little_to_tell_is_nan() -> None:
    assert np.isnan(block_grid_ratio(np.zeros((64, 64), np.uint8)))
    assert np.isnan(block_grid_ratio(np.zeros((3, 3), np.uint8)))


def test_residue_counts_away_from_edges_only() -> None:
    levels = np.zeros((100, 100), np.uint8)
    levels[:, 50:] = 255
    levels[:, 49] = 5
    assert residue_share(levels) == 0
    levels[10:20, 10:20] = 5
    assert residue_share(levels) == pytest.approx(0.01)


@pytest.mark.parametrize("factor", [3, 3.3, 5, 8])
def test_repeating_pixels_is_seen_also_through_jpeg(factor: float) -> None:
    height, width = LEVELS.shape
    small = cv2.resize(LEVELS, (round(width / factor), round(height / factor)))
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    wanted = pytest.approx(1 - 1 / factor, abs=0.06)
    assert repeated_lines_share(large) == wanted
    assert repeated_lines_share(jpeg(large, 90)) == wanted


def test_a_matte_at_its_own_size_repeats_little() -> None:
    assert repeated_lines_share(LEVELS) < 0.3
    assert repeated_lines_share(np.zeros((40, 40), np.uint8)) == 0
    assert repeated_lines_share(np.zeros((1, 1), np.uint8)) == 0


@pytest.mark.parametrize(("levels", "least"), [(128, 0.45), (64, 0.7), (32, 0.85)])
def test_missing_levels_are_counted(levels: int, least: float) -> None:
    soft = disk(400, 150, 60)
    few = np.rint(np.rint(soft * (levels - 1)) * (255 / (levels - 1))).astype(np.uint8)
    assert level_gap_share(np.bincount(few.ravel(), minlength=256)) > least
    full = to_levels(soft)
    assert level_gap_share(np.bincount(full.ravel(), minlength=256)) == 0


def test_too_few_middle_tones_to_tell() -> None:
    assert np.isnan(level_gap_share(np.bincount(np.zeros(99, np.uint8), minlength=256)))
