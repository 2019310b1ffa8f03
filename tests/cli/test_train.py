from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from datakit.cli.main import app
from datakit.cli.results.training import show
from datakit.records.training import Estimate, Training
from tests.verbs.pairs import write_set


def test_table_and_json(tmp_path: Path) -> None:
    source = write_set(tmp_path / "set", "masks", 5)
    common = ["--size", "32", "--width", "4", "--depth", "2", "--epochs", "1", "--threads", "1"]
    runner = CliRunner()
    shown = runner.invoke(app, ["train", str(source), "-o", str(tmp_path / "a"), *common])
    assert shown.exit_code == 0, shown.output
    assert "boundary_iou" in shown.stdout and "a/model.safetensors" in shown.stdout
    result = runner.invoke(
        app, ["train", str(source), "-o", str(tmp_path / "b"), *common, "--json", "-q"]
    )
    document = json.loads(result.stdout)
    assert document["counts"] == {"train": 4, "val": 1}
    assert document["weights"] == "model.safetensors"
    wrong = runner.invoke(app, ["train", str(source), "-o", str(tmp_path / "a"), *common])
    assert wrong.exit_code == 2 and wrong.stderr.startswith("Error: ")


@pytest.mark.parametrize("learned", [True, False])
def test_a_useless_model_is_not_advised(learned: bool, capsys: pytest.CaptureFixture[str]) -> None:
    fold = {"iou": Estimate(mean=0.5, low=0.25, high=0.75)}
    show(
        Training(
            out="m", model="unet", parameters=1, size_px=32, weights="model.safetensors",
            before={"iou": 0.1}, folds=3, out_of_fold=fold, learned=learned,
        )
    )  # fmt: skip
    said = capsys.readouterr().out
    assert ("use them:" in said) == learned
    assert "m/model.safetensors" in said and "3 folds" in said and "0.2500 .. 0.7500" in said
