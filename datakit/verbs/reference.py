"""Pages made from the code: docs/dataset.md from the records, docs/README.md from the table.

``python -m datakit.verbs.schemas schemas`` writes them; a test fails when one is not fresh.
"""

from __future__ import annotations

from typing import Any

import msgspec

from datakit.records.anonymization import AUDIT, Anonymization
from datakit.records.card import SCHEMA_VERSION, Card
from datakit.records.draft import CHANGES, DRAFTS, QUEUE, Change, Draft, Queued
from datakit.records.failure import Failure
from datakit.records.finding import Finding
from datakit.records.lineage import Link
from datakit.records.outline import OUTLINES, Outlining
from datakit.records.review import DECISIONS, Decision
from datakit.records.sample import Sample
from datakit.verbs.shared.evidence import FAILURES, FINDINGS
from datakit.verbs.table import by_group

FILES: tuple[tuple[str, str, type[msgspec.Struct]], ...] = (
    ("metadata.jsonl", "One sample per line.", Sample),
    ("dataset.json", "What the dataset is. The folder of a finished dataset has it.", Card),
    (FAILURES, "What could not be processed, one thing per line; absent when all was.", Failure),
)

TABLES: tuple[tuple[str, str, type[msgspec.Struct]], ...] = (
    (AUDIT, "`anonymize`: one photo per line, each with its faces.", Anonymization),
    (DRAFTS, "`prelabel`: one drafted label per line.", Draft),
    (QUEUE, "`prelabel`: the drafts, the most uncertain first.", Queued),
    (CHANGES, "`prelabel --merge`: what a review changed, one sample per line.", Change),
    (DECISIONS, "`review`, in the folder beside the dataset: one decision per line.", Decision),
    (FINDINGS, "`qc`: one finding per line.", Finding),
    (OUTLINES, "`mask2coco`: what each outline lost.", Outlining),
    ("lineage.jsonl", "`dedup` and `split`: why two samples are related.", Link),
)

TREE = """\
```
DST/
  metadata.jsonl          one sample per line; every split
  dataset.json            what the dataset is, and the commands that made it
  failures.jsonl          what could not be processed (absent when there is nothing)
  .datakit/record.jsonl   what each sample was made of: for --resume and --overwrite
  images/…  masks/…  alphas/…  trimaps/…  ignores/…          samples without a split
  SPLIT/metadata.jsonl    the samples of one split, file names relative to its folder
  SPLIT/images/…  masks/…  alphas/…  trimaps/…  ignores/…    SPLIT is train, val or test
```
"""

PIXELS = """\
| file | pixels |
|---|---|
| image | as the source has it, byte for byte, unless a verb changes pixels |
| mask | PNG, 8 bits: 0 background, else the value of a class in `label_map` |
| mask of objects | PNG, 16 bits: one value per object, named in `instances` |
| alpha | PNG, 8 or 16 bits: opacity, full scale is opaque |
| trimap | PNG, 8 bits: 0 background, 128 unknown, 255 foreground |
| ignore mask | PNG, 8 bits: 255 where the label is unknown; absent when empty |
"""


def dataset_page() -> str:
    """Return the reference of the format on disk."""
    parts = [
        "<!-- Made by `make schemas` from the records; edit those. -->",
        "# The dataset on disk",
        f"Schema version {SCHEMA_VERSION}. A dataset is one folder, readable without datakit: "
        'JSON lines, PNG and the photos themselves. `datasets.load_dataset("imagefolder", '
        "data_dir=DST)` reads it as it is. The JSON Schemas of all records are in `schemas/`.",
        "```console\n$ datakit coco2mask sample_data/roboflow_export -o dataset\n"
        "$ datakit validate dataset\n```",
        TREE.rstrip(),
        PIXELS.rstrip(),
        "`label_state` says what is known of an image: `complete` (all that is on it is labelled), "
        "`partial` (something on it could not be drawn; where, if known, is the ignore "
        "mask) or `none` (not labelled). A pixel is background only where it is labelled so.",
    ]
    for name, text, record in FILES:
        parts += [f"## {name}", text, *_tables(record)]
    parts += ["# Tables that a verb adds", "They lie in DST beside `dataset.json`."]
    for name, text, record in TABLES:
        parts += [f"## {name}", text, *_tables(record)]
    return "\n\n".join(parts) + "\n"


def index_page() -> str:
    """Return the index of the documentation."""
    lines = [
        "<!-- Made by `make schemas` from the table of verbs; edit that. -->",
        "# Documentation",
        "",
        "One page for each verb; `datakit VERB --help` lists every option.",
    ]
    for group, rows in by_group().items():
        lines += ["", f"## {group}", ""]
        lines += [f"- [{row.name}]({row.name}.md): {row.summary}" for row in rows]
    lines += [
        "",
        "## Tutorials",
        "",
        "- [From a Roboflow export to a U-Net](tutorial-roboflow.md).",
        "- [A matting set like P3M](tutorial-p3m.md).",
        "- [From photos to a first model](tutorial-first-model.md).",
        "- [Questions from real errors](faq.md).",
        "- [Beside other tools](comparison.md).",
        "",
        "## Reference",
        "",
        "- [The dataset on disk](dataset.md): every file and every field.",
        "- [Architecture](architecture.md): the floors, and the way of one sample.",
        "- [Layouts](layouts.md): what datakit reads, how it tells, and when it refuses.",
        "- [Pictures](decoding.md): formats, damage, what a label may be stored as, resizing.",
        "- [Annotation tools](annotation-tools.md): to CVAT, Label Studio, labelme and back.",
        "- [Object stores](storage.md): datasets in S3 and Google Cloud Storage.",
        "- [Scale](scale.md): large datasets, many workers, Ray.",
        "- [How to add a part](../CONTRIBUTING.md).",
    ]
    return "\n".join(lines) + "\n"


def _tables(record: type[msgspec.Struct]) -> list[str]:
    """Return a table of fields for a record, and one for each record inside it."""
    _, parts = msgspec.json.schema_components([record], ref_template="{name}")
    inner = [name for name in parts if name != record.__name__]
    found = [_table(parts[record.__name__])]
    for name in inner:
        found += [f"`{name}`: {_first(parts[name].get('description', ''))}", _table(parts[name])]
    return found


def _table(schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = ["| field | type | meaning |", "|---|---|---|"]
    for name, one in schema.get("properties", {}).items():
        text = one.get("description", "")
        if name not in required and one.get("default") not in (None, (), [], {}, ""):
            text += f" (default: `{one['default']}`)"
        kind = _type(one).replace("|", "\\|")
        rows.append(f"| `{name}` | {kind} | {text.strip().replace('|', chr(92) + '|')} |")
    return "\n".join(rows)


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return f"`{schema['$ref']}`"
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    kind = schema.get("type", "any value")
    if kind == "array":
        items = schema.get("prefixItems")
        inner = ", ".join(map(_type, items)) if items else _type(schema.get("items") or {})
        return f"list of {inner}"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"object of {_type(values)}" if isinstance(values, dict) and values else "object"
    return str(kind)


def _first(text: str) -> str:
    return text.split("\n\n")[0].replace("\n", " ")


PAGES = {"dataset.md": dataset_page, "README.md": index_page}
"""File in docs/ -> what makes its text."""
