"""The sections of what models did: faces hidden, labels drafted."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable

from datakit.pages.charts import bar_chart, binned, histogram, number
from datakit.pages.report import Group, Section, Table
from datakit.records.anonymization import HiddenFace
from datakit.verbs.shared.evidence import Evidence
from datakit.verbs.shared.page_parts import MOST_ROWS, bars

_TENTHS = tuple(step / 10 for step in range(11))


def faces_section(evidence: Evidence) -> Section | None:
    """Return how faces were hidden, and what a detector still saw; None without a record."""
    records = [*evidence.faces.values(), *evidence.waiting]
    if not records:
        return None
    faces = [face for record in records for face in hidden(record.faces)]
    residuals = [
        (record.id, face.residual)
        for record in evidence.faces.values()
        for face in record.faces
        if face.residual
    ]
    charts = [
        bar_chart("photos", "Photos", bars(Counter(r.status for r in records)), "photos"),
        bar_chart(
            "methods", "How faces were hidden", bars(Counter(f.method for f in faces)), "faces"
        ),
        bar_chart(
            "masks", "What their masks follow", bars(Counter(f.mask for f in faces)), "faces"
        ),
    ]
    text = [
        f"{len(faces):,} faces were hidden in {len(records):,} photos."
        + (" A photo that waits for a person is not in the dataset." if evidence.waiting else ""),
        f"{len(residuals):,} hidden faces still drew a detector's answer in the result."
        if residuals
        else "No detector answered to a hidden face in the result.",
    ]
    tables = []
    if residuals:
        rows = [[name, number(round(score, 4))] for name, score in residuals[:MOST_ROWS]]
        tables.append(Table("Residuals", ("photo", "score"), rows, frozenset({1})))
    if evidence.waiting:
        waiting = [
            [record.id, record.status, str(len(hidden(record.faces))), "; ".join(record.reasons)]
            for record in evidence.waiting[:MOST_ROWS]
        ]
        headings = ("photo", "status", "faces", "why a person has to look")
        tables.append(Table("Waiting for a person", headings, waiting, frozenset({2})))
    models = {name: digest for record in records for name, digest in record.models.items()}
    tables.append(
        Table("Detectors", ("model", "sha256 of its weights"), [*map(list, models.items())])
    )
    return Section("anonymization", "Anonymization", text, charts, tables)


def hidden(faces: Iterable[HiddenFace]) -> list[HiddenFace]:
    """Return the faces that were hidden."""
    return [face for face in faces if face.mask != "none"]


def drafts_section(evidence: Evidence, uncertain: Group | None, folder: str) -> Section | None:
    """Return how sure a model was of the labels that it drafted; None without drafts."""
    drafts = list(evidence.drafts.values())
    if not drafts:
        return None
    counts = binned([draft.doubt for draft in drafts], _TENTHS)
    reasons = Counter(draft.reason for draft in drafts)
    return Section(
        "drafts",
        "Drafted labels",
        text=[f"{len(drafts):,} labels were drafted by a model. To look at them, and mend them:"],
        charts=[
            histogram(
                "uncertainty",
                "Uncertainty",
                _TENTHS,
                counts,
                axis="uncertainty, 0 sure to 1 unsure",
                unit="drafts",
            ),
            bar_chart("reasons", "What the uncertainty comes from", bars(reasons), "drafts"),
        ],
        groups=[uncertain] if uncertain else [],
        lines=[f"datakit review {shlex.quote(folder)}"],
    )
