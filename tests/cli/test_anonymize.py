"""`datakit anonymize` on the command line: exit codes, summary, help."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from datakit.cli.main import app

pytest.importorskip("ai_edge_litert", reason="the extra 'faces' is not installed")


def run(*arguments):
    return CliRunner().invoke(app, ["anonymize", *map(str, arguments)])


def test_photos_that_wait_for_a_person_are_findings(sample_data, tmp_path):
    done = run(sample_data / "photos", "-o", tmp_path / "out", "--workers", "0", "--json", "-q")
    summary = json.loads(done.stdout)
    assert done.exit_code == 1
    assert summary["findings"] == summary["counts"]["no-face"] == 2
    assert any("--release IDS --resume" in note for note in summary["notes"])


def test_a_dry_run_writes_nothing(sample_data, tmp_path):
    done = run(sample_data / "photos", "-o", tmp_path / "out", "--dry-run", "--preview", "3")
    assert done.exit_code == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--sigma", "0.2"], "add --weak"),
        (["--sigma", "-1"], "sigma"),
        (["--detectors", "yunet", "--weights", "/no/such/file"], "found nothing there"),
        (["--skip-where", "import os"], "expression"),
        (["--alpha-dir", "/no/such/folder"], "no such file or folder"),
        (["--release", "nobody.jpg"], "expected an id of the source"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_written(sample_data, tmp_path, flags, words):
    done = run(sample_data / "photos", "-o", tmp_path / "out", "--workers", "0", *flags)
    assert done.exit_code == 2
    assert words in done.output
    assert "Traceback" not in done.output
    assert not (tmp_path / "out").exists()
