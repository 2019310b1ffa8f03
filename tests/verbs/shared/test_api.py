"""The verbs as Python functions: short signatures, and names that are nearly right."""

from __future__ import annotations

import inspect

import pytest

import datakit
from datakit.verbs.table import VERBS


@pytest.mark.parametrize("verb", VERBS.built_in)
def test_a_signature_shows_types_and_no_notes(verb: str) -> None:
    text = str(inspect.signature(getattr(datakit, verb)))
    assert "Meta(" not in text and "Annotated" not in text
    assert len(text) < 3000


def test_a_misspelt_option_is_answered_with_the_nearest() -> None:
    with pytest.raises(TypeError, match=r"split\(\) has no option 'sede'; did you mean 'seed'\?"):
        datakit.split("a", "b", sede=1)
    with pytest.raises(TypeError, match=r"stats\(\) has no option 'zzz'$"):
        datakit.stats("a", zzz=1)
