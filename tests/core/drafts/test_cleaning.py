"""Cleaning of drafts: range and parts."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from datakit.core.drafts.cleaning import follow_edges, keep_parts, stretch_range


def parts() -> np.ndarray:
    alpha = np.zeros((30, 40), np.float32)
    alpha[2:12, 2:12] = 1
    alpha[2:12, 12] = 0.4
    alpha[20:25, 20:25] = 0.9
    alpha[20:25, 25] = 0.2
    alpha[28, 38] = 1
    return alpha


@pytest.mark.parametrize(
    ("options", "sums"),
    [
        ({}, 3),
        ({"largest": 2}, 2),
        ({"largest": 1}, 1),
        ({"min_share": 2 / 1200}, 2),
        ({"min_share": 26 / 1200}, 1),
        ({"min_share": 0.5}, 0),
        ({"largest": 3, "min_share": 26 / 1200}, 1),
    ],
)
def test_parts_that_stay_are_untouched(options: dict[str, float], sums: int) -> None:
    alpha = parts()
    pieces = [alpha[:15, :20].sum(), alpha[18:27, 18:30].sum(), alpha[28, 38]]
    kept = keep_parts(alpha, **options)  # type: ignore[arg-type]
    assert kept.dtype == np.float32
    assert kept.sum() == pytest.approx(sum(pieces[:sums]))
    stays = kept > 0
    assert (kept[stays] == alpha[stays]).all()


@given(
    arrays(np.float32, (9, 11), elements=st.sampled_from([0.0, 0.25, 0.75, 1.0])), st.integers(1, 4)
)
def test_cleaning_twice_changes_nothing(alpha: np.ndarray, largest: int) -> None:
    once = keep_parts(alpha, largest=largest, min_share=2 / alpha.size)
    assert (keep_parts(once, largest=largest, min_share=2 / alpha.size) == once).all()
    assert ((once == alpha) | (once == 0)).all()


@given(arrays(np.float32, (5, 6), elements=st.floats(0, 1, width=16)))
def test_a_stretched_map_reaches_both_ends(probability: np.ndarray) -> None:
    stretched = stretch_range(probability)
    if probability.max() > probability.min():
        assert stretched.min() == 0
        assert stretched.max() == 1
    else:
        assert not stretched.any()


def test_a_coarse_outline_moves_onto_the_photos_edge() -> None:
    truth = np.hypot(*np.ogrid[-200:200, -200:200]) < 120
    image = np.where(truth[..., None], [200, 150, 120], [30, 60, 90]).astype(np.uint8)
    small = cv2.GaussianBlur(
        cv2.resize(truth.astype(np.float32), (200, 200), interpolation=cv2.INTER_AREA), (0, 0), 1
    )
    small = np.roll(small, 1, axis=1)
    coarse = cv2.resize(small, (400, 400), interpolation=cv2.INTER_LINEAR)
    fine = follow_edges(image, coarse, small)
    assert fine.dtype == np.float32
    assert 0 <= fine.min() <= fine.max() <= 1
    assert ((fine > 0.5) != truth).sum() < 0.5 * ((coarse > 0.5) != truth).sum()
    sure = (coarse == 0) & (cv2.dilate((coarse > 0).astype(np.uint8), np.ones((15, 15))) == 0)
    assert not fine[sure].any()
