"""The brush changes what it touched and nothing else, in one stroke or in many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from datakit.core.matting.brush import over, paint_alpha, paint_mask, paint_trimap
from datakit.errors import InputError

SIZE = (6, 7)
LAYERS = arrays(np.uint8, (*SIZE, 2))
HARD = arrays(np.uint8, (*SIZE, 2), elements=st.sampled_from([0, 255]))
ALPHAS = arrays(np.uint8, SIZE).map(lambda one: one.astype(np.float32) / 255)
MASKS = arrays(np.uint8, SIZE, elements=st.sampled_from([0, 0, 1, 5]))


@given(ALPHAS, LAYERS)
def test_what_was_not_touched_stays(alpha: np.ndarray, layer: np.ndarray) -> None:
    painted = paint_alpha(alpha, layer)
    untouched = layer[..., 1] == 0
    assert (painted[untouched] == alpha[untouched]).all()
    assert painted.min() >= 0
    assert painted.max() <= 1


@given(ALPHAS, LAYERS, LAYERS)
def test_two_layers_are_one(alpha: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
    twice = paint_alpha(paint_alpha(alpha, lower), upper)
    once = paint_alpha(alpha, over(lower, upper))
    assert np.abs(twice - once).max() < 0.011  # values and weights are rounded to 8 bits


@given(MASKS, HARD)
def test_a_mask_gets_no_value_that_it_had_not(mask: np.ndarray, layer: np.ndarray) -> None:
    painted = paint_mask(mask, layer, 9)
    decided = layer[..., 1] == 255
    added = decided & (layer[..., 0] == 255)
    assert (painted[~decided] == mask[~decided]).all()
    assert (painted[decided & ~added] == 0).all()
    assert (painted[added & (mask > 0)] == mask[added & (mask > 0)]).all()
    assert set(np.unique(painted)) <= ({0, *np.unique(mask)} if mask.any() else {0, 9})
    assert (painted[added] > 0).all()


@given(arrays(np.uint8, SIZE, elements=st.sampled_from([0, 128, 255])), HARD)
def test_a_trimap_knows_what_was_painted(trimap: np.ndarray, layer: np.ndarray) -> None:
    painted = paint_trimap(trimap, layer)
    decided = layer[..., 1] == 255
    assert (painted[decided] == layer[..., 0][decided]).all()
    assert (painted[~decided] == trimap[~decided]).all()


def test_sizes_must_agree() -> None:
    layer = np.zeros((2, 2, 2), np.uint8)
    for call in (
        lambda: paint_alpha(np.zeros((2, 3), np.float32), layer),
        lambda: paint_mask(np.zeros((2, 3), np.uint8), layer, 1),
        lambda: over(layer, np.zeros((2, 3, 2), np.uint8)),
    ):
        with pytest.raises(InputError):
            call()
