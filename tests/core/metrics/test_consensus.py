"""Consensus labels: unanimity is kept, and STAPLE is its paper's two equations pixel by pixel."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datakit.core.metrics.consensus import agreed, majority, staple

VOTES = hnp.arrays(
    np.uint8, st.tuples(st.integers(1, 4), st.just(4), st.just(5)), elements=st.integers(0, 3)
)


def slow_staple(votes: np.ndarray) -> np.ndarray:
    """Binary STAPLE with sensitivities p and specificities q (Warfield 2004, eq. 14 to 18)."""
    said = votes.reshape(len(votes), -1).astype(float)
    prior = said.mean()
    p, q = (np.full(len(votes), 0.99999) for _ in range(2))
    for _ in range(200):
        inside = prior * np.prod(np.where(said.T > 0, p, 1 - p), axis=1)
        outside = (1 - prior) * np.prod(np.where(said.T > 0, 1 - q, q), axis=1)
        weight = inside / (inside + outside)
        p, q = said @ weight / weight.sum(), (1 - said) @ (1 - weight) / (1 - weight).sum()
    return (weight > 0.5).reshape(votes.shape[1:])


@given(VOTES)
def test_what_all_say_stays(votes: np.ndarray) -> None:
    known = np.ones(votes.shape, bool)
    same = agreed(votes, known)
    assert np.array_equal(same, (votes == votes[0]).all(axis=0))
    assert np.array_equal(majority(votes, known)[same], votes[0][same])


@given(VOTES)
def test_each_pixel_has_a_class_that_somebody_gave(votes: np.ndarray) -> None:
    for label in (majority(votes, np.ones(votes.shape, bool)), staple(votes, votes >= 0)):
        assert set(np.unique(label)) <= set(np.unique(votes))
    assert not majority(votes, np.zeros(votes.shape, bool)).any()


def test_staple_is_its_equations() -> None:
    rng = np.random.default_rng(3)
    truth = np.zeros((40, 50), np.uint8)
    truth[10:30, 15:40] = 1
    rates = (0.02, 0.1, 0.25, 0.3, 0.35)
    votes = np.stack([np.where(rng.random(truth.shape) < rate, 1 - truth, truth) for rate in rates])
    found = staple(votes, np.ones(votes.shape, bool))
    assert np.array_equal(found > 0, slow_staple(votes))
    wrong = [np.count_nonzero(label != truth) for label in (found, majority(votes, votes >= 0))]
    assert wrong[0] < wrong[1]


def test_who_does_not_know_has_no_vote() -> None:
    votes = np.uint8([[[1, 1]], [[0, 1]], [[0, 1]]])
    known = np.bool_([[[1, 1]], [[0, 1]], [[0, 1]]])
    assert agreed(votes, known).all()
    assert majority(votes, known).tolist() == staple(votes, known).tolist() == [[1, 1]]
