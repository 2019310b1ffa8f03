"""The thresholds of a check, and what a user may change of them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from datakit.records.finding import SEVERITIES

Limit = Annotated[float | None, Meta(description="score from which it is a finding; null: never")]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The thresholds of one check, in the check's own unit; higher is worse."""

    review: Limit = None
    warning: Limit = None
    error: Limit = None
    enabled: Annotated[bool, Meta(description="false: the check is not judged")] = True
    unit: Annotated[str, Meta(description="of the score")] = ""
    reason: Annotated[str, Meta(description="why this number")]
    source: Annotated[str, Meta(description="where it comes from: a paper, a standard, a measure")]

    def __post_init__(self) -> None:
        values = [limit for name in SEVERITIES if (limit := getattr(self, name)) is not None]
        if values != sorted(values):
            raise ValueError("expected review <= warning <= error")


class Override(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user's file may change of a check; what it leaves out stays."""

    review: Limit | msgspec.UnsetType = msgspec.UNSET
    warning: Limit | msgspec.UnsetType = msgspec.UNSET
    error: Limit | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET
    source: str | msgspec.UnsetType = msgspec.UNSET
