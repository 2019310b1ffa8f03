"""What ``validate`` found: every problem with its file, its place and what to do."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from datakit.records.base import Record
from datakit.records.failure import Failure


class Problems(Record, frozen=True, kw_only=True):
    """The result of a validation."""

    verb: str = "validate"
    counts: dict[str, int] = field(default_factory=dict)
    problems: Annotated[tuple[Failure, ...], Meta(description="in the order of the source")] = ()
    out: Annotated[str | None, Meta(description="the folder that was written")] = None
    seconds: Annotated[float, Meta(ge=0)] = 0.0
    notes: Annotated[tuple[str, ...], Meta(description="choices that datakit made itself")] = ()

    @property
    def exit_code(self) -> int:
        """1 when there is a problem, else 0."""
        return 1 if self.problems else 0
