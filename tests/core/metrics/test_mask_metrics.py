"""Mask scores: definitions, conventions for empty masks, known values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.metrics.mask_metrics import (
    boundary_iou,
    boundary_reach_px,
    dice,
    iou,
    mask_scores,
    precision_recall,
)
from datakit.errors import InputError
from tests.core.sample_mattes import disk
from tests.core.slow_metrics import slow_boundary


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 1 << 30),
    height=st.integers(1, 20),
    width=st.integers(1, 20),
    reach_px=st.integers(1, 4),
)
def test_scores_equal_set_arithmetic(seed: int, height: int, width: int, reach_px: int) -> None:
    rng = np.random.default_rng(seed)
    pred, gt = rng.random((2, height, width)) < rng.random()
    shared, either = (pred & gt).sum(), (pred | gt).sum()
    assert iou(pred, gt) == (shared / either if either else 1)
    both = pred.sum() + gt.sum()
    assert dice(pred, gt) == (2 * shared / both if both else 1)
    expected = (shared / pred.sum() if pred.any() else 1, shared / gt.sum() if gt.any() else 1)
    assert precision_recall(pred, gt) == expected
    bands = slow_boundary(pred, reach_px), slow_boundary(gt, reach_px)
    either = (bands[0] | bands[1]).sum()
    expected_band = (bands[0] & bands[1]).sum() / either if either else 1
    assert boundary_iou(pred, gt, reach_px) == expected_band


def test_a_grown_disk_has_the_known_scores() -> None:
    gt, pred = disk(400, 100, 0.01) > 0.5, disk(400, 110, 0.01) > 0.5
    scores = mask_scores(pred, gt)
    assert scores["iou"] == pytest.approx(100**2 / 110**2, rel=5e-3)
    assert scores["dice"] == pytest.approx(2 * 100**2 / (100**2 + 110**2), rel=5e-3)
    assert scores["precision"] == pytest.approx(100**2 / 110**2, rel=5e-3)
    assert scores["recall"] == 1
    assert scores["boundary_iou"] < scores["iou"]


def test_bytes_and_bools_are_the_same_and_order_does_not_matter() -> None:
    gt, pred = disk(60, 20) > 0.5, disk(60, 18, 4, 5) > 0.5
    assert mask_scores(pred, gt) == mask_scores(pred.astype(np.uint8) * 255, gt.astype(np.uint8))
    assert boundary_iou(pred, gt) == boundary_iou(gt, pred)


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (40, 40)])
def test_empty_masks_agree(shape: tuple[int, int]) -> None:
    empty = np.zeros(shape, bool)
    assert set(mask_scores(empty, empty).values()) == {1.0}
    assert mask_scores(~empty, empty)["iou"] == 0


def test_the_band_is_2_percent_of_the_diagonal() -> None:
    assert boundary_reach_px((1080, 1920)) == 44
    assert boundary_reach_px((3, 4)) == 1


def test_wrong_masks_are_refused_in_words() -> None:
    with pytest.raises(InputError, match=r"\(2, 2\) and \(2, 3\)"):
        iou(np.zeros((2, 2), bool), np.zeros((2, 3), bool))
    with pytest.raises(InputError, match="float64"):
        dice(np.zeros((2, 2)), np.zeros((2, 2), bool))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="at least 1 px"):
        boundary_iou(np.zeros((2, 2), bool), np.zeros((2, 2), bool), 0)
