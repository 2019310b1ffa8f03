"""A package beside datakit adds parts by its entry points alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ENTRY_POINTS = """
[datakit.layouts]
tiny = tiny_plugin.parts:TinyReader
[datakit.segmenters]
tiny-threshold = tiny_plugin.parts:TinySegmenter
[datakit.face_detectors]
tiny-faces = tiny_plugin.parts:TinyDetector
[datakit.checks]
tiny = tiny_plugin.parts:CHECKS
[datakit.verbs]
tiny-count = tiny_plugin.count:VERB
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(HERE / "tiny_plugin", folder / "tiny_plugin")
    info = folder / "tiny_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    photos = folder / "photos"
    shutil.copytree(ROOT / "sample_data/photos", photos)
    (photos / "tiny.txt").write_text("")
    return folder


def python(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=site,
        env={"PYTHONPATH": f"{ROOT}:{site}", "PATH": "/usr/bin:/bin", "HOME": str(site)},
        capture_output=True,
        text=True,
        timeout=200,
    )


def test_a_verb_and_a_layout_are_used_by_the_command_line(site: Path) -> None:
    done = python(site, "-m", "datakit", "tiny-count", "photos", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["counts"] == {"samples": 2}
    assert summary["notes"][0].startswith("read as tiny: 2 images")
    assert "Count the images" in python(site, "-m", "datakit", "tiny-count", "--help").stdout


def test_a_segmenter_drafts(site: Path) -> None:
    words = ("photos", "-o", "drafts", "--model", "Tiny_Threshold", "--workers", "1")
    done = python(site, "-m", "datakit", "prelabel", *words)
    assert done.returncode in (0, 1), done.stderr
    assert len([*(site / "drafts/masks").iterdir()]) == 2


def test_a_detector_and_a_check_are_listed_and_have_their_limits(site: Path) -> None:
    script = (
        "from datakit.checks.thresholds import default_limits\n"
        "from datakit.models.faces.base import FACE_DETECTORS\n"
        "print(default_limits()['tiny_seven'].error, FACE_DETECTORS.load('tiny-faces').__name__)\n"
    )
    done = python(site, "-c", script)
    assert done.stdout.split() == ["1.0", "TinyDetector"], done.stderr


def test_doctor_lists_what_other_packages_add(site: Path) -> None:
    said = python(site, "-m", "datakit", "doctor").stdout
    assert "verb tiny-count (tiny_plugin.count)" in said
    assert "segmenter tiny-threshold (tiny_plugin.parts:TinySegmenter)" in said


def test_a_name_that_is_taken_is_refused_with_the_packages_name(site: Path) -> None:
    points = site / "tiny_plugin-1.0.dist-info/entry_points.txt"
    points.write_text(ENTRY_POINTS.replace("tiny = tiny_plugin.parts:TinyReader", "coco = x:y"))
    try:
        done = python(site, "-m", "datakit", "stats", "photos")
    finally:
        points.write_text(ENTRY_POINTS)
    assert done.returncode == 2
    assert "format 'coco' of the package tiny-plugin: this name is taken" in done.stderr
