"""The brush changes what it touched and nothing else, in one stroke or in many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from datakit.core.matting.brush import (
    UNKNOWN,
    marked,
    over,
    paint_alpha,
    paint_ignore,
    paint_mask,
    paint_trimap,
)
from datakit.errors import InputError

SIZE = (6, 7)


def unmarked(layer: np.ndarray) -> np.ndarray:
    """Give (H, W, 2) values and weights the mark "none"."""
    return np.concatenate([layer, np.zeros((*SIZE, 1), np.uint8)], axis=-1)


LAYERS = arrays(np.uint8, (*SIZE, 2)).map(unmarked)
HARD = arrays(np.uint8, (*SIZE, 2), elements=st.sampled_from([0, 255])).map(unmarked)
MARKED = arrays(np.uint8, (*SIZE, 3), elements=st.sampled_from([0, 3, 255]))
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


@given(MASKS, ALPHAS, MARKED)
def test_marks_name_a_class_or_say_that_nobody_knows(
    mask: np.ndarray, alpha: np.ndarray, layer: np.ndarray
) -> None:
    painted = paint_mask(mask, layer, 9)
    decided = layer[..., 1] == 255
    unknown = decided & (layer[..., 2] == UNKNOWN)
    named = decided & (layer[..., 2] == 3) & (layer[..., 0] == 255)
    assert (painted[named] == 3).all()
    assert (painted[unknown] == 0).all()
    assert (painted[~decided] == mask[~decided]).all()
    assert (paint_alpha(alpha, layer)[unknown] == alpha[unknown]).all()
    before = np.full(SIZE, 255, np.uint8)
    ignore = paint_ignore(before, layer)
    assert ignore is not None
    assert (ignore[unknown] == 255).all()
    assert (ignore[decided & ~unknown] == 0).all()
    assert (ignore[~decided] == 255).all()


@given(ALPHAS, LAYERS, LAYERS)
def test_the_soft_rim_of_an_unknown_stroke_erases_nothing(
    alpha: np.ndarray, lower: np.ndarray, stroke: np.ndarray
) -> None:
    painted = paint_alpha(alpha, lower)
    unknown = marked(stroke, UNKNOWN)
    after = paint_alpha(alpha, over(lower, unknown))
    rim = stroke[..., 1] < 128
    assert np.abs(after - painted)[rim].max(initial=0) < 0.011
    assert (paint_alpha(painted, unknown) == painted).all()


@given(MASKS, MARKED, MARKED)
def test_two_marked_layers_are_one(mask: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> None:
    lower, upper = (np.where(layer == 3, np.uint8(255), layer) for layer in (lower, upper))
    lower[..., 2] = np.where(lower[..., 2] > 0, 5, 0)
    twice = paint_mask(paint_mask(mask, lower, 9), upper, 9)
    once = paint_mask(mask, over(lower, upper), 9)
    same = (upper[..., 2] > 0) | (upper[..., 0] == 0) | (upper[..., 1] == 0)
    assert (twice == once)[same & ((lower[..., 2] > 0) | (lower[..., 0] == 0))].all()


def test_sizes_must_agree() -> None:
    layer = np.zeros((2, 2, 3), np.uint8)
    for call in (
        lambda: paint_alpha(np.zeros((2, 3), np.float32), layer),
        lambda: paint_mask(np.zeros((2, 3), np.uint8), layer, 1),
        lambda: over(layer, np.zeros((2, 3, 3), np.uint8)),
    ):
        with pytest.raises(InputError):
            call()
