from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.core.splitting.assignment import (
    GroupAssignment,
    assign_groups,
    group_order,
    strata_error,
)
from datakit.core.splitting.grouping import components, forest
from datakit.errors import InputError

SHARES = st.sampled_from([(0.85, 0.15), (0.8, 0.1, 0.1), (0.2,) * 5, (0.5, 0.5)])


def problem(seed: int, count: int, largest: int, strata: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, largest + 1, count)
    if not strata:
        return sizes, np.zeros((count, 0))
    bias = rng.dirichlet(np.full(strata, 0.5), count)
    cells = [rng.multinomial(n, p) for n, p in zip(sizes, bias, strict=True)]
    return sizes, np.array(cells, np.float64)


def assigned(
    sizes: np.ndarray, cells: np.ndarray, shares: tuple[float, ...], seed: int = 0
) -> GroupAssignment:
    count = len(sizes)
    targets = np.array(shares) * sizes.sum()
    order = group_order(seed, [f"group {n}" for n in range(count)])
    free = np.full(count, -1)
    return assign_groups(sizes, cells, targets, order, np.ones((count, len(shares)), bool), free)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(8, 120), st.integers(1, 30), st.integers(0, 6), SHARES)
def test_sizes_are_within_one_largest_group(
    seed: int, count: int, largest: int, strata: int, shares: tuple[float, ...]
) -> None:
    sizes, cells = problem(seed, count, largest, strata)
    found = assigned(sizes, cells, shares)
    assert set(found.split.tolist()) <= set(range(len(shares)))
    assert np.abs(found.sizes - np.array(shares) * sizes.sum()).max() <= sizes.max()
    assert found.sizes.tolist() == np.bincount(found.split, sizes, len(shares)).tolist()


@pytest.mark.parametrize("seed", range(3))
def test_ten_thousand_samples_come_within_one_percent(seed: int) -> None:
    sizes, cells = problem(seed, 950, 20, 8)
    found = assigned(sizes, cells, (0.8, 0.1, 0.1))
    off = np.abs(found.sizes - np.array([0.8, 0.1, 0.1]) * sizes.sum())
    assert off.max() <= 0.01 * sizes.sum()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("count", [8, 13, 23, 90, 950])
def test_strata_are_no_worse_than_the_best_of_200_random_splits(seed: int, count: int) -> None:
    sizes, cells = problem(seed, count, 20, 6)
    shares = (0.7, 0.3)
    found = assigned(sizes, cells, shares)
    total = cells.sum(axis=0)
    rng, best = np.random.default_rng(seed), 1.0
    for _ in range(200):
        order = rng.permutation(count)
        split = (np.cumsum(sizes[order]) - sizes[order] / 2 > shares[0] * sizes.sum()).astype(int)
        have = np.zeros((2, 6))
        np.add.at(have, split, cells[order])
        best = min(best, strata_error(have, np.bincount(split, sizes[order], 2), total))
    assert strata_error(found.cells, found.sizes, total) <= best + 1e-6


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32), st.permutations(range(30)))
def test_the_order_of_the_files_does_not_matter(seed: int, order: list[int]) -> None:
    sizes, cells = problem(seed, 30, 5, 3)
    tokens = [f"content {n}" for n in range(30)]

    def run(at: list[int]) -> dict[str, int]:
        names = [tokens[n] for n in at]
        free, open_ = np.full(30, -1), np.ones((30, 2), bool)
        targets = np.array([0.8, 0.2]) * sizes.sum()
        found = assign_groups(sizes[at], cells[at], targets, group_order(seed, names), open_, free)
        return dict(zip(names, found.split.tolist(), strict=True))

    assert run(order) == run(list(range(30)))


def test_another_seed_is_another_split() -> None:
    sizes, cells = problem(0, 100, 1, 0)
    one, other = assigned(sizes, cells, (0.5, 0.5), 1), assigned(sizes, cells, (0.5, 0.5), 2)
    assert not np.array_equal(one.split, other.split)


def test_what_is_fixed_stays_and_what_is_not_allowed_does_not_happen() -> None:
    sizes, cells = problem(3, 200, 4, 3)
    fixed = np.full(200, -1)
    fixed[:50] = 1
    allowed = np.ones((200, 2), bool)
    allowed[50:150, 1] = False
    order = group_order(0, [str(n) for n in range(200)])
    found = assign_groups(sizes, cells, np.array([0.5, 0.5]) * sizes.sum(), order, allowed, fixed)
    assert (found.split[:50] == 1).all()
    assert (found.split[50:150] == 0).all()


def test_a_group_that_may_go_nowhere_is_an_error() -> None:
    none = np.zeros((1, 2), bool)
    with pytest.raises(InputError, match="no split"):
        assign_groups(
            np.array([1]), np.zeros((1, 0)), np.ones(2), np.array([0]), none, np.array([-1])
        )


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=40))
def test_components_and_forest_agree_with_a_plain_union_find(links: list[tuple[int, int]]) -> None:
    parent = list(range(20))

    def root(n: int) -> int:
        while parent[n] != n:
            n = parent[n]
        return n

    used = 0
    for one, other in links:
        a, b = sorted((root(one), root(other)))
        used += a != b
        parent[b] = a
    left = np.array([one for one, _ in links], np.int64)
    right = np.array([other for _, other in links], np.int64)
    assert components(20, left, right).tolist() == [root(n) for n in range(20)]
    assert len(forest(np.arange(20), left, right)) == used
