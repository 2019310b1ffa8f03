"""A row of ``qc.jsonl``: one thing that a check found in one sample."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from datakit.records.base import Record

Severity = Literal["review", "warning", "error"]
SEVERITIES: tuple[Severity, ...] = ("review", "warning", "error")


class Finding(Record, frozen=True, kw_only=True):
    """What is wrong, where, how much, and from which score on it counts."""

    sample: Annotated[str, Meta(min_length=1, description="the sample's id")]
    check: Annotated[str, Meta(min_length=1, description="the check's name")]
    family: Annotated[str, Meta(description="the check's family")]
    severity: Annotated[Severity, Meta(description="the highest level that the score reaches")]
    score: Annotated[float, Meta(description="in the check's own unit; higher is worse")]
    threshold: Annotated[float, Meta(description="where the severity begins")]
    box: Annotated[
        tuple[int, int, int, int] | None,
        Meta(description="x1, y1, x2, y2 in pixel edges of the alpha; null: the whole picture"),
    ] = None
    words: Annotated[str, Meta(description="one sentence")]
    file: Annotated[str | None, Meta(description="the alpha, as the source names it")] = None
