"""What ``forget`` found and removed."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from datakit.records.base import Record
from datakit.records.failure import Failure
from datakit.records.sample import Sha256

RemovalReason = Literal["file", "pixels", "near", "window", "person", "source", "lineage"]


class Found(Record, frozen=True, kw_only=True):
    """One sample that must go. It names the sample: for the person who decides, not to be kept."""

    dataset: str
    id: str
    file: str
    reason: Annotated[
        RemovalReason,
        Meta(
            description="file: equal bytes; pixels: equal pixels; near: a near-duplicate; window: "
            "cut out of the photo, or the photo out of it; person: a face like the given one; "
            "source: made from that file, by its record; lineage: a copy of another one that was "
            "found, or its original"
        ),
    ]
    likeness: Annotated[
        float | None,
        Meta(
            description="near: what differs, from 0; window: correlation, to 1; "
            "person: similarity of the faces"
        ),
    ] = None


class Removed(Record, frozen=True, kw_only=True):
    """One line of ``removed.jsonl``: a digest, no picture and no name."""

    sha256: Annotated[Sha256, Meta(description="of the removed image's bytes")]
    reason: RemovalReason


class Removal(Record, frozen=True, kw_only=True):
    """The result of ``forget``."""

    verb: str = "forget"
    out: Annotated[str | None, Meta(description="the folder that was written")] = None
    applied: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    found: tuple[Found, ...] = ()
    models: Annotated[
        dict[str, int], Meta(description="model's folder -> found samples that it learnt from")
    ] = field(default_factory=dict)
    failures: Annotated[
        tuple[Failure, ...], Meta(description="samples that could not be looked at: they may be it")
    ] = ()
    seconds: Annotated[float, Meta(ge=0)] = 0.0
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """3 when samples could not be looked at; 1 when something was found and is still there."""
        if self.failures:
            return 3
        return 1 if self.found and not self.applied else 0
