"""The JSON Schemas are what the records say, are valid, and hold what is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import datakit
from datakit.io.tables import schemas as stored
from datakit.verbs import schemas
from datakit.verbs.stub import stub_text

FOLDER = Path(__file__).resolve().parents[1] / "schemas"
DOCUMENTS = schemas.documents()


def test_no_schema_is_missing_and_none_is_left_over() -> None:
    files = {path.name for path in FOLDER.iterdir()}
    assert files == {f"{name}.schema.json" for name in DOCUMENTS}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_committed_schema_is_what_the_records_say(name: str) -> None:
    committed = (FOLDER / f"{name}.schema.json").read_bytes()
    assert committed == schemas.text(DOCUMENTS[name]), "run `make schemas` and commit the result"


def test_the_committed_stub_is_what_the_options_say() -> None:
    committed = Path(datakit.__file__).with_name("__init__.pyi").read_text()
    assert committed == stub_text(), "run `make schemas` and commit the result"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_schema_is_valid(name: str) -> None:
    schema = stored.load(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def breaches(name: str, row: Any) -> list[tuple[str, str]]:
    return list(stored.breaches(name, json.dumps(row).encode()))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("kind", ["binary", "semantic", "instance", "coverage"])
def test_every_row_that_coco2mask_writes_is_valid(
    sample_data: Path, tmp_path: Path, kind: str
) -> None:
    out = tmp_path / "out"
    sources = [sample_data / "roboflow_export", sample_data / "broken_export"]
    datakit.coco2mask(sources, out, kind=kind, workers=0)
    rows, failures = lines(out / "metadata.jsonl"), lines(out / "failures.jsonl")
    assert len(rows) == 26
    assert failures
    for row in rows:
        assert breaches("sample", row) == []
    for row in failures:
        assert breaches("failure", row) == []
    card = json.loads((out / "dataset.json").read_text())
    assert breaches("dataset", card) == []
    options = card["commands"][-1]["options"]
    assert breaches("config", {"coco2mask": options | {"src": ["x"], "out": "y"}}) == []


def test_the_coco_schema_takes_the_sample_export(sample_data: Path) -> None:
    for path in (sample_data / "roboflow_export").rglob("_annotations.coco.json"):
        assert list(stored.breaches("coco", path.read_bytes())) == []


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"width": 0}, "$.width"),
        ({"width": "640"}, "$.width"),
        ({"fg_ratio": 1.5}, "$.fg_ratio"),
        ({"id": ""}, "$.id"),
        ({"source": {"name": "a.jpg", "sha256": "xyz"}}, "$.source"),
    ],
)
def test_a_wrong_row_is_a_breach_with_its_place(change: dict[str, Any], path: str) -> None:
    row = {"id": "a", "width": 4, "height": 3, "source": {"name": "a.jpg"}}
    assert breaches("sample", row) == []
    [(place, _)] = breaches("sample", row | change)
    assert place.startswith(path)


def test_what_is_no_json_is_a_breach() -> None:
    for document in (b"{", b"\xff", b""):
        [(place, reason)] = stored.breaches("sample", document)
        assert place == "$"
        assert reason.startswith("expected JSON")
