"""Damaged pictures of every format end in an InputError that names the file, never in a crash."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.io.pixels.damaged import attack, damaged, originals

FEW = 600
MANY = 20_000
ROOT = Path(__file__).parents[3]


def test_every_original_is_read_or_named() -> None:
    from datakit.errors import InputError
    from datakit.io.pixels import decoders

    for name, data in originals().items():
        if name in ("gif", "jp2"):
            with pytest.raises(InputError, match=r"GIF|JPEG 2000"):
                decoders.decode_stored(data, name)
        elif "." in name:
            assert decoders.decode_photo(data, name).ndim == 3
        else:
            assert decoders.decode_stored(data, name).shape[:2] in ((36, 48), (48, 36))


def test_damage_fails_in_one_way_only() -> None:
    results = Counter(attack(seed) for seed in range(FEW))
    assert min(results["read"], results["refused"]) > FEW // 20


def test_damage_leaves_the_standard_error_clean() -> None:
    """Native libraries write past Python: a process of its own is looked at."""
    code = (
        "from tests.io.pixels.damaged import attack\n"
        f"for seed in range({FEW}, {2 * FEW}): attack(seed)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr == ""


def test_the_seed_decides() -> None:
    assert damaged(5) == damaged(5)


def _share(seeds: range) -> Iterator[str]:
    return (attack(seed) for seed in seeds)


def _count(seeds: range) -> Counter[str]:
    return Counter(_share(seeds))


@pytest.mark.slow
def test_a_long_campaign_in_workers_ends_without_a_signal() -> None:
    """A worker that dies of a signal breaks the pool: `map` would not come back whole."""
    from concurrent.futures import ProcessPoolExecutor

    step = 500
    shares = [range(start, start + step) for start in range(0, MANY, step)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        results = sum(pool.map(_count, shares), Counter[str]())
    assert results.total() == MANY
