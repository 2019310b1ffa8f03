"""The dataset card ``dataset.json``: what a dataset is, and the chain of commands that made it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from datakit.records.base import Record

SCHEMA_VERSION = 1


class Command(Record, frozen=True, kw_only=True):
    """One command of the chain, without what cannot change the result (workers, paths)."""

    verb: str
    version: str
    options: dict[str, Any]


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
