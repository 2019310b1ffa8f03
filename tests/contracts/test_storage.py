"""Every verb that writes, from and to every kind of storage: the same tree, byte for byte."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import datakit
from datakit.cli.main import app
from datakit.io.store.storage import location
from tests.conftest import Bucket
from tests.storage_cases import CASES, tree, upload

ROOT = Path(__file__).resolve().parents[2]
LIGHT = [name for name, case in CASES.items() if not case.heavy]


@pytest.fixture
def sources(storage_sources: dict[str, str]) -> dict[str, str]:
    return storage_sources


def same(one: dict[str, bytes], other: dict[str, bytes], varies: tuple[str, ...] = ()) -> None:
    assert sorted(one) == sorted(other)
    assert [name for name in one if one[name] != other[name] and name not in varies] == []


@pytest.mark.parametrize(
    "name", [*LIGHT, *(pytest.param(n, marks=pytest.mark.slow) for n in CASES if n not in LIGHT)]
)
def test_a_verb_makes_the_same_tree_in_a_store(
    name: str, sources: dict[str, str], bucket: Bucket, tmp_path: Path
) -> None:
    case = CASES[name]
    case.run(sources, str(tmp_path / "out"))
    expected = tree(str(tmp_path / "out") + case.suffix)
    assert expected
    remote = upload({source: sources[source] for source in case.sources}, bucket.url)
    case.run(remote, f"{bucket.url}/out")
    same(tree(f"{bucket.url}/out{case.suffix}"), expected, case.varies)
    # Nothing is left of the run itself.
    own = [place.name for place in (location(bucket.url) / "out/.datakit").iterdir()]
    assert own in ([], ["record.jsonl"])


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_open_the_storage_themselves(
    workers: int, sources: dict[str, str], bucket: Bucket, tmp_path: Path
) -> None:
    case = CASES["coco2mask-small"]
    case.run(sources, str(tmp_path / "out"))
    remote = upload({"small": sources["small"]}, bucket.url)
    case.run(remote, f"{bucket.url}/out", workers)
    same(tree(f"{bucket.url}/out"), tree(str(tmp_path / "out")))


@pytest.mark.parametrize("name", ["coco2mask-small", "stats"])
@pytest.mark.parametrize("kind", ["file", "memory"])
def test_other_schemes(
    name: str, kind: str, sources: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    pytest.importorskip("fsspec", reason="the extra s3 is not installed")
    case = CASES[name]
    case.run(sources, str(tmp_path / "out"))
    used = {source: sources[source] for source in case.sources}
    if kind == "file":
        there, url = {n: f"file://{path}" for n, path in used.items()}, f"file://{tmp_path}/url"
    else:
        url = f"memory://test-{os.getpid()}-{name}/out"
        there = upload(used, url.removesuffix("/out"))
    case.run(there, url)
    same(tree(url), tree(str(tmp_path / "out")))


def test_no_code_opens_what_the_user_named_past_the_storage() -> None:
    # `run` and `review` keep their own folders on this machine (docs/storage.md says so).
    local = {"run.py", "pipeline_plan.py", "review.py"}
    past = re.compile(r"(?<![\w.])Path\((?:\w+\.)*(?:out|src|source)s?\b")
    strange = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for folder in ("commands", "tasks", "io")
        for path in sorted((ROOT / "datakit" / folder).rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if path.name not in local and past.search(line)
    ]
    assert strange == []


def test_what_only_reads_finds_the_same(sources: dict[str, str], bucket: Bucket) -> None:
    remote = upload({name: sources[name] for name in ("small", "drafts")}, bucket.url)
    for name in remote:
        here, there = datakit.validate(sources[name]), datakit.validate(remote[name])
        assert (here.exit_code, here.problems) == (there.exit_code, there.problems)


@pytest.mark.parametrize("place", ["s3://me:secret@bucket/a", "s3://bucket/a?token=secret"])
def test_the_command_line_repeats_no_credentials(place: str, tmp_path: Path) -> None:
    for arguments in (["stats", place], ["coco2mask", str(ROOT / "sample_data"), "-o", place]):
        result = CliRunner().invoke(app, [*arguments, "--workers", "0", "-v"])
        assert result.exit_code == 2
        assert "credentials" in result.output
        assert "secret" not in result.output.replace("secrets", "")
