"""What other verbs recorded about a dataset's samples: findings, faces, drafts, failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.store.files import Root, open_root
from datakit.records.anonymization import AUDIT, Anonymization
from datakit.records.draft import QUEUE, Queued
from datakit.records.failure import Failure
from datakit.records.finding import SEVERITIES, Finding
from datakit.records.statistics import Statistics

FINDINGS = "qc.jsonl"
FAILURES = "failures.jsonl"
STATISTICS = "stats.json"
TABLES = (FINDINGS, AUDIT, QUEUE, FAILURES, STATISTICS)

Row = TypeVar("Row")


@dataclass
class FolderRecords:
    """What one folder has on record, whether or not the dataset still has the samples.

    Attributes
    ----------
    folder : str
        The folder, as it was named.
    checked : bool
        Whether it has ``qc``'s table of findings.
    findings : Counter
        (family, check, severity) -> findings.
    failures : list of Failure
        What could not be processed.
    """

    folder: str
    checked: bool = False
    findings: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)


@dataclass
class Evidence:
    """Rows about samples, by the ids that the dataset itself uses.

    Attributes
    ----------
    findings : dict
        Id -> what ``qc`` found, the worst first.
    faces : dict
        Id -> what ``anonymize`` did.
    waiting : list of Anonymization
        Photos that ``anonymize`` kept out of the dataset until a person has seen them.
    drafts : dict
        Id -> the row of ``prelabel``'s review queue.
    folders : list of FolderRecords
        The findings and failures of each folder, the dataset's own first.
    statistics : Statistics or None
        What ``stats`` measured.
    strangers : int
        Rows about samples that this dataset does not have.
    notes : list of str
        What could not be read.
    """

    findings: dict[str, list[Finding]] = field(default_factory=dict)
    faces: dict[str, Anonymization] = field(default_factory=dict)
    waiting: list[Anonymization] = field(default_factory=list)
    drafts: dict[str, Queued] = field(default_factory=dict)
    folders: list[FolderRecords] = field(default_factory=list)
    statistics: Statistics | None = None
    strangers: int = 0
    notes: list[str] = field(default_factory=list)


def gather(folders: Sequence[str], items: Sequence[Item]) -> Evidence:
    """Read the tables of a dataset and of further folders.

    Parameters
    ----------
    folders : sequence of str
        The dataset first; then reports of ``qc`` or ``stats``, datasets that ``anonymize`` or
        ``prelabel`` wrote. A later verb may have renamed a sample: rows find theirs by id, by id
        without the split's folder, or by the sha256 of the source photo.
    items : sequence of Item
        The dataset's samples.

    Raises
    ------
    InputError
        If a further folder is not there, or holds no table that is known.
    """
    found, names = Evidence(), _Names(items)
    for number, folder in enumerate(folders):
        root, records = open_root(folder), FolderRecords(folder)

        def add_finding(row: Finding, records: FolderRecords = records) -> None:
            records.findings[row.family, row.check, row.severity] += 1
            _add_finding(found, names, row)

        tables = [
            _each(root, FINDINGS, Finding, found, add_finding),
            _each(root, AUDIT, Anonymization, found, lambda row: _add_faces(found, names, row)),
            _each(root, QUEUE, Queued, found, lambda row: _add_draft(found, names, row)),
            _each(root, FAILURES, Failure, found, records.failures.append),
            _read_statistics(root, found),
        ]
        records.checked = tables[0]
        found.folders.append(records)
        if number and not any(tables):
            raise InputError(
                f"{folder}: expected a folder with {FINDINGS}, {AUDIT}, {QUEUE} or {STATISTICS}, "
                "found none of them; name the folder that qc, anonymize, prelabel or stats wrote"
            )
    for rows in found.findings.values():
        rows.sort(key=lambda row: (-SEVERITIES.index(row.severity), -row.score, row.check))
    if found.strangers:
        found.notes.append(f"{found.strangers:,} rows are about samples that are not in this set")
    return found


def worst(findings: Iterable[Finding]) -> str | None:
    """Return the highest severity; None without findings."""
    ranks = [SEVERITIES.index(finding.severity) for finding in findings]
    return SEVERITIES[max(ranks)] if ranks else None


class _Names:
    """Finds the sample that a row of another folder speaks of."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._ids = {item.key for item in items}
        self._short: dict[str, str | None] = {}
        self._digests: dict[str, str | None] = {}
        for item in items:
            self._note(self._short, item.rel, item.key)
            source = item.sample.source.sha256 if item.sample else None
            if source and not (item.sample and item.sample.parent):
                self._note(self._digests, source, item.key)

    @staticmethod
    def _note(table: dict[str, str | None], name: str, key: str) -> None:
        # Two samples of one name: neither is meant for sure.
        table[name] = None if name in table else key

    def find(self, name: str, digest: str | None = None) -> str | None:
        """Return the dataset's own id, or None for a stranger."""
        if name in self._ids:
            return name
        rest = name.partition("/")[2]
        found = self._short.get(name) or self._short.get(rest)
        return found or (self._digests.get(digest) if digest else None)


def _each(
    root: Root, name: str, kind: type[Row], found: Evidence, take: Callable[[Row], object]
) -> bool:
    """Hand each row of a table on; tell whether the table is there."""
    try:
        handle = root.open(name)
    except InputError:
        return False
    decoder, bad = msgspec.json.Decoder(kind), 0
    with handle:
        for line in handle:
            if line.isspace():
                continue
            try:
                row = decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                bad += 1
            else:
                take(row)
    if bad:
        found.notes.append(f"{name}: {bad:,} lines are not what they should be and were left out")
    return True


def _read_statistics(root: Root, found: Evidence) -> bool:
    """Read what ``stats`` measured; tell whether its file is there."""
    try:
        handle = root.open(STATISTICS)
    except InputError:
        return False
    with handle:
        try:
            found.statistics = msgspec.json.decode(handle.read(), type=Statistics)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            found.notes.append(f"{STATISTICS}: cannot be read ({error}); run datakit stats again")
    return True


def _add_finding(found: Evidence, names: _Names, row: Finding) -> None:
    if key := names.find(row.sample):
        rows = found.findings.setdefault(key, [])
        # Two steps may find the same.
        rows += [row] if row not in rows else []
    else:
        found.strangers += 1


def _add_faces(found: Evidence, names: _Names, row: Anonymization) -> None:
    if row.file_name is None:
        found.waiting.append(row)
    elif key := names.find(row.id, row.sha256_in):
        found.faces[key] = row
    else:
        found.strangers += 1


def _add_draft(found: Evidence, names: _Names, row: Queued) -> None:
    if key := names.find(row.id):
        found.drafts[key] = row
    else:
        found.strangers += 1
