"""One hostile run of the command line: what it may do, and what it must not."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path

from click.testing import CliRunner

from datakit.cli.main import app

DONE, FINDINGS, UNUSABLE, FAILED = 0, 1, 2, 3
LIMIT_S = 10.0
# A Python error that nobody foresaw is no sentence for a person.
_UNFORESEEN = re.compile(r"[A-Z]\w+(?:Error|Exception|Warning)\b")


class Broken(AssertionError):
    """A promise of SECURITY.md that a run did not keep."""


def attack(folder: Path, arguments: Sequence[str]) -> int:
    """Run a verb inside ``folder``, whose ``target`` alone it may write, and look at everything.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    Broken
        On a traceback, an unknown exit code, an error that is a Python error's text, a write
        outside ``target``, a half-written file in it, or a run of more than `LIMIT_S` seconds.
    """
    target = folder / "target"
    before = _state(folder, target)
    started = time.monotonic()
    result = CliRunner().invoke(app, list(arguments))
    seconds = time.monotonic() - started
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise Broken(f"traceback: {result.exception!r}") from result.exception
    if "Traceback" in result.output:
        raise Broken(f"traceback in the output: {result.output[-500:]}")
    if result.exit_code not in (DONE, FINDINGS, UNUSABLE, FAILED):
        raise Broken(f"exit code {result.exit_code}")
    if _state(folder, target) != before:
        raise Broken("a write outside DST")
    if seconds > LIMIT_S:
        raise Broken(f"{seconds:.1f} s for one run")
    if result.exit_code == UNUSABLE and "Error: " not in result.stderr:
        raise Broken(f"exit code 2 without a sentence: {result.output[-500:]}")
    _check_target(target)
    return result.exit_code


def _state(folder: Path, target: Path) -> dict[str, tuple[int, int]]:
    """Return size and time of every file below ``folder`` but those of the target."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path != target and target not in path.parents and not path.is_dir():
            facts = path.lstat()
            found[str(path)] = (facts.st_size, facts.st_mtime_ns)
    return found


def _check_target(target: Path) -> None:
    for path in target.rglob("*") if target.is_dir() else ():
        if path.name.startswith(".datakit-tmp-"):
            raise Broken(f"half-written: {path}")
    failures = target / "failures.jsonl"
    if failures.is_file():
        for line in failures.read_text().splitlines():
            if _UNFORESEEN.match(json.loads(line)["error"]):
                raise Broken(f"an error of Python, not of ours: {line}")
