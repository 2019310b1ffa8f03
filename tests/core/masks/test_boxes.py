from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.masks.boxes import overlap, tiles


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 900), st.integers(1, 900), st.integers(60, 400), st.floats(0, 0.7))
def test_tiles_cover_the_image_and_stay_inside(width, height, side, share):
    covered = np.zeros((height, width), bool)
    for x0, y0, x1, y1 in tiles((width, height), side, share):
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height
        assert (x1 - x0, y1 - y0) == (min(side, width), min(side, height))
        covered[y0:y1, x0:x1] = True
    assert covered.all()


def test_neighbouring_tiles_overlap_by_the_share():
    starts = sorted({tile[0] for tile in tiles((1000, 100), 320, 0.25)})
    assert all(b - a <= 0.75 * 320 for a, b in pairwise(starts))


box = st.tuples(*[st.floats(-50, 50)] * 4).map(
    lambda e: np.array([min(e[0], e[2]), min(e[1], e[3]), max(e[0], e[2]), max(e[1], e[3])])
)


@given(box, box)
def test_overlap_is_symmetric_and_bounded(a, b):
    iou, share = overlap(a[None], b[None])
    back_iou, back_share = overlap(b[None], a[None])
    assert np.isclose(iou, back_iou).all()
    assert np.isclose(share, back_share).all()
    assert 0 <= iou[0, 0] <= share[0, 0] + 1e-9 <= 1 + 2e-9


def test_overlap_of_nothing():
    assert overlap(np.zeros((0, 4)), np.zeros((2, 4)))[0].shape == (0, 2)
