"""Summaries and what their exit codes mean."""

from __future__ import annotations

import pytest

from datakit.records.failure import Failure
from datakit.records.problems import Problems
from datakit.records.summary import Summary


@pytest.mark.parametrize(
    ("failed", "findings", "code"), [(0, 0, 0), (0, 2, 1), (3, 0, 3), (3, 2, 3)]
)
def test_exit_codes(failed: int, findings: int, code: int) -> None:
    assert Summary(verb="qc", failed=failed, findings=findings).exit_code == code


def test_problems_are_findings() -> None:
    assert Problems().exit_code == 0
    failure = Failure(id="a", file="a.jpg", step="image", error="a.jpg: expected an image")
    assert Problems(problems=(failure,)).exit_code == 1
