"""Every verb that reads a source says as what it was read, and what was not read of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from datakit.cli.main import app
from tests.contracts.labelled_sets import write_labelled_set

VERBS = {
    "report": ["{a}", "-o", "{out}/page.html", "--pictures", "0"],
    "diff": ["{a}", "{b}", "--workers", "0"],
    "eval": ["{a}", "{b}", "--workers", "0"],
    "select": ["{a}", "-o", "{out}/some", "--n", "1", "--workers", "0"],
    "validate": ["{a}", "--workers", "0"],
    "review": ["{a}", "--dry-run", "--no-browser", "--decisions", "{out}/review"],
    "forget": ["{a}", "--sha256", 64 * "a", "--workers", "0"],
}


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("sets")
    return write_labelled_set(root / "a", "binary"), write_labelled_set(root / "b", "binary")


@pytest.mark.parametrize("verb", VERBS)
def test_the_line_is_printed(verb: str, sets: tuple[Path, Path], tmp_path: Path) -> None:
    words = [word.format(a=sets[0], b=sets[1], out=tmp_path) for word in VERBS[verb]]
    result = CliRunner().invoke(app, [verb, *words])
    assert result.exit_code in (0, 1), result.output
    lines = [line for line in result.stderr.splitlines() if line.startswith("read as datakit:")]
    assert lines == ["read as datakit: 4 images, 4 labels, not read: nothing"] * len(lines)
    assert len(lines) == (2 if verb in ("diff", "eval") else 1)
