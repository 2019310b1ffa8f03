from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from datakit.cli.main import app
from datakit.io.pixels import decoders, images
from tests.planted.base import to_levels
from tests.planted.mattes import analytic_matte


def call(*args: object) -> Result:
    return CliRunner().invoke(app, ["qc", *map(str, args)])


@pytest.fixture(scope="module")
def mattes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mattes")
    for kind in ("images", "alphas"):
        (folder / kind).mkdir()
    for seed in range(4):
        matte = analytic_matte(seed, (320, 240))
        alpha = 1 - matte.alpha if seed == 3 else matte.alpha
        (folder / "images" / f"{seed}.png").write_bytes(images.encode_png(matte.image))
        (folder / "alphas" / f"{seed}.png").write_bytes(images.encode_png(to_levels(alpha)))
    return folder


def test_findings_make_exit_code_1_and_a_table(mattes: Path, tmp_path: Path) -> None:
    result = call(mattes, "-o", tmp_path / "out", "--workers", 0)
    assert result.exit_code == 1
    assert "inverted" in result.stdout
    assert "1 error" in result.stdout
    sheet = decoders.decode_photo((tmp_path / "out" / "sheets" / "inverted.png").read_bytes())
    assert np.ptp(sheet) > 200


def test_strict_yaml_changes_the_verdict_without_pixels(mattes: Path, tmp_path: Path) -> None:
    call(mattes, "-o", tmp_path / "out", "--workers", 0, "-q")
    table = tmp_path / "out" / "qc.parquet"
    config = tmp_path / "mine.yaml"
    config.write_text("checks:\n  inverted: {enabled: false}\n  halo: {warning: 0.9, error: 2}\n")
    assert call("--rejudge", table, "--config", config).exit_code == 0
    strict = tmp_path / "strict.yaml"
    strict.write_text("fail-on: review\nchecks:\n  soft_edge: {review: 0.0001}\n")
    result = call("--rejudge", table, "--config", strict, "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["checks"]["soft_edge"]["review"] == 4
    assert document["findings"] >= 4


@pytest.mark.parametrize(
    ("yaml", "words"),
    [
        ("checks: {halo: {warning: high}}", "expected a number"),
        ("checks: {halo: {warnings: 1}}", "warnings"),
        ("checks: {hallo: {warning: 1}}", "hallo"),
        ("checks: [halo]", "expected a mapping"),
        ("checks: {halo: {warning: 2, error: 1}}", "review <= warning <= error"),
        ("checks: {halo: {warning: 2", "YAML"),
        ("thresholds: {}", "no option of qc"),
    ],
)
def test_unreadable_thresholds_are_named(
    mattes: Path, tmp_path: Path, yaml: str, words: str
) -> None:
    config = tmp_path / "bad.yaml"
    config.write_text(yaml)
    result = call(mattes, "-o", tmp_path / "out", "--config", config)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not (tmp_path / "out").exists()


def test_usage_errors(mattes: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep me")
    for args in (
        (),
        (mattes,),
        (mattes, "-o", tmp_path / "full"),
        (mattes, "-o", tmp_path / "full", "--overwrite"),
        (mattes, "-o", mattes / "inside"),
        (tmp_path / "nowhere", "-o", tmp_path / "out"),
        ("--rejudge", tmp_path / "full" / "mine.txt"),
    ):
        result = call(*args)
        assert result.exit_code == 2, args
        assert result.stderr.count("\n") <= 4
        assert "Traceback" not in result.output
    assert (tmp_path / "full" / "mine.txt").read_text() == "keep me"


def test_help_shows_examples_and_no_mapping() -> None:
    result = call("--help")
    assert result.exit_code == 0
    assert "datakit qc --rejudge report/qc.parquet --config strict.yaml" in result.stdout
    assert "--checks " not in result.stdout
