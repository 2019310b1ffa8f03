"""Uncertainty: measures of a draft and their order within a set."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata

from datakit.core.drafts.uncertainty import (
    WEIGHTS,
    measure_uncertainty,
    order_by_uncertainty,
    percentile,
)
from datakit.core.drafts.uncertainty_weights import LEAST_REVIEWED, _ranks, fit_weights
from datakit.errors import InputError


def disc(radius: float, sharpness: float = 50.0, shift: float = 0.0) -> np.ndarray:
    y, x = np.mgrid[:64, :64].astype(np.float32)
    distance = np.hypot(x - 32 - shift, y - 32)
    return (1 / (1 + np.exp(np.clip((distance - radius) * sharpness, -50, 50)))).astype(np.float32)


def test_a_sharp_draft_is_surer_than_a_soft_one() -> None:
    sharp = measure_uncertainty(disc(15), raw_max=1.0, sides=[disc(15)], flipped=disc(15))
    soft = measure_uncertainty(
        disc(15, 0.3), raw_max=0.98, sides=[disc(9)], flipped=disc(15, shift=4)
    )
    for name in ("entropy", "band", "sides", "flip", "faint"):
        assert soft[name] > sharp[name], name
    assert sharp["sides"] == sharp["flip"] == 0


def test_what_the_subject_looks_like() -> None:
    one = disc(10)
    two = np.maximum(disc(10, shift=-18), disc(5, shift=20))
    assert measure_uncertainty(one, raw_max=1.0)["components"] == 0
    assert 0.1 < measure_uncertainty(two, raw_max=1.0)["components"] < 0.3
    upright = np.zeros((40, 40), np.float32)
    upright[10:, 10:30] = 1
    assert measure_uncertainty(upright, raw_max=1.0)["border"] == 0
    assert measure_uncertainty(upright.T.copy(), raw_max=1.0)["border"] > 0.1


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_constant_map_has_measures(value: float) -> None:
    parts = measure_uncertainty(
        np.full((9, 7), value, np.float32),
        raw_max=value,
        sides=[np.full((9, 7), value, np.float32)],
    )
    assert parts["entropy"] == parts["band"] == parts["components"] == parts["sides"] == 0
    assert parts["faint"] == 1 - value


def test_maps_of_another_size_are_refused() -> None:
    with pytest.raises(InputError, match="expected maps of"):
        measure_uncertainty(disc(9), raw_max=1.0, flipped=disc(9)[:5])


@given(arrays(np.float32, (8, 9), elements=st.floats(0, 1, width=32)))
def test_measures_are_finite_and_not_negative(probability: np.ndarray) -> None:
    parts = measure_uncertainty(
        probability,
        raw_max=float(probability.max()),
        sides=[1 - probability],
        flipped=probability[:, ::-1],
        second=probability[::-1],
    )
    assert set(parts) == set(WEIGHTS) - {"area", "hand"}
    assert all(0 <= value <= 1 for value in parts.values())


@given(arrays(np.float64, st.integers(1, 30), elements=st.sampled_from([0.0, 0.5, 1.0, np.nan])))
def test_percentiles_are_the_share_that_is_smaller(values: np.ndarray) -> None:
    found = percentile(values)
    known = values[~np.isnan(values)]
    expected = [0.0 if np.isnan(v) else float((known < v).mean()) for v in values]
    assert found.tolist() == expected


@given(st.data(), st.integers(1, 12))
def test_the_order_does_not_depend_on_the_order_of_the_set(data: st.DataObject, count: int) -> None:
    column = arrays(np.float64, count, elements=st.sampled_from([0.0, 0.1, 0.2, 0.9]))
    parts = {name: data.draw(column) for name in ("entropy", "flip", "border")}
    area = data.draw(column)
    shuffled = np.array(data.draw(st.permutations(range(count))))
    one = order_by_uncertainty(parts, area)
    other = order_by_uncertainty({n: v[shuffled] for n, v in parts.items()}, area[shuffled])
    assert one.uncertainty[shuffled].tolist() == other.uncertainty.tolist()
    assert [one.reason[i] for i in shuffled] == other.reason
    assert ((one.uncertainty >= 0) & (one.uncertainty <= 1)).all()


def test_an_empty_draft_comes_first_and_the_weakest_measures_last() -> None:
    parts = {"entropy": np.array([0.1, 0.9, 0.2, 0.3]), "border": np.array([0.9, 0.0, 0.1, 0.2])}
    order = order_by_uncertainty(parts, np.array([0.3, 0.3, 0.3, 0.0]))
    assert order.reason[3] == "empty"
    assert np.argsort(-order.uncertainty, kind="stable").tolist() == [3, 1, 0, 2]


def test_a_set_of_one() -> None:
    assert order_by_uncertainty(
        {"entropy": np.array([0.4])}, np.array([0.2])
    ).uncertainty.tolist() == [0.0]
    assert order_by_uncertainty(
        {"entropy": np.array([0.4])}, np.array([0.0])
    ).uncertainty.tolist() == [1.0]


def test_weights_follow_what_was_changed() -> None:
    rng = np.random.default_rng(7)
    change = rng.random(60)
    measures = {
        "entropy": percentile(rng.random(60)),
        "flip": percentile(change + 0.05 * rng.random(60)),
        "border": percentile(rng.random(60)),
    }
    fitted = fit_weights(measures, change)
    assert fitted.spearman > 0.9
    assert fitted.weights["flip"] == max(fitted.weights.values())
    assert fit_weights(measures, change) == fitted


def test_too_little_review_is_refused() -> None:
    few = np.linspace(0, 1, LEAST_REVIEWED - 1)
    with pytest.raises(InputError, match="expected at least"):
        fit_weights({"entropy": few}, few)
    with pytest.raises(InputError, match="different amounts"):
        fit_weights({"entropy": np.linspace(0, 1, 20)}, np.zeros(20))


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40))
def test_ranks_are_those_of_scipy(values: list[int]) -> None:
    column = np.array(values, np.float64)
    assert np.array_equal(_ranks(column), rankdata(column))
