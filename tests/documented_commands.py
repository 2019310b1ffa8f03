"""Pages of docs/ as what they are: code and command lines that a reader copies."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from datakit.cli.main import app

ROOT = Path(__file__).parents[1]
PAGES = sorted(set((ROOT / "docs").glob("*.md")) - {ROOT / "docs/README.md"})

_BLOCK = re.compile(r"^```(console|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples(page: Path) -> Iterator[tuple[str, str]]:
    """Yield ("python", code) and ("command", line without the prompt) in the page's order."""
    for kind, body in _BLOCK.findall(page.read_text()):
        if kind == "python":
            yield "python", body
        else:
            lines = (line for line in body.splitlines() if line.startswith("$ datakit "))
            yield from (("command", line.removeprefix("$ datakit ")) for line in lines)


def run(line: str) -> None:
    """Run a command line in this process; what it prints may go to a file, and come from one."""
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
