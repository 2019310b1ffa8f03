"""`datakit augment` as a command: exit codes, what it prints, and the pixels it wrote."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from datakit.cli.main import app
from datakit.transforms.document import preset_names


def call(*args: object) -> Result:
    return CliRunner().invoke(app, ["augment", *map(str, args), "--workers", "0"])


@pytest.fixture
def source(tmp_path: Path, sample_data: Path) -> Path:
    for kind, suffix in (("images", "jpg"), ("alphas", "png")):
        (tmp_path / "src" / "train" / kind).mkdir(parents=True)
        file = sample_data / "portraits" / kind / f"bald_beard.{suffix}"
        shutil.copy(file, tmp_path / "src" / "train" / kind)
    return tmp_path / "src"


def test_help_names_the_presets_and_examples() -> None:
    result = CliRunner().invoke(app, ["augment", "--help"])
    assert result.exit_code == 0
    assert f"[{'|'.join(preset_names())}]" in result.output
    assert "--include-originals" in result.output


def test_a_flip_flips_image_and_alpha(source: Path, tmp_path: Path) -> None:
    flip = tmp_path / "flip.yaml"
    flip.write_text("name: flip\ntransforms:\n- HorizontalFlip: {p: 1}\n")
    result = call(source, "-o", tmp_path / "out", "--pipeline", flip, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["counts"]["copies"] == 1
    before = [cv2.imread(str(source / "train" / name)) for name in files("bald_beard")]
    after = [cv2.imread(str(tmp_path / "out/train" / name)) for name in files("bald_beard__aug0")]
    # The alpha is lossless, the photo is a JPEG again.
    assert np.array_equal(after[1], before[1][:, ::-1])
    assert np.abs(after[0].astype(int) - before[0][:, ::-1]).mean() < 3


def files(stem: str) -> tuple[str, str]:
    return f"images/{stem}.jpg", f"alphas/{stem}.png"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--copies", "0"], "copies"),
        (["--preset", "p4m"], "found 'p4m'"),
        (["--pipeline", "none.yaml"], "expected a YAML file"),
        (["--backgrounds", "."], "expected pictures, found none"),
        (["--only", "test"], "found train"),
        (["--only", "training"], "found 'training'"),
    ],
)
def test_wrong_usage_is_exit_code_2_and_writes_nothing(
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    flags: list[str],
    words: str,
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    result = call(source, "-o", tmp_path / "out", *flags)
    assert result.exit_code == 2
    assert words in result.output
    assert not (tmp_path / "out").exists()


def test_copies_that_cannot_be_made_are_exit_code_3(source: Path, tmp_path: Path) -> None:
    crop = tmp_path / "crop.yaml"
    crop.write_text("transforms:\n- RandomCrop: {height: 5000, width: 5000, p: 1}\n")
    result = call(source, "-o", tmp_path / "out", "--pipeline", crop, "--copies", 2)
    assert result.exit_code == 3
    rows = (tmp_path / "out" / "failures.jsonl").read_text().splitlines()
    assert [json.loads(row)["id"] for row in rows] == [
        "train/bald_beard__aug0.jpg",
        "train/bald_beard__aug1.jpg",
    ]


def test_options_may_come_from_a_file(source: Path, tmp_path: Path) -> None:
    config = tmp_path / "augment.yaml"
    config.write_text("preset: light\ncopies: 3\nonly: [train]\nmin-visible: 0.2\n")
    assert call(source, "-o", tmp_path / "out", "--config", config).exit_code == 0
    options = json.loads((tmp_path / "out" / "dataset.json").read_text())["commands"][-1]["options"]
    assert (options["preset"], options["copies"], options["min_visible"]) == ("light", 3, 0.2)
