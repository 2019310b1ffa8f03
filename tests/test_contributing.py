"""CONTRIBUTING.md and SECURITY.md name what exists, and the generated pages are fresh."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from datakit.verbs.reference import PAGES

ROOT = Path(__file__).resolve().parents[1]
SECURITY = (ROOT / "SECURITY.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in (ROOT / "CONTRIBUTING.md").read_text().splitlines()
    if line.startswith("| ") and "`datakit/" in line
]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_files_and_the_registry_exist(row: list[str]) -> None:
    _, files, registry, tests = row
    for file in quoted(files):
        assert (ROOT / file.split("/NAME")[0]).is_dir()
    module, name = quoted(registry)[0].split(":")
    assert hasattr(import_module(module), name)
    for test in quoted(tests):
        assert (ROOT / test).is_file()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w/]+\.py)`", SECURITY))))
def test_the_files_that_keep_a_promise_of_safety_exist(path: str) -> None:
    assert (ROOT / path).is_file() or (ROOT / "datakit" / path).is_file()


def test_every_registry_is_in_the_table() -> None:
    made = re.compile(r"^(\w+)(?:: .*)? = Registry\(", re.MULTILINE)
    named = {quoted(row[2])[0].split(":")[1] for row in ROWS}
    found = {
        name for path in (ROOT / "datakit").rglob("*.py") for name in made.findall(path.read_text())
    }
    assert found - named <= {"KNOWN_WEIGHTS", "REVIEWS"}


@pytest.mark.parametrize("name", PAGES)
def test_the_generated_pages_are_fresh(name: str) -> None:
    committed = (ROOT / "docs" / name).read_text()
    assert committed == PAGES[name](), "run `make schemas` and commit the result"
