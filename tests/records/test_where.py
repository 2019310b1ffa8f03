from __future__ import annotations

import pytest

from datakit.errors import InputError
from datakit.records.sample import Sample, Source
from datakit.records.where import Where

SAMPLE = Sample(
    id="train/a",
    width=40,
    height=30,
    source=Source(name="a"),
    tags=("celebrity", "b"),
    split="train",
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'celebrity' in tags", True),
        ("'celebrity' not in tags", False),
        ("split == 'train' and not width < 40", True),
        ("30 <= height < 40", True),
        ("split in ('val', 'test') or id == 'train/a'", True),
        ("group == None", True),
    ],
)
def test_conditions(text, expected):
    assert Where(text)(SAMPLE) is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tags.count('a')",
        "width + 1",
        "__import__('os')",
        "[x for x in tags]",
        "size > 3",
        "a b",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(InputError, match="condition"):
        Where(text)


def test_values_that_cannot_be_compared_name_the_sample():
    with pytest.raises(InputError, match="train/a"):
        Where("width < 'x'")(SAMPLE)
