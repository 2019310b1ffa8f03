"""What ``datakit run`` keeps: the files that it read, the steps that it did, what it reports."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from datakit.records.base import Record
from datakit.records.counts import counted

NOTHING_RUN = "nothing was run"
"""The note of a run that only says what it would do."""

RUN_SCHEMA_VERSION = 1

Action = Literal["run", "resume", "skip", "stop"]


class FileState(msgspec.Struct, frozen=True, array_like=True):
    """A file as it was seen; ``sha256`` is empty where only size and times are kept."""

    name: str
    size_bytes: int
    mtime_ns: int
    inode: int = 0
    sha256: str = ""


class StepRecord(Record, frozen=True, kw_only=True):
    """A step in ``run.json``."""

    name: str
    verb: str
    state: Annotated[
        Literal["running", "done"], Meta(description="running: begun, and stopped before its end")
    ]
    key: Annotated[str, Meta(description="sha256 of verb, version, options and inputs")]
    version: Annotated[str, Meta(description="of datakit")]
    options: Annotated[dict[str, Any], Meta(description="all that can change the result")]
    inputs: Annotated[
        dict[str, str],
        Meta(description="input as the pipeline names it -> sha256 of its files, or a step's key"),
    ]
    out: Annotated[str, Meta(description="folder or file of the result, below the run's")]
    counts: dict[str, int] = field(default_factory=dict)
    findings: Annotated[int, Meta(ge=0)] = 0
    failed: Annotated[int, Meta(ge=0)] = 0
    seconds: Annotated[float, Meta(ge=0)] = 0.0
    notes: tuple[str, ...] = ()


class RunIndex(Record, frozen=True, kw_only=True):
    """``run.json``: the steps of a run, in the pipeline's order."""

    format: Literal["datakit-run"] = "datakit-run"
    schema_version: Annotated[int, Meta(ge=1)] = RUN_SCHEMA_VERSION
    pipeline: Annotated[str, Meta(description="file name of the pipeline")]
    steps: tuple[StepRecord, ...] = ()


class StepReport(Record, frozen=True, kw_only=True):
    """What became of a step, and why."""

    name: str
    verb: str
    action: Annotated[
        Action, Meta(description="stop: not reached, as an earlier step stopped the run")
    ]
    reasons: Annotated[tuple[str, ...], Meta(description="why it runs; empty when it is skipped")]
    reads: Annotated[tuple[str, ...], Meta(description="inputs as the pipeline names them")] = ()
    items: Annotated[
        int | None, Meta(description="samples of its input, as far as --dry-run can tell")
    ] = None
    out: str | None = None
    counts: dict[str, int] = field(default_factory=dict)
    findings: int = 0
    failed: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def numbers(self) -> str:
        """The first counts, findings and failures of the step, in words."""
        counts = [(name, n) for name, n in self.counts.items() if name != "failed"][:3]
        rest = [("findings", self.findings), ("failed", self.failed)]
        shown = [*counts, *((name, n) for name, n in rest if n)]
        return ", ".join(counted(n, name) for name, n in shown) or "nothing to count"


class RunSummary(Record, frozen=True, kw_only=True):
    """The result of ``datakit run``."""

    verb: Literal["run"] = "run"
    out: str | None = None
    steps: tuple[StepReport, ...] = ()
    seconds: Annotated[float, Meta(ge=0)] = 0.0
    notes: tuple[str, ...] = ()
    text: Annotated[str | None, Meta(description="the example of --init")] = None

    @property
    def exit_code(self) -> int:
        """3 when items of some step failed; else 1 when one has findings, or was not reached."""
        if any(step.failed for step in self.steps):
            return 3
        return int(any(step.findings or step.action == "stop" for step in self.steps))
