"""What ``prelabel`` reports."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from datakit.records.base import Record
from datakit.records.summary import Summary


class StageUse(Record, frozen=True, kw_only=True):
    """How much of a run one stage of the work was."""

    busy: Annotated[float, Meta(ge=0, description="share of the time that its hands worked")]
    rate: Annotated[float, Meta(ge=0, description="photos per second that it alone could do")]


class Drafting(Summary, frozen=True, kw_only=True):
    """A summary with the models that drafted and the stages of the work."""

    models: Annotated[
        tuple[str, ...], Meta(description="name, licence and sha256 of what drafted")
    ] = ()
    stages: Annotated[
        dict[str, StageUse],
        Meta(description="read, decode, infer, label, write; the largest binds"),
    ] = field(default_factory=dict)
