"""What the summary of every call has, whatever the verb did before it counted."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from datakit.records.summary import Summary
from datakit.verbs.shared import call
from datakit.verbs.table import VERBS


def test_seconds_are_those_of_the_whole_call(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 17.5])
    monkeypatch.setattr(call, "time", SimpleNamespace(perf_counter=lambda: next(clock)))

    def run(options: None) -> Summary:
        return Summary(verb="split", out="out", counts={}, failed=0, seconds=0.5, notes=("a",))

    found = call.summed_up(run)(None)
    assert (found.seconds, found.notes) == (7.5, ("a",))


@pytest.mark.parametrize("verb", VERBS.built_in)
def test_every_verb_is_called_so(verb: str) -> None:
    assert VERBS[verb].run().__wrapped__ is not None
