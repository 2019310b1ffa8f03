from __future__ import annotations

import re

import numpy as np
import pytest

from datakit.core.splitting.expressions import parse
from datakit.errors import InputError

TABLE = {
    "width": np.array([10.0, 20.0, np.nan]),
    "tags": np.array([None, None, None], dtype=object),
    "split": np.array(["train", "val", None], dtype=object),
    "done": np.array([True, False, True]),
}
TABLE["tags"][:] = [("a", "b"), (), ("b",)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("width > 10", [False, True, False]),
        ("10 <= width < 20", [True, False, False]),
        ("width != 10", [False, True, True]),
        ("'b' in tags and not done", [False, False, False]),
        ("'a' not in tags", [False, True, True]),
        ("split in ('val', None)", [False, True, True]),
        ("split == 'train' or width * 2 - 1 > 30", [True, True, False]),
        ("done", [True, False, True]),
        ("-width < -15", [False, True, False]),
        ("'rai' in split", [True, False, False]),
    ],
)
def test_conditions(text: str, expected: list[bool]) -> None:
    assert parse(text).matches(TABLE).tolist() == expected


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "width.__class__",
        "tags[0] == 'a'",
        "[x for x in tags]",
        "(lambda: 1)()",
        "f'{width}'",
        "width := 3",
        "10 ** 10 ** 10 > width",
        "@done",
        "done; done",
        "`width` > 1",
        "1 if done else 2",
        "{**tags}",
        "b'x' == split",
        "",
        "a" * 3000,
        "(" * 500,
    ],
)
def test_what_could_run_code_or_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="expression"):
        parse(text)


@pytest.mark.parametrize(
    "text", ["height > 1", "width", "split > 'a'", "tags and done", "3 in width"]
)
def test_what_does_not_fit_the_columns_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="expression"):
        parse(text).matches(TABLE)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("split = 3", "write == for ="),
        ("split == 'a=b' && width > 3", "write and for &&"),
        ("split == 'val' OR width > 3", "write or for OR"),
        ("width <> 3", "write != for <>"),
    ],
)
def test_an_operator_of_another_language_is_answered_with_ours(text: str, hint: str) -> None:
    with pytest.raises(InputError, match=re.escape(hint)):
        parse(text)
