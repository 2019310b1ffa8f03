"""``anonymize --report-fairness``: whether faces that appear otherwise are hidden as well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from datakit.core.faces.traits import both_recall
from datakit.io.tables import csv_rows
from datakit.records.anonymization import HiddenFace
from datakit.records.base import Record

TRAITS = ".traits.jsonl"
"""One line per face while the run goes on; it does not stay in DST."""

TABLE = "fairness.csv"
ROW = ("trait", "group", "faces", "estimated_recall", "hidden_per_box", "seen_after", "by_mesh")


class Trait(Record, frozen=True, kw_only=True):
    """What counts of one face: its groups, and how it was found and hidden."""

    groups: dict[str, str]
    detectors: tuple[str, ...]
    hidden_per_box: float
    """Hidden area in areas of the face's box; an ellipse reaches beyond it."""
    seen_after: bool
    by_mesh: bool


def trait_lines(faces: Sequence[HiddenFace], traits: Sequence[dict[str, str]]) -> str:
    """Return the lines of `TRAITS` of one photo's hidden faces."""
    lines = []
    for face, groups in zip(faces, traits, strict=True):
        if face.mask == "none":
            continue
        x0, y0, x1, y1 = face.box_xyxy
        row = Trait(
            groups=groups,
            detectors=face.detectors,
            hidden_per_box=face.mask_px / max((x1 - x0) * (y1 - y0), 1),
            seen_after=face.residual is not None,
            by_mesh=face.mask == "mesh",
        )
        lines.append(msgspec.json.encode(row).decode() + "\n")
    return "".join(lines)


def aggregated(lines: Iterable[bytes], detectors: Sequence[str]) -> bytes:
    """Return `TABLE`: one row per group of each trait, no row of a single face or photo.

    The recall is estimated from what each of two detectors sees of the other's faces; without
    exactly two detectors it stays empty.
    """
    groups: dict[tuple[str, str], list[Trait]] = defaultdict(list)
    for line in lines:
        row = msgspec.json.decode(line, type=Trait)
        for trait, group in row.groups.items():
            groups[trait, group].append(row)
    return csv_rows.table(ROW, (_row(*key, groups[key], detectors) for key in sorted(groups)))


def _row(trait: str, group: str, faces: list[Trait], detectors: Sequence[str]) -> tuple[Any, ...]:
    recall = None
    if len(detectors) == 2:
        recall = both_recall([frozenset(face.detectors) for face in faces], detectors)
    count = len(faces)
    return (
        trait,
        group,
        count,
        "" if recall is None else f"{recall:.4f}",
        f"{sum(face.hidden_per_box for face in faces) / count:.3f}",
        f"{sum(face.seen_after for face in faces) / count:.3f}",
        f"{sum(face.by_mesh for face in faces) / count:.3f}",
    )
