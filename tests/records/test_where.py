"""Conditions on samples: data, never code."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datakit.errors import InputError
from datakit.records.sample import Sample, Source
from datakit.records.where import Where

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
    ],
)
def test_conditions(text: str, expected: bool) -> None:
    assert Where(text)(SAMPLE) is expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read"),
        ("split =", "cannot be read"),
        ("splitt == 'x'", "no field 'splitt'; expected one of alpha_file_name, "),
        ("__import__('os').system('true')", "found Call"),
        ("tags[0] == 'x'", "found Subscript"),
        ("id.__class__", "found Attribute"),
        ("[x for x in tags]", "found ListComp"),
        ("(lambda: 1)()", "found Call"),
        ("width + 1 == 2", "found BinOp"),
        ("9 ** 9 ** 9", "found BinOp"),
        ("f'{id}'", "found JoinedStr"),
        ("(width := 3)", "found NamedExpr"),
    ],
)
def test_what_is_no_condition_is_refused_before_any_sample(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Where(text)


def test_a_comparison_that_has_no_answer_names_the_sample() -> None:
    with pytest.raises(InputError, match=r"train/a\.jpg: '<' not supported"):
        Where("parent < 3")(SAMPLE)


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_condition_or_one_error(text: str) -> None:
    try:
        Where(text)(SAMPLE)
    except InputError as error:
        assert str(error).startswith('condition "')
