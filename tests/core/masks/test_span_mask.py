"""Spans say of a mask what its pixels say."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datakit.core.masks.polygons import polygon_mask, polygon_spans
from datakit.core.masks.runs import mask_to_counts
from datakit.core.masks.span_mask import SpanMask


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=20)))
@settings(max_examples=80, deadline=None)
def test_it_is_the_mask_of_its_counts(mask: np.ndarray) -> None:
    spans = SpanMask.of_counts(mask_to_counts(mask), *mask.shape)
    assert spans.area_px == mask.sum()
    assert spans.shape == mask.shape
    assert np.array_equal(spans.pixels(7), mask * np.uint8(7))


@given(
    st.lists(
        hnp.arrays(
            np.float64, st.tuples(st.integers(3, 8), st.just(2)), elements=st.floats(-3, 33)
        ),
        min_size=0,
        max_size=4,
    ),
    st.sampled_from(["union", "evenodd"]),
)
@settings(max_examples=80, deadline=None)
def test_polygons_give_the_spans_of_their_mask(rings: list[np.ndarray], rule: str) -> None:
    spans = SpanMask(*polygon_spans(rings, 24, 30, rule), 24, 30)
    painted = polygon_mask(rings, 24, 30, rule, value=255)
    assert np.array_equal(spans.pixels(255), painted)
    assert spans.area_px == np.count_nonzero(painted)
