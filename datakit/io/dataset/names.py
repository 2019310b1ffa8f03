"""The names of a dataset's own files."""

from __future__ import annotations

CARD = "dataset.json"
MANIFEST = "metadata.jsonl"
FAILURES = "failures.jsonl"
