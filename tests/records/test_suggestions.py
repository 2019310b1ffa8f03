"""What is suggested for a name that is none."""

from __future__ import annotations

import pytest

from datakit.records.suggestions import nearest

FLAGS = ["--out", "--effort", "--overwrite", "--format", "--val-share", "--resume", "--seed"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("--ot", "--out"),
        ("--output", "--out"),
        ("--over", "--overwrite"),
        ("--fromat", "--format"),
        ("--val", "--val-share"),
        ("--sead", "--seed"),
        ("--zzz", None),
    ],
)
def test_prefixes_and_slips_are_understood(word: str, meant: str | None) -> None:
    assert nearest(word, FLAGS) == meant


def test_another_number_is_another_thing() -> None:
    assert nearest("unet", ["u2net", "u2netp"]) is None
    assert nearest("u2nte", ["u2net", "modnet"]) == "u2net"
