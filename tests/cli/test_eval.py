from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from datakit.cli.main import app
from tests.verbs.pairs import write_alphas


def call(*args: object) -> Result:
    return CliRunner().invoke(app, ["eval", *map(str, args)])


def test_table_json_and_comparison(tmp_path: Path) -> None:
    truth = write_alphas(tmp_path / "truth")
    old = write_alphas(tmp_path / "old", blur=0.05)
    new = write_alphas(tmp_path / "new", blur=0.01)
    result = call("--compare", new, old, truth, "--workers", 0)
    assert result.exit_code == 0
    assert "worst samples" in result.stdout and "boundary_iou" in result.stdout
    assert f"{new} less {old}" in result.stdout
    document = json.loads(call(old, truth, "--workers", 0, "--json", "-q").stdout)
    assert document["metrics"]["mse"]["samples"] == 3
    assert document["worst"][0]["id"] == "p2"


def test_exit_codes(tmp_path: Path) -> None:
    truth = write_alphas(tmp_path / "truth")
    fewer = write_alphas(tmp_path / "fewer", 2)
    partial = call(fewer, truth, "--workers", 0)
    assert partial.exit_code == 3 and "1 could not be compared" in partial.stdout
    assert call(truth).exit_code == 2
    missing = call(tmp_path / "absent", truth)
    assert missing.exit_code == 2 and missing.stderr.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in missing.stderr


def test_what_could_not_be_compared_is_named_without_a_folder(tmp_path: Path) -> None:
    truth = write_alphas(tmp_path / "truth", 5)
    fewer = write_alphas(tmp_path / "fewer", 2)
    partial = call(fewer, truth, "--workers", 0)
    assert partial.exit_code == 3
    for name in ("p2", "p3", "p4"):
        assert f"{name}.png" in partial.stdout
    assert "-o FOLDER" in partial.stdout


def test_long_ids_are_folded_not_cut(tmp_path: Path) -> None:
    truth = write_alphas(tmp_path / "truth", 2)
    name = "portrait-of-somebody-with-a-long-name-and-a-number-0042"
    (truth / "p0.png").rename(truth / f"{name}.png")
    shown = call(truth, truth, "--workers", 0).stdout
    assert "…" not in shown
    table = shown[shown.index("worst samples") :]
    ids = (line.split() for line in table.splitlines()[2:])
    assert name in "".join(words[0] for words in ids if words)
