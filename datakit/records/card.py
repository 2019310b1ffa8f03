"""The dataset card ``dataset.json``: what a dataset is, and the chain of commands that made it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from datakit.records.base import Record
from datakit.records.failure import Failure

SCHEMA_VERSION = 1


MOST_FAILURES = 50
"""Rows of failures that a card keeps of each command."""


class Command(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One command of the chain, without what cannot change the result (workers, paths)."""

    verb: str
    version: str
    options: dict[str, Any]
    libraries: Annotated[
        dict[str, str], Meta(description="library -> version, of those that decide pixels")
    ] = field(default_factory=dict)
    failed: Annotated[int, Meta(ge=0, description="what it could not process")] = 0
    failures: Annotated[
        tuple[Failure, ...], Meta(description=f"the first {MOST_FAILURES} rows of that")
    ] = ()


class Card(Record, frozen=True, kw_only=True):
    """``dataset.json``; the file that marks a folder as written by datakit."""

    format: Literal["datakit"] = "datakit"
    schema_version: Annotated[int, Meta(ge=1)] = SCHEMA_VERSION
    label_map: Annotated[dict[str, int], Meta(description="class -> value in the masks")] = field(
        default_factory=dict
    )
    counts: dict[str, int] = field(default_factory=dict)
    commands: tuple[Command, ...] = ()
    notes: Annotated[
        tuple[str, ...], Meta(description="what a user must know: licences that bind the labels")
    ] = ()
