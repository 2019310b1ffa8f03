"""Numbered photos are a video when half of their neighbours look alike; no pair is vain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datakit.verbs.shared import sequences


@given(st.lists(st.lists(st.booleans(), max_size=9), max_size=4))
def test_half_is_half_whichever_pairs_are_asked_first(wanted: list[list[bool]]) -> None:
    answers = {(q, n): alike for q, row in enumerate(wanted) for n, alike in enumerate(row)}
    asked: list[tuple[int, int]] = []

    def compared(
        found: Any, options: Any, task: str, pairs: Sequence[tuple[int, int]], progress: Any
    ) -> Iterator[tuple[tuple[int, int], Any]]:
        asked.extend(pairs)
        return ((pair, SimpleNamespace(error=0.1 if answers[pair] else 0.9)) for pair in pairs)

    questions = [[(q, n) for n in range(len(row))] for q, row in enumerate(wanted)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequences, "compared", compared)
        found = sequences._look_alike(None, None, questions, None)  # type: ignore[arg-type]
    assert found == [len(row) >= 2 and 2 * sum(row) >= len(row) for row in wanted]
    assert len(asked) == len(set(asked))
    for q, row in enumerate(wanted):
        if len(row) > 1 and len(set(row)) == 1:
            assert sum(pair[0] == q for pair in asked) == len(row) // 2 + 1
