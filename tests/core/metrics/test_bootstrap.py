"""Bootstrap intervals: deterministic, ordered, and of about the nominal coverage."""

from __future__ import annotations

import numpy as np
import pytest

from datakit.core.metrics.bootstrap import bootstrap_mean
from datakit.errors import InputError


def test_the_same_generator_gives_the_same_interval() -> None:
    values = np.random.default_rng(1).normal(size=40)
    found = [bootstrap_mean(values, np.random.default_rng(7)) for _ in range(2)]
    assert found[0] == found[1]
    assert found[0].low < found[0].mean < found[0].high


def test_one_value_is_its_own_interval() -> None:
    found = bootstrap_mean(np.array([3.5]), np.random.default_rng(0))
    assert (found.mean, found.low, found.high) == (3.5, 3.5, 3.5)


def test_about_95_of_100_intervals_hold_the_true_mean() -> None:
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(300):
        found = bootstrap_mean(rng.normal(2, 1, 60), rng, resamples=400)
        hits += found.low <= 2 <= found.high
    assert 0.90 <= hits / 300 <= 0.98


def test_more_confidence_is_wider() -> None:
    values = np.random.default_rng(1).normal(size=40)
    narrow = bootstrap_mean(values, np.random.default_rng(0), confidence=0.5)
    wide = bootstrap_mean(values, np.random.default_rng(0), confidence=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize(
    ("values", "options"),
    [
        (np.array([]), {}),
        (np.array([1.0, np.nan]), {}),
        (np.array([1.0]), {"confidence": 1.0}),
        (np.array([1.0]), {"resamples": 0}),
    ],
)
def test_wrong_input_is_refused(values: np.ndarray, options: dict[str, float]) -> None:
    with pytest.raises(InputError, match="bootstrap"):
        bootstrap_mean(values, np.random.default_rng(0), **options)  # type: ignore[arg-type]
