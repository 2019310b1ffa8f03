"""Groups of colours: shares that are shares, and no chance in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.drafts.colour_clusters import (
    colour_features,
    foreground_probability,
    gaussian_mixture,
    kmeans,
    mean_shift,
    otsu,
)


def three_colours(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    truth = rng.integers(0, 3, (40, 50))
    colours = np.array([[200, 40, 40], [30, 160, 60], [20, 40, 190]])
    noisy = colours[truth] + rng.normal(0, 5, (40, 50, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8), truth.ravel()


@pytest.mark.parametrize("group", [kmeans, gaussian_mixture])
def test_colours_that_are_apart_are_groups(group) -> None:
    image, truth = three_colours(np.random.default_rng(2))
    shares = group(colour_features(image), 3)
    found = shares.argmax(axis=1)
    # Each true colour is one group, and no two share one.
    firsts = [np.bincount(found[truth == colour]).argmax() for colour in range(3)]
    assert len(set(firsts)) == 3
    assert all((found[truth == c] == firsts[c]).mean() > 0.999 for c in range(3))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 30), st.integers(3, 30))
def test_shares_are_shares(seed, height, width) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, rng.integers(1, 257), (height, width, 3), dtype=np.uint8)
    features = colour_features(image)
    region = np.zeros(height * width, bool)
    region[: 1 + height * width // 3] = True
    for shares in (
        kmeans(features, 4),
        gaussian_mixture(features, 4),
        mean_shift(image, 4, 20),
        otsu(image),
    ):
        np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
        found = foreground_probability(shares, region)
        assert found.dtype == np.float32
        assert found.min() >= 0
        assert found.max() <= 1


def test_the_same_picture_gives_the_same_groups() -> None:
    image, _ = three_colours(np.random.default_rng(3))
    features = colour_features(image)
    assert np.array_equal(gaussian_mixture(features, 4), gaussian_mixture(features, 4))
