"""Shares of copies: the total, the limit, and that rare kinds catch up."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.core.splitting.balancing import MAX_TIMES, balanced_copies
from datakit.errors import InputError

kinds = st.lists(st.lists(st.sampled_from("abcd"), max_size=3), min_size=1, max_size=60)


@given(kinds, st.integers(1, 6))
def test_total_is_as_asked_and_nobody_exceeds_the_limit(samples: list[list[str]], n: int) -> None:
    copies = balanced_copies(samples, n)
    assert len(copies) == len(samples)
    assert min(copies) >= 0
    assert max(copies) <= MAX_TIMES * n
    assert sum(copies) == n * len(samples)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 5))
def test_two_kinds_come_as_close_as_the_limit_allows(many: int, few: int, n: int) -> None:
    samples = [["a"]] * many + [["b"]] * few
    made = Counter(kind[0] for kind in samples)
    for kind, count in zip(samples, balanced_copies(samples, n), strict=True):
        made[kind[0]] += count
    rare, frequent = sorted(("a", "b"), key=lambda kind: Counter(s[0] for s in samples)[kind])
    size = Counter(s[0] for s in samples)
    at_limit = made[rare] == size[rare] * (1 + MAX_TIMES * n)
    none_for_frequent = made[frequent] == size[frequent]
    assert abs(made["a"] - made["b"]) <= 1 or at_limit or none_for_frequent


def test_equal_kinds_get_equal_shares() -> None:
    assert balanced_copies([["a"], ["b"], ["a"], ["b"]], 3) == [3, 3, 3, 3]


def test_copies_below_one_are_refused() -> None:
    with pytest.raises(InputError, match="copies: expected 1 or more"):
        balanced_copies([["a"]], 0)
