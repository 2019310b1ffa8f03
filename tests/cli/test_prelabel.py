"""`datakit prelabel` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from datakit.cli.main import app

pytest.importorskip("ai_edge_litert", reason="the extra 'faces' is not installed")


def prelabel(*arguments: object) -> Result:
    words = ["prelabel", *map(str, arguments), "--workers", "0"]
    return CliRunner().invoke(app, words)


@pytest.fixture
def photos(sample_data: Path, tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    source = sample_data / "portraits/images/bald_beard.jpg"
    (tmp_path / "photos/a.jpg").write_bytes(source.read_bytes())
    return tmp_path / "photos"


def test_the_summary_names_model_device_and_stages(photos: Path, tmp_path: Path) -> None:
    (photos / "b.jpg").write_bytes((photos / "a.jpg").read_bytes())
    result = prelabel(photos, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    for word in ("samples", "infer", "photos/s", "mediapipe-selfie (Apache-2.0", "device: cpu"):
        assert word in result.stdout, word


def test_one_photo_has_no_table_of_stages(photos: Path, tmp_path: Path) -> None:
    result = prelabel(photos / "a.jpg", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "photos/s" not in result.stdout and "mediapipe-selfie (Apache-2.0" in result.stdout


def test_json_is_one_object(photos: Path, tmp_path: Path) -> None:
    result = prelabel(photos, "-o", tmp_path / "out", "--json")
    assert result.exit_code == 0
    summary = json.loads(result.stdout)
    assert summary["counts"]["samples"] == 1
    assert summary["stages"]["infer"]["rate"] > 0
    assert summary["models"][0].startswith("mediapipe-selfie")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--device", "cuda"], "runs on the CPU only"),
        (["--device", "tpu"], "device"),
        (["--model", "u2"], "--model"),
        (["--batch", "0"], "batch"),
        (["--min-area", "2"], "min-area"),
        (["--largest", "0"], "largest"),
        (["--weights", "none.onnx"], "no use for weights"),
        (["--calibrate", "none"], "none"),
        (["--merge", "reviewed"], "--into"),
    ],
)
def test_one_sentence_an_error(
    photos: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    result = prelabel(photos, "-o", tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert words in result.stderr.strip().splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_one_photo_is_a_source(tmp_path: Path) -> None:
    photo = Path(__file__).resolve().parents[2] / "sample_data/photos/coffee.jpg"
    words = ["prelabel", photo, "-o", tmp_path / "out", "--model", "otsu", "--workers", "0"]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code in (0, 1), result.output
    assert [path.name for path in (tmp_path / "out/masks").iterdir()] == ["coffee.png"]
