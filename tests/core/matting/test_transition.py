from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datakit.core.matting.transition import remove_transition
from datakit.errors import InputError

alphas = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=24),
    elements=st.sampled_from([0.0, 1 / 255, 0.3, 0.5, 254 / 255, 1.0]).map(np.float32),
)


@settings(max_examples=50, deadline=None)
@given(alphas, st.floats(0, 6), st.integers(0, 2**32 - 1))
def test_nothing_soft_and_nothing_outside_is_kept(alpha, band_px, seed):
    mask = np.random.default_rng(seed).random(alpha.shape) < 0.7
    kept = remove_transition(mask, alpha, band_px)
    assert not (kept & ~mask).any()
    assert (alpha[kept] == 1).all()


def test_the_band_has_its_width_on_both_axes():
    alpha = np.zeros((60, 60), np.float32)
    alpha[20:, 20:] = 1
    kept = remove_transition(np.ones(alpha.shape, bool), alpha, 5)
    rows, columns = np.nonzero(kept)
    assert (rows.min(), columns.min()) == (25, 25)


def test_noise_of_a_jpeg_matte_makes_no_holes_around_it():
    alpha = np.ones((50, 50), np.float32)
    alpha[25, 25] = 254 / 255
    kept = remove_transition(np.ones(alpha.shape, bool), alpha, 8)
    assert int((~kept).sum()) == 1


def test_shapes_must_agree():
    with pytest.raises(InputError, match=r"expected the shape of the mask \(2, 2\)"):
        remove_transition(np.ones((2, 2), bool), np.ones((2, 3), np.float32), 1)
