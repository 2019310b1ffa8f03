"""What ``qc`` found: how often each check reports, and the worst sample of each."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from datakit.records.base import Record


class CheckCounts(Record, frozen=True, kw_only=True):
    """One check over the whole set."""

    family: str
    judged: Annotated[int, Meta(ge=0, description="samples with a score")] = 0
    review: Annotated[int, Meta(ge=0)] = 0
    warning: Annotated[int, Meta(ge=0)] = 0
    error: Annotated[int, Meta(ge=0)] = 0
    worst: Annotated[float | None, Meta(description="highest score")] = None
    worst_sample: str | None = None


class Quality(Record, frozen=True, kw_only=True):
    """The result of a quality control run."""

    verb: str = "qc"
    out: Annotated[str | None, Meta(description="the folder that was written")] = None
    counts: dict[str, int] = field(default_factory=dict)
    checks: Annotated[dict[str, CheckCounts], Meta(description="check -> what it found")] = field(
        default_factory=dict
    )
    failed: Annotated[int, Meta(ge=0, description="rows in failures.jsonl")] = 0
    findings: Annotated[int, Meta(ge=0, description="findings at or above --fail-on")] = 0
    seconds: Annotated[float, Meta(ge=0)] = 0.0
    notes: Annotated[tuple[str, ...], Meta(description="choices that datakit made itself")] = ()

    @property
    def exit_code(self) -> int:
        """0 done, 1 there are findings, 3 some items failed (failures outweigh findings)."""
        if self.failed:
            return 3
        return 1 if self.findings else 0
