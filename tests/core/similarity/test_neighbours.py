from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.similarity import neighbours
from datakit.core.similarity.neighbours import hamming, matches_within, pairs_within
from datakit.errors import InputError


def planted(seed: int, count: int, flips: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    base = rng.integers(0, 2**63, (count + 1) // 2, np.uint64)
    near = base.copy()
    for _ in range(flips):
        near ^= np.uint64(1) << rng.integers(0, 64, len(near), np.uint64)
    return np.r_[base, near][:count]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 80), st.integers(0, 16), st.integers(0, 12))
def test_no_pair_is_missed_and_none_is_invented(
    seed: int, count: int, radius: int, flips: int
) -> None:
    hashes = planted(seed, count, flips)
    found = pairs_within(hashes, radius)
    table = hamming(np.repeat(hashes, count), np.tile(hashes, count)).reshape(count, count)
    left, right = np.nonzero(np.triu(table <= radius, 1))
    assert found.left.tolist() == left.tolist()
    assert found.right.tolist() == right.tolist()
    assert found.distance.tolist() == table[left, right].tolist()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 12))
def test_matches_cover_every_near_probe(seed: int, radius: int) -> None:
    keys, probes = planted(seed, 50, 4), planted(seed + 1, 70, 3)
    probes[:20] = keys[:20]
    found = {
        (int(one), int(other))
        for batch in matches_within(keys, probes, radius)
        for one, other in zip(batch.left, batch.right, strict=True)
    }
    table = hamming(np.repeat(keys, 70), np.tile(probes, 50)).reshape(50, 70)
    assert found == set(zip(*(i.tolist() for i in np.nonzero(table <= radius)), strict=True))


def test_distances_are_those_of_python() -> None:
    rng = np.random.default_rng(1)
    one, other = rng.integers(0, 2**63, (2, 300), np.uint64)
    expected = [(int(a) ^ int(b)).bit_count() for a, b in zip(one, other, strict=True)]
    assert hamming(one, other).tolist() == expected


@pytest.mark.parametrize("radius", [-1, 33])
def test_an_impossible_radius_is_refused(radius: int) -> None:
    with pytest.raises(InputError, match="0 to 32 bits"):
        pairs_within(np.zeros(2, np.uint64), radius)


def test_wrong_arrays_are_refused() -> None:
    with pytest.raises(InputError, match="uint64"):
        pairs_within(np.zeros(2, np.int64), 3)


def test_a_crowd_costs_no_square_and_keeps_its_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_MOST_PAIRS", 2000)
    rng = np.random.default_rng(2)
    crowd = np.zeros(4000, np.uint64)
    for _ in range(3):
        crowd ^= np.uint64(1) << rng.integers(0, 64, len(crowd), np.uint64)
    crowd[2000:] = crowd[:2000]
    compared = 0
    found: set[tuple[int, int]] = set()
    for batch in matches_within(crowd, crowd, 8):
        compared += len(batch)
        assert batch.distance.max() <= 8
        found |= set(zip(batch.left.tolist(), batch.right.tolist(), strict=True))
    assert compared < 4000 * 4000
    assert {(n, n + 2000) for n in range(2000)} <= found
    twins = pairs_within(crowd, 8)
    assert {(n, n + 2000) for n in range(2000)} <= set(
        zip(twins.left.tolist(), twins.right.tolist(), strict=True)
    )
