"""The tutorials as notebooks, each page's examples in the cells of one kernel."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.documented_commands import PAGES, ROOT, examples

TUTORIALS = [page for page in PAGES if page.stem.startswith("tutorial-")]
CELL_S = 300


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_a_tutorial_runs_as_a_notebook(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    cells = ["from tests.documented_commands import run"]
    for kind, text in examples(page):
        cells.append(text if kind == "python" else f"run({text!r})")
    assert len(cells) > 4
    # The page ends where a notebook's reader would look at what was made.
    cells.append("import datakit, pathlib\n"
                 "made = next(p.parent for p in pathlib.Path().glob('*/metadata.jsonl'))\n"
                 "datakit.open(made).show(2)")  # fmt: skip
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    client = NotebookClient(
        notebook, timeout=CELL_S, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    shown = notebook.cells[-1].outputs
    assert any("text/html" in one.get("data", {}) for one in shown)
