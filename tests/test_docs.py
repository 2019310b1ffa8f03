"""The documentation is run: every `$ datakit …` line and every Python block of docs/."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.documented_commands import PAGES, ROOT, examples, run


@pytest.mark.parametrize(
    "page",
    # The tutorials are run as notebooks (tests/notebook/test_tutorials.py).
    [page for page in PAGES if not page.stem.startswith("tutorial-")],
    ids=lambda page: page.stem,
)
def test_every_example_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    monkeypatch.chdir(tmp_path)
    found = list(examples(page))
    assert found, f"{page.name} has no example"
    for kind, text in found:
        if kind == "python":
            exec(compile(text, page.name, "exec"), {"__name__": "example"})
        else:
            run(text)


def test_the_tour_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    monkeypatch.chdir(tmp_path)
    tour = (ROOT / "README.md").read_text().split("## Five minutes")[1].split("\n## ")[0]
    commands = [line for line in tour.splitlines() if line.startswith("$ datakit ")]
    assert len(commands) >= 8
    for line in commands:
        command = line.removeprefix("$ datakit ")
        # In this process: a step's workers would each import all that a step needs.
        here = " --workers 0 " if command.startswith("run sample") else " "
        run(command.replace(" -o ", f"{here}-o ", 1))
    assert (tmp_path / "tour/report.html").is_file()


def test_every_verb_has_a_page() -> None:
    from datakit.verbs.table import VERBS

    missing = [verb for verb in VERBS if not (ROOT / "docs" / f"{verb}.md").is_file()]
    assert not missing


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/README.md"])
def test_links_exist(page: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text()):
        assert ((ROOT / page).parent / target).exists(), target
