"""The JSON Schemas of what datakit reads and writes, made from the records and the options.

``python -m datakit.verbs.schemas FOLDER`` writes them, the stub of the verbs as functions and the
pages that are made from the code; tests fail when they differ.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

import datakit
from datakit.io.store import atomic
from datakit.models.runtimes.contract import Contract
from datakit.records.anonymization import Anonymization
from datakit.records.card import Card
from datakit.records.coco import Document
from datakit.records.difference import Difference
from datakit.records.draft import Calibration, Change, Draft, Queued
from datakit.records.drafting import Drafting
from datakit.records.evaluation import Agreement, Evaluation, InstanceEvaluation
from datakit.records.failure import Failure
from datakit.records.finding import Finding
from datakit.records.lineage import Audit, Link
from datakit.records.outline import Outlining
from datakit.records.pipeline import RunIndex
from datakit.records.problems import Problems
from datakit.records.quality import Quality
from datakit.records.removal import Removal, Removed
from datakit.records.review import Decision
from datakit.records.sample import Sample
from datakit.records.statistics import Statistics
from datakit.records.stored_weights import WeightsReport
from datakit.records.summary import Summary
from datakit.records.training import Epoch, Fold, Training
from datakit.verbs.reference import PAGES
from datakit.verbs.run.pipeline_schema import pipeline_schema
from datakit.verbs.stub import stub_text
from datakit.verbs.table import VERBS

RECORDS: dict[str, type[msgspec.Struct]] = {
    "sample": Sample,
    "dataset": Card,
    "failure": Failure,
    "summary": Summary,
    "outline": Outlining,
    "problems": Problems,
    "finding": Finding,
    "quality": Quality,
    "statistics": Statistics,
    "weights": WeightsReport,
    "evaluation": Evaluation,
    "agreement": Agreement,
    "instances": InstanceEvaluation,
    "audit": Audit,
    "difference": Difference,
    "link": Link,
    "removal": Removal,
    "removed": Removed,
    "training": Training,
    "epoch": Epoch,
    "fold": Fold,
    "coco": Document,
    "contract": Contract,
    "run": RunIndex,
    "anonymize": Anonymization,
    "draft": Draft,
    "queued": Queued,
    "change": Change,
    "calibration": Calibration,
    "prelabel": Drafting,
    "decision": Decision,
}


def documents() -> dict[str, dict[str, Any]]:
    """Return name -> JSON Schema (draft 2020-12) of every record and of ``--config`` files."""
    found = {name: _schema(record) for name, record in RECORDS.items()}
    options = {name: row.options() for name, row in VERBS.built_in.items()}
    verbs, shared = msgspec.json.schema_components(options.values(), ref_template="#/$defs/{name}")
    found["config"] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "config",
        "description": "the options of each verb, as --config FILE.yaml takes them",
        "$defs": shared,
        "properties": dict(zip(options, verbs, strict=True)),
    }
    found["pipeline"] = pipeline_schema()
    return found


def text(schema: dict[str, Any]) -> bytes:
    """Return a schema as the bytes of its file."""
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


def _schema(record: type[msgspec.Struct]) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **msgspec.json.schema(record),
    }


def main(folder: str) -> None:
    """Write every schema into ``folder``, the stub of the functions, and the pages in docs/."""
    for name, schema in documents().items():
        atomic.write_bytes(Path(folder, f"{name}.schema.json"), text(schema))
    atomic.write_bytes(Path(datakit.__file__).with_name("__init__.pyi"), stub_text().encode())
    for name, page in PAGES.items():
        atomic.write_bytes(Path(folder).resolve().parent / "docs" / name, page().encode())


if __name__ == "__main__":
    main(sys.argv[1])
