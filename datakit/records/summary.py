"""What a verb reports at its end: the same object from the Python API and on the command line."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from datakit.records.base import Record


class Summary(Record, frozen=True, kw_only=True):
    """Counts, where the result is, and the exit code that they mean."""

    verb: str
    out: Annotated[str | None, Meta(description="the folder or file that was written")] = None
    counts: dict[str, int] = field(default_factory=dict)
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
