"""Conditions on samples: data, never code."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.errors import InputError
from datakit.records.conditions import Condition
from datakit.records.sample import Sample, Source

SAMPLE = Sample(
    id="train/a.jpg",
    width=640,
    height=480,
    split="train",
    group="a",
    source=Source(name="a.jpg"),
    tags=("celebrity", "outdoors"),
    fg_ratio=0.25,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'celebrity' in tags", True),
        ("'celebrity' not in tags", False),
        ("split == 'train' and width >= 640", True),
        ("split == 'val' or height < 400", False),
        ("not (split == 'train')", False),
        ("0 < fg_ratio <= 0.25", True),
        ("split in ('val', 'test')", False),
        ("parent == None", True),
        ("True", True),
        ("width * height > 300000 and not anonymized", True),
    ],
)
def test_conditions(text: str, expected: bool) -> None:
    assert Condition(text)(SAMPLE) is expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read"),
        ("split =", "cannot be read"),
        ("splitt == 'x'", "column 'splitt' is unknown; expected some of: id, "),
        ("__import__('os').system('true')", "Call is not allowed"),
        ("tags[0] == 'x'", "Subscript is not allowed"),
        ("id.__class__", "Attribute is not allowed"),
        ("[x for x in tags]", "ListComp is not allowed"),
        ("(lambda: 1)()", "Call is not allowed"),
        ("9 ** 9 ** 9", "is not allowed"),
        ("f'{id}'", "JoinedStr is not allowed"),
        ("(width := 3)", "NamedExpr is not allowed"),
    ],
)
def test_what_is_no_condition_is_refused_before_any_sample(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Condition(text)


def test_a_comparison_that_has_no_answer_names_the_sample() -> None:
    with pytest.raises(InputError, match=r"train/a\.jpg: .*cannot be evaluated"):
        Condition("tags < 3")(SAMPLE)


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_condition_or_one_error(text: str) -> None:
    try:
        Condition(text)(SAMPLE)
    except InputError as error:
        assert "expression" in str(error)
