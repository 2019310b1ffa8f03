from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from datakit.cli.main import app
from tests.verbs.pairs import write_set


def test_table_and_json(tmp_path: Path) -> None:
    source = write_set(tmp_path / "set", "masks", 5)
    common = ["--size", "32", "--width", "4", "--depth", "2", "--epochs", "1", "--threads", "1"]
    runner = CliRunner()
    shown = runner.invoke(app, ["train", str(source), "-o", str(tmp_path / "a"), *common])
    assert shown.exit_code == 0, shown.output
    assert "boundary_iou" in shown.stdout and "datakit prelabel" in shown.stdout
    result = runner.invoke(
        app, ["train", str(source), "-o", str(tmp_path / "b"), *common, "--json", "-q"]
    )
    document = json.loads(result.stdout)
    assert document["counts"] == {"train": 4, "val": 1}
    assert document["weights"] == "model.safetensors"
    wrong = runner.invoke(app, ["train", str(source), "-o", str(tmp_path / "a"), *common])
    assert wrong.exit_code == 2 and wrong.stderr.startswith("Error: ")
