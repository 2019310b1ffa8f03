"""The documentation is run: every `$ datakit …` line and every Python block of docs/."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from datakit.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(set((ROOT / "docs").glob("*.md")) - {ROOT / "docs/README.md"})
UNUSABLE = 2

_BLOCK = re.compile(r"^```(console|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_example_of_a_page_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    monkeypatch.chdir(tmp_path)
    blocks = _BLOCK.findall(page.read_text())
    assert blocks, f"{page.name} has no example"
    for kind, body in blocks:
        if kind == "python":
            exec(compile(body, page.name, "exec"), {"__name__": "example"})
            continue
        for line in body.splitlines():
            if line.startswith("$ datakit "):
                _run(line.removeprefix("$ datakit "))


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
        _run(command.replace(" -o ", f"{here}-o ", 1))
    assert (tmp_path / "tour/report.html").is_file()


def _run(line: str) -> None:
    arguments = shlex.split(line, comments=True)
    into = Path(arguments.pop()) if arguments[-2:-1] == [">"] else None
    given = Path(arguments.pop()).read_bytes() if arguments[-2:-1] == ["<"] else None
    arguments = [word for word in arguments if word not in "<>"]
    # The comment after a command states its exit code where it is not 0.
    expected = re.search(r"exit code (\d)", line)
    result = CliRunner().invoke(app, arguments, input=given)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    if into is not None:
        into.write_text(result.stdout)
    assert result.exit_code == (int(expected[1]) if expected else 0), f"{line}\n{result.output}"


def test_every_verb_has_a_page() -> None:
    from datakit.verbs.table import VERBS

    missing = [verb for verb in VERBS if not (ROOT / "docs" / f"{verb}.md").is_file()]
    assert not missing


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/README.md"])
def test_links_exist(page: str) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text()):
        assert ((ROOT / page).parent / target).exists(), target
