"""Flags: values as people write them, help on the first screen, and completion."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from datakit.cli.main import app
from datakit.cli.values import Value
from datakit.io.layouts import WRITERS
from datakit.verbs.table import VERBS

FIRST_SCREEN = 24


@pytest.mark.parametrize("verb", VERBS)
def test_what_is_needed_and_common_is_on_the_first_screen(verb: str) -> None:
    text = CliRunner().invoke(app, [verb, "--help"], terminal_width=80).output
    lines = text.splitlines()
    headings = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert lines.index("Examples:") < FIRST_SCREEN
    assert headings.index("Examples:") < headings.index("How it runs:")
    assert all(f"  {example}" in lines for example in VERBS[verb].examples)


@pytest.mark.parametrize("verb", VERBS)
def test_the_common_options_are_options(verb: str) -> None:
    row = VERBS[verb]
    assert set(row.common()) <= set(row.options().__struct_fields__)


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [(int, "12", 12), (float, "15%", 0.15), (str, "a b", "a b"), (str, 7, "7")],
)
def test_a_value_is_what_is_meant(kind: Any, written: Any, value: Any) -> None:
    assert Value(kind, {}).convert(written, None, None) == value


def test_a_wrong_number_is_said_in_words() -> None:
    with pytest.raises(click.BadParameter, match="expected a whole number; found 'x'"):
        Value(int, {}).convert("x", None, None)


def completed(*words: str) -> list[tuple[str, str]]:
    shell = ShellComplete(app, {}, "datakit", "_DATAKIT_COMPLETE")
    return [(item.type, item.value) for item in shell.get_completions([*words[:-1]], words[-1])]


@pytest.mark.parametrize("verb", [name for name, row in VERBS.items() if name != "weights"])
def test_the_source_completes_to_paths(verb: str) -> None:
    assert ("file", "pho") in completed(verb, "pho")


@pytest.mark.parametrize("flag", ["-o", "--images-dir", "--labels-dir"])
def test_options_that_name_paths_complete_to_paths(flag: str) -> None:
    assert completed("coco2mask", "export", flag, "da") == [("file", "da")]


def test_names_complete_to_names() -> None:
    assert [value for _, value in completed("export", "x", "--format", "")] == [*WRITERS]
    assert ("plain", "coco2mask") in completed("co")
    assert ("plain", "--format") in completed("export", "--fo")
