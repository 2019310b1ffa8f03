"""What a person decided about a sample: one line of ``review.jsonl``, the last one counts."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from datakit.records.base import Record
from datakit.records.sample import Sha256

DECISIONS = "review.jsonl"
EDITS = "edits"
"""Folder of the brush's PNGs beside the decisions, each named by its sha256."""
REVIEWED = "reviewed"
"""Tag of a sample that a person accepted."""
FLAGGED = "flagged"
"""Tag of a sample that a person set aside."""

Seconds = Annotated[float, Meta(ge=0)]
Verdict = Literal["accept", "reject", "flag"]


class ToolModel(Record, frozen=True, kw_only=True):
    """A model that answered clicks or boxes of an edit."""

    name: str
    sha256: Sha256 | None = None
    licence: str
    noncommercial: Annotated[bool, Meta(description="labels it makes inherit this")] = False


class Decision(Record, frozen=True, kw_only=True):
    """Where one sample stands after one action of a person: its whole state, so that undo is a row.

    Examples
    --------
    >>> Decision(id="a.jpg", verdict="accept", at="2026-11-21T08:00:00Z").edit is None
    True
    """

    id: Annotated[str, Meta(min_length=1, description="the sample's id")]
    verdict: Annotated[Verdict | None, Meta(description="null: open (again)")] = None
    note: Annotated[str, Meta(max_length=2000, description="the person's words")] = ""
    edit: Annotated[
        Sha256 | None,
        Meta(description="edits/SHA256.png: what was painted over the labels, null: nothing"),
    ] = None
    objects: Annotated[
        dict[str, str],
        Meta(description="objects that the person added: value in the mask -> class"),
    ] = msgspec.field(default_factory=dict)
    models: Annotated[
        tuple[ToolModel, ...], Meta(description="models that found parts of the edit")
    ] = ()
    image: Annotated[
        Sha256 | None, Meta(description="of the image's bytes that the person looked at")
    ] = None
    reviewer: Annotated[str, Meta(description="--reviewer; empty: not named")] = ""
    seconds: Annotated[
        Seconds | None, Meta(description="how long the sample was in sight until its verdict")
    ] = None
    at: Annotated[str, Meta(description="when, UTC, ISO 8601")]

    @property
    def is_open(self) -> bool:
        """Tell whether nothing was decided, painted or noted."""
        return self.verdict is None and self.edit is None and not self.note
