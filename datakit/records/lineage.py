"""Related samples: why they are related, and which of them are in two splits."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, field

from datakit.records.base import Record

Reason = Literal["source", "exact", "near", "sequence", "person", "key", "parent"]

REASONS: tuple[Reason, ...] = (
    "exact",
    "near",
    "source",
    "parent",
    "sequence",
    "person",
    "key",
)
"""Why two samples are related, the plainest reason first."""


class Link(Record, frozen=True, kw_only=True):
    """Two samples that were compared or named together, and what came of it."""

    reason: Annotated[
        Reason | Literal["apart", "frames"],
        Meta(
            description="why they are related; apart: one name, different pictures; frames: "
            "look-alike frames of one video that --video apart leaves apart"
        ),
    ]
    one: Annotated[str, Meta(description="a sample's id")]
    other: Annotated[str, Meta(description="the other sample's id")]
    error: Annotated[
        float | None, Meta(description="what is left between the fitted thumbnails; 0: nothing")
    ] = None


class Leak(Record, frozen=True, kw_only=True):
    """Two related samples in different splits."""

    reason: Reason
    splits: tuple[str, str]
    one: str
    other: str
    group: str
    error: float | None = None
    steps: Annotated[
        int | None, Meta(description="frames of one video: how far apart their numbers are")
    ] = None


class Torn(Record, frozen=True, kw_only=True):
    """Two frames of one video in different splits, with none of these splits between them."""

    splits: tuple[str, str]
    one: str
    other: str
    steps: Annotated[int, Meta(ge=0, description="how far apart their frame numbers are")]


class Audit(Record, frozen=True, kw_only=True):
    """The result of ``split --audit``."""

    verb: str = "split"
    out: Annotated[str | None, Meta(description="the folder with the report")] = None
    counts: dict[str, int] = field(default_factory=dict)
    table: Annotated[
        dict[str, dict[str, int]],
        Meta(description="'train - val' -> reason -> samples of the second that leak"),
    ] = field(default_factory=dict)
    leaks: Annotated[tuple[Leak, ...], Meta(description="one per leaking sample")] = ()
    frames: Annotated[
        tuple[Torn, ...],
        Meta(description="the closest frames of one video in two splits, 100 at most"),
    ] = ()
    failed: Annotated[int, Meta(ge=0)] = 0
    seconds: Annotated[float, Meta(ge=0)] = 0.0
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 when something leaks; 3 when some images could not be read and nothing leaks."""
        if self.leaks:
            return 1
        return 3 if self.failed else 0
