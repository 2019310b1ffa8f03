"""A row of ``failures.jsonl``: what could not be processed, and why."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from datakit.records.base import Record


class Failure(Record, frozen=True, kw_only=True):
    """One thing that went wrong; the run went on without it."""

    id: Annotated[str, Meta(description="the sample, or the file when there is no sample")]
    file: Annotated[str, Meta(description="the file that is at fault, as the source names it")]
    step: Annotated[str, Meta(description="read, annotation, image, write, worker …")]
    error: Annotated[str, Meta(description="one sentence: subject, expected, found, way out")]
    annotation: Annotated[str | None, Meta(description="the annotation's id, if it is one")] = None
    path: Annotated[str | None, Meta(description="JSON path inside the file")] = None
