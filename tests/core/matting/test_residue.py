from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datakit.core.matting.residue import CLEAR_BELOW, OPAQUE_ABOVE, clean_residue, close_islands
from datakit.errors import InputError

alphas = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=16),
    elements=st.sampled_from([0, 3, 9, 10, 128, 245, 246, 254, 255]).map(
        lambda value: np.float32(value / 255)
    ),
)


@settings(max_examples=200, deadline=None)
@given(alphas)
def test_only_residue_changes_and_settling_twice_is_settling_once(alpha):
    cleaned = clean_residue(alpha)
    changed = cleaned != alpha
    assert np.isin(cleaned[changed], (0, 1)).all()
    # What is soft stays, or was joined to no background at all.
    assert (cleaned[changed & (alpha >= CLEAR_BELOW)] == 1).all()
    assert (cleaned[alpha == 1] == 1).all()
    assert (clean_residue(cleaned) == cleaned).all()


@pytest.mark.parametrize("level", [246, 250, 254])
def test_a_block_of_residue_is_opaque_even_where_it_reaches_the_edge(level):
    alpha = np.ones((40, 40), np.float32)
    alpha[:, :8] = 0
    alpha[:, 8:10] = 0.5
    alpha[10:30, 10:40] = level / 255
    cleaned = clean_residue(alpha)
    assert (cleaned[:, 11:] == 1).all()
    assert (cleaned[:, :10] == alpha[:, :10]).all()


def test_residue_on_the_background_is_clear():
    alpha = np.zeros((20, 20), np.float32)
    alpha[:, 12:] = 1
    alpha[:, 11] = 0.5
    alpha[4:8, 2:6] = 5 / 255
    assert (clean_residue(alpha)[:, :10] == 0).all()


def test_an_island_is_opaque_and_a_bay_is_not():
    alpha = np.ones((30, 30), np.float32)
    alpha[:4] = 0
    alpha[15:18, 15:18] = 0.4
    alpha[4:12, 5] = 0.4
    cleaned = clean_residue(alpha)
    assert (cleaned[15:18, 15:18] == 1).all()
    assert (cleaned[4:12, 5] == np.float32(0.4)).all()


def test_a_hole_within_a_face_is_opaque_and_one_that_leaves_it_is_not():
    alpha = np.ones((30, 30), np.float32)
    alpha[10:14, 10:14] = 0
    face = np.zeros(alpha.shape, bool)
    face[5:25, 5:25] = True
    assert (close_islands(alpha, face) == 1).all()
    assert (clean_residue(alpha)[10:14, 10:14] == 0).all()
    alpha[10:14, 10:28] = 0
    assert (close_islands(alpha, face) == alpha).all()


def test_what_is_soft_all_over_has_no_edge():
    assert (clean_residue(np.full((5, 5), 0.7, np.float32)) == 1).all()


def test_the_limits_lie_between_levels():
    assert 9 / 255 < CLEAR_BELOW < 10 / 255
    assert 245 / 255 < OPAQUE_ABOVE < 246 / 255


def test_shapes_must_agree():
    with pytest.raises(InputError, match="expected the shape of alpha"):
        close_islands(np.ones((2, 2), np.float32), np.ones((2, 3), bool))
