"""One stream per (seed, sample id, copy, attempt), the same in every process."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.core.images.randomness import MAX_SEED, derive_rng
from datakit.errors import InputError

counts = st.integers(0, 2**20)
seeds = st.integers(0, MAX_SEED)


def head(*arguments: int | str) -> list[int]:
    return derive_rng(*arguments).integers(2**63, size=4).tolist()  # type: ignore[arg-type]


@given(seeds, st.text(), counts, counts)
def test_same_arguments_give_the_same_stream(seed: int, name: str, copy: int, attempt: int) -> None:
    assert head(seed, name, copy, attempt) == head(seed, name, copy, attempt)


@given(
    st.lists(st.tuples(seeds, st.text(), counts, counts), min_size=2, max_size=8, unique=True),
)
def test_other_arguments_give_other_streams(keys: list[tuple[int, str, int, int]]) -> None:
    assert len({tuple(head(*key)) for key in keys}) == len(keys)


def test_names_that_look_alike_when_joined_stay_apart() -> None:
    assert head(1, "a1", 2) != head(1, "a", 12)
    assert head(1, "2a", 1) != head(12, "a", 1)


def test_stream_does_not_depend_on_the_process_or_its_hash_salt() -> None:
    code = (
        "from datakit.core.images.randomness import derive_rng;"
        "print(derive_rng(7, 'anna', 1).integers(2**63, size=4).tolist())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for salt in ("1", "2")
    }
    assert seen == {str(head(7, "anna", 1))}


def test_streams_of_neighbouring_copies_are_uncorrelated() -> None:
    draws = np.array([derive_rng(0, "anna", copy).standard_normal(2000) for copy in range(8)])
    correlation = np.corrcoef(draws) - np.eye(8)
    assert np.abs(correlation).max() < 0.1


@pytest.mark.parametrize("key", [(-1, "a", 0), (0, "a", -1), (0, "a", 0, -1), (2**64, "a", 0)])
def test_numbers_out_of_range_are_refused(key: tuple[int, str, int]) -> None:
    with pytest.raises(InputError, match="expected an integer from 0"):
        derive_rng(*key)
