"""What the campaign of benchmarks/fuzz_readers.py kept is read, or refused by an error of ours."""

from __future__ import annotations

import warnings

import pytest

from tests.fuzz.readers import FOUND, TARGETS, survive


@pytest.mark.parametrize("name", TARGETS)
def test_inputs_of_the_campaign_break_nothing(name: str) -> None:
    if name == "pickle":
        pytest.importorskip("torch", reason="the extra 'prelabel' is not installed")
    inputs = sorted((FOUND / name).iterdir())
    assert inputs
    with warnings.catch_warnings():
        # What a decoder warns of is for the verb's failure row, not for this test.
        warnings.simplefilter("ignore")
        for path in inputs:
            survive(name, path.read_bytes())
