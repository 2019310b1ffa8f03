"""``mask2coco`` and ``prelabel --merge`` on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from click.testing import CliRunner, Result

from datakit.cli.main import app
from tests.verbs.drafts import REVIEWERS, write_drafts


def call(*args: object) -> Result:
    return CliRunner().invoke(app, list(map(str, args)))


def test_masks_to_coco_and_back_on_the_command_line(sample_data: Path, tmp_path: Path) -> None:
    dataset, out = tmp_path / "dataset", tmp_path / "coco"
    export = sample_data / "roboflow_export"
    assert call("coco2mask", export, "-o", dataset, "--workers", 0).exit_code == 0
    result = call("mask2coco", dataset, "-o", out, "--shapes", "rle", "--workers", 2, "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["counts"]["rle"] == summary["counts"]["objects"] == 11
    again = tmp_path / "again"
    assert call("coco2mask", out, "-o", again, "--workers", 0).exit_code == 0
    for path in dataset.rglob("masks/*.png"):
        assert (again / path.relative_to(dataset)).read_bytes() == path.read_bytes()


def test_wrong_usage_is_one_sentence(sample_data: Path, tmp_path: Path) -> None:
    source = sample_data / "portraits"
    for options in (["--iou", "1.5"], ["--holes", "fill"], ["--category", "a", "--category", "a"]):
        result = call("mask2coco", source, "-o", tmp_path / "x", *options)
        assert result.exit_code == 2, options
        assert "Traceback" not in result.output
    assert not (tmp_path / "x").exists()


def test_a_review_comes_back_on_the_command_line(tmp_path: Path) -> None:
    drafts = write_drafts(tmp_path / "drafts")
    reviewed = tmp_path / "for-cvat"
    assert call("export", drafts, "-o", reviewed, "--format", "cvat", "--workers", 0).exit_code == 0
    REVIEWERS["cvat"](reviewed, "anna")
    result = call("prelabel", "--merge", reviewed, "--into", drafts, "--workers", 2)
    assert result.exit_code == 0, result.output
    assert "1 of 3 reviewed masks changed" in " ".join(result.stdout.split())
    shutil.rmtree(reviewed / "images")
    for options in (["--resume"], ["--overwrite"], ["-o", tmp_path / "x"], []):
        into = [] if not options else ["--into", drafts]
        result = call("prelabel", "--merge", reviewed, *into, *options)
        assert result.exit_code == 2, result.output
