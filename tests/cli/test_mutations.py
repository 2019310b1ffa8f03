"""Mutated exports: never a traceback, never a write outside DST, always a known exit code."""

from __future__ import annotations

import json
import random
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datakit.cli.main import app
from tests.fuzz.mutators import json_bytes, mutated_document

_UNFORESEEN = re.compile(r"[A-Z]\w+(?:Error|Exception|Warning)\b")
NAME = "_annotations.coco.json"
DONE, UNUSABLE, FAILED = 0, 2, 3


def _check(export: Path, document: Any, seed: int, folder: Path) -> None:
    rng = random.Random(seed)
    sandbox = folder / "sandbox"
    shutil.rmtree(sandbox, ignore_errors=True)
    shutil.copytree(export, sandbox / "source")
    (sandbox / "source" / NAME).write_bytes(json_bytes(mutated_document(document, rng), rng))
    before = {path.relative_to(folder): path.stat().st_mtime_ns for path in folder.rglob("*")}
    kind = rng.choice(["binary", "semantic", "instance", "coverage"])
    arguments = ["coco2mask", str(sandbox / "source"), "-o", str(sandbox / "target")]
    result = CliRunner().invoke(app, [*arguments, "--kind", kind, "--workers", "0", "-q"])
    trace = result.exception
    assert trace is None or isinstance(trace, SystemExit), f"seed {seed}: {trace!r}"
    assert result.exit_code in (DONE, UNUSABLE, FAILED)
    assert "Traceback" not in result.output
    failures = sandbox / "target" / "failures.jsonl"
    if failures.exists():
        for line in failures.read_text().splitlines():
            # A Python error that nobody foresaw is no sentence for a person.
            assert not _UNFORESEEN.match(json.loads(line)["error"]), f"seed {seed}: {line}"
    outside = {
        path.relative_to(folder): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if not path.is_relative_to(sandbox / "target")
    }
    outside.pop(Path("sandbox"), None)
    before.pop(Path("sandbox"), None)
    assert outside == before, f"seed {seed}"


@pytest.fixture(scope="module")
def export(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one folder of the broken export: tiny images, and every kind of annotation."""
    folder = tmp_path_factory.mktemp("mutations") / "export"
    shutil.copytree(sample_data / "broken_export" / "train", folder)
    return folder


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_a_mutated_sample_export(
    export: Path, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    document = json.loads((export / NAME).read_bytes())
    _check(export, document, seed, export.parent)


def _real(shared_data: Path) -> list[Path]:
    return sorted((shared_data / "roboflow").glob("**/" + NAME))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_a_mutated_real_export(export: Path, shared_data: Path, seed: int) -> None:
    _check_real(export, shared_data, seed)


@pytest.mark.slow
@settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_a_long_campaign_of_mutations(export: Path, shared_data: Path, seed: int) -> None:
    _check_real(export, shared_data, seed)


def _check_real(export: Path, shared_data: Path, seed: int) -> None:
    """Mutate a few entries of a real file, made to speak of the tiny images."""
    rng = random.Random(seed)
    document = json.loads(rng.choice(_real(shared_data)).read_bytes())
    images = sorted(path.name for path in export.glob("*.jpg"))
    kept = rng.sample(document["images"], min(len(images), len(document["images"])))
    for image, name in zip(kept, images, strict=False):
        image["file_name"] = name
    ids = {image["id"] for image in kept}
    document["images"] = kept
    document["annotations"] = [a for a in document["annotations"] if a["image_id"] in ids][:60]
    _check(export, document, seed, export.parent)
