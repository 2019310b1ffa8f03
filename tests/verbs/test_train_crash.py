"""Trainings and exports killed at any moment end, resumed, with the tree of an undisturbed run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("points", [0, pytest.param(40, marks=pytest.mark.slow)])
def test_killed_anywhere_and_resumed(tmp_path: Path, points: int) -> None:
    command = [sys.executable, "-m", "tests.verbs.train_killer", str(tmp_path), str(points)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"faults": {}}
