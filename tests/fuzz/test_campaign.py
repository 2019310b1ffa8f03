"""A slice of the campaign of benchmarks/fuzz.py: other damage in each run, the seed is told."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.fuzz.sandbox import attack
from tests.fuzz.targets import TARGETS, fresh

# Seeds that once broke a promise; they stay.
FOUND: dict[str, tuple[int, ...]] = {
    "config": (280, 1000123, 3000079, 3000406),
    "manifest": (2000099, 2000156),
    "zip": (1001471, 3001453),
}


@pytest.mark.parametrize("name", TARGETS)
def test_damage_gets_no_further(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAKIT_WEIGHTS", str(tmp_path / "none"))

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 2**32))
    def run(seed: int) -> None:
        folder = fresh(tmp_path / "attack")
        attack(folder, TARGETS[name].prepare(folder, random.Random(seed)))

    for seed in FOUND.get(name, ()):
        run = example(seed=seed)(run)
    run()
