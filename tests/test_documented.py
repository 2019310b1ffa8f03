"""Documentation is complete: every verb, every option, every public name."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import click
import msgspec
import pytest

import datakit
from datakit.cli.main import app
from datakit.verbs.table import VERBS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
CONTEXT = click.Context(app)
COMMANDS = {name: app.get_command(CONTEXT, name) for name in VERBS}


def test_the_python_api_and_the_command_line_have_the_same_verbs() -> None:
    assert set(datakit.__all__) == {"VERBS", "Dataset", "__version__", "open", *VERBS}


def test_every_package_of_a_verb_is_a_row_of_the_table() -> None:
    packages = {path.parent.name for path in (ROOT / "datakit" / "verbs").glob("*/run.py")}
    assert packages == set(VERBS)


@pytest.mark.parametrize("name", VERBS)
def test_the_table_of_verbs_says_what_the_command_says(name: str) -> None:
    command = COMMANDS[name]
    assert command is not None
    row = VERBS[name]
    assert command.short_help == row.summary
    assert row.summary.endswith(".")
    assert command.name == row.name == name


@pytest.mark.parametrize("name", VERBS)
def test_every_option_has_a_help_text(name: str) -> None:
    command = COMMANDS[name]
    assert command is not None
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts[0]}"
            assert not parameter.help.endswith("."), f"{name} {parameter.opts[0]}"
    text = command.get_help(click.Context(command, info_name=f"datakit {name}"))
    assert "Examples:" in text
    assert f"datakit {name} " in text.split("Examples:")[1]


@pytest.mark.parametrize("name", VERBS)
def test_every_example_parses(name: str) -> None:
    command = COMMANDS[name]
    assert command is not None
    known = {flag for parameter in command.params for flag in parameter.opts}
    lines = [line.split() for line in VERBS[name].examples]
    assert lines
    for words in lines:
        assert words[:2] == ["datakit", name]
        flags = {word.split("=")[0] for word in words if word.startswith("-") and word != "-"}
        assert flags <= known, words


@pytest.mark.parametrize("name", VERBS)
def test_every_option_is_in_the_python_documentation(name: str) -> None:
    function = getattr(datakit, name)
    text = inspect.getdoc(function) or ""
    parameters = inspect.signature(function).parameters
    options = msgspec.structs.fields(VERBS[name].options())
    assert set(parameters) == {field.name for field in options}
    for field in options:
        assert f"\n{field.name}\n    " in text
        description = text.split(f"\n{field.name}\n    ")[1].splitlines()[0]
        assert description.strip(), f"{name} {field.name}"


@pytest.mark.skipif(len(README) < 1000, reason="the README is not written yet")
@pytest.mark.parametrize("name", VERBS)
def test_the_readme_names_every_verb(name: str) -> None:
    assert f"datakit {name}" in README


def public_names(path: Path) -> list[tuple[str, ast.AST]]:
    """Return the modules, classes and functions of a file that have no underscore."""
    tree = ast.parse(path.read_text())
    found: list[tuple[str, ast.AST]] = [(path.name, tree)]
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            found.append((node.name, node))
            if isinstance(node, ast.ClassDef):
                found += [
                    (f"{node.name}.{inner.name}", inner)
                    for inner in node.body
                    if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_")
                ]
    return found


FILES = sorted((ROOT / "datakit").rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_public_name_has_a_docstring(path: Path) -> None:
    bare = [name for name, node in public_names(path) if not ast.get_docstring(node)]  # type: ignore[arg-type]
    assert not bare


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_file_fits_one_noun(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400
