from __future__ import annotations

import numpy as np
import pytest

from datakit.core.similarity.descriptors import (
    coverage_radius,
    describe,
    most_diverse,
    outlyingness,
)
from datakit.errors import InputError
from tests.planted.copies import recompressed, scene


def test_a_recompressed_photo_is_nearest_to_itself() -> None:
    vectors = np.stack([describe(scene(n)) for n in range(20)])
    for n in range(20):
        again = describe(recompressed(scene(n), 60))
        assert int(((vectors - again) ** 2).sum(axis=1).argmin()) == n


@pytest.mark.parametrize("seed", range(20))
def test_a_diverse_choice_covers_better_than_chance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # Many of a few kinds, few of many kinds: as photos of one shoot beside all others.
    crowd = rng.normal(0, 1, (900, 8))
    rest = rng.uniform(-30, 30, (100, 8))
    vectors = np.concatenate([crowd, rest]).astype(np.float32)
    chosen, radius = most_diverse(vectors, 50)
    assert len(set(chosen.tolist())) == 50
    assert (np.diff(radius[1:]) <= 1e-3).all()
    random = rng.permutation(1000)[:50]
    assert coverage_radius(vectors, chosen) < coverage_radius(vectors, random)
    assert outlyingness(vectors)[:900].max() < np.median(outlyingness(vectors)[900:])


def test_more_than_there_is_is_refused() -> None:
    with pytest.raises(InputError, match="1 to 3"):
        most_diverse(np.zeros((3, 2), np.float32), 4)
