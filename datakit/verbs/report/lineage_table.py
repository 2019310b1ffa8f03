"""The table of all samples inside a report, as columns: small enough for tens of thousands."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from datakit.io.layouts.base import Item
from datakit.records.finding import SEVERITIES, Finding
from datakit.records.sample import Sample
from datakit.verbs.report.pictures import Art
from datakit.verbs.shared.command_lines import step_line
from datakit.verbs.shared.evidence import Evidence

MOST_FINDINGS = 40_000
"""Findings in the page; 10,000 samples have at most a few each, a broken set has all of them."""


class _List:
    """A column of few different values: numbers into a list of them."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._places: dict[Any, int] = {}

    def index_of(self, value: Any, shown: Callable[[Any], Any] = lambda value: value) -> int:
        """Return the value's number; what ``shown`` makes of it stands in the list."""
        if value not in self._places:
            self._places[value] = len(self.values)
            self.values.append(shown(value))
        return self._places[value]


def lineage(items: Sequence[Item], evidence: Evidence, art: Art) -> tuple[dict[str, Any], int]:
    """Return the columns of the table, and how many findings were left out.

    Parameters
    ----------
    items : sequence of Item
        Of a datakit dataset.
    evidence : Evidence
        What is known of them.
    art : Art
        Their pictures, and what was measured on them.

    Returns
    -------
    columns : dict
        ``id``, ``width`` … one value each; ``lists`` has what the numbers of ``split``, ``tags``,
        ``labels`` and ``history`` stand for; ``findings`` has (sample, check, severity, score,
        words); ``pictures`` has the JPEGs, in base64, under the numbers of samples.
    left_out : int
    """
    lists = {name: _List() for name in ("split", "tags", "labels", "history", "check")}
    columns: dict[str, Any] = {
        name: []
        for name in (
            *("id", "width", "height", "split", "group", "parent", "tags", "labels"),
            *("fg", "source", "sha256", "history", "doubt"),
        )
    }
    places: dict[str, int] = {}
    for item in items:
        sample = item.sample
        if sample is None:
            continue
        places[item.key] = len(places)
        draft = evidence.drafts.get(item.key)
        row = {
            "id": sample.id,
            "width": sample.width,
            "height": sample.height,
            "split": lists["split"].index_of(sample.split or ""),
            "group": sample.group or "",
            "parent": sample.parent,
            "tags": lists["tags"].index_of(", ".join(sample.tags)),
            "labels": lists["labels"].index_of(", ".join(kinds(sample))),
            "fg": _share(item.key, sample, art),
            "source": sample.source.name,
            "sha256": sample.source.sha256,
            "history": _history(lists["history"], sample),
            "doubt": None if draft is None else round(draft.doubt, 4),
        }
        for name, value in row.items():
            columns[name].append(value)
    found, left_out = _findings(places, evidence, lists["check"])
    pictures = {places[key]: b64encode(jpeg).decode() for key, jpeg in art.of_samples.items()}
    shown = {name: column.values for name, column in lists.items()}
    lists_shown = shown | {"severity": SEVERITIES}
    return {**columns, "lists": lists_shown, "findings": found, "pictures": pictures}, left_out


def _share(key: str, sample: Sample, art: Art) -> float | None:
    share = art.shares.get(key) if sample.fg_ratio is None else sample.fg_ratio
    return None if share is None else round(share, 6)


def kinds(sample: Sample) -> list[str]:
    """Return which files a sample has."""
    return [
        kind
        for kind, name in (
            ("image", sample.file_name),
            ("mask", sample.mask_file_name),
            ("alpha", sample.alpha_file_name),
            ("trimap", sample.trimap_file_name),
        )
        if name is not None
    ]


def _history(steps: _List, sample: Sample) -> int:
    return steps.index_of(sample.history, lambda history: [step_line(step) for step in history])


def _findings(
    places: Mapping[str, int], evidence: Evidence, checks: _List
) -> tuple[list[tuple[int, int, int, float, str]], int]:
    rows: list[tuple[int, Finding]] = [
        (places[key], finding)
        for key, findings in evidence.findings.items()
        if key in places
        for finding in findings
    ]
    rows.sort(key=lambda row: (-SEVERITIES.index(row[1].severity), row[0]))
    shown = [
        (
            at,
            checks.index_of(finding.check),
            SEVERITIES.index(finding.severity),
            finding.score,
            finding.words,
        )
        for at, finding in rows[:MOST_FINDINGS]
    ]
    return shown, len(rows) - len(shown)
