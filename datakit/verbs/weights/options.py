"""The options of ``weights``."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from datakit.errors import InputError
from datakit.records.base import Options as Base

VERB = "weights"
COMMON = ("licence", "source")


class Options(Base, frozen=True, kw_only=True):
    """Options of ``weights``."""

    action: Annotated[
        Literal["list", "add", "path", "pull"],
        Meta(
            description="list all; add FILE to the cache; print the path of NAME; pull NAME from "
            "the network",
            extra={"argument": "list|add|path|pull"},
        ),
    ] = "list"
    subject: Annotated[
        str | None,
        Meta(
            description="the FILE to add, or the NAME to find or pull",
            extra={"argument": "[FILE|NAME]", "input": "path"},
        ),
    ] = None
    licence: Annotated[
        Annotated[str, Meta(min_length=1, max_length=200)] | None,
        Meta(description="add: the licence of weights that the table does not know (SPDX)"),
    ] = None
    source: Annotated[
        Annotated[str, Meta(max_length=2000)] | None,
        Meta(description="add: where these weights were published"),
    ] = None
    noncommercial: Annotated[
        bool,
        Meta(description="add: the licence forbids commercial use, also when its name has no NC"),
    ] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        wanted = {"add": "FILE", "path": "NAME", "pull": "NAME"}.get(self.action)
        if wanted is not None and not self.subject:
            raise InputError(f"datakit weights {self.action}: expected a {wanted}, found none")
        if wanted is None and self.subject:
            raise InputError(f"datakit weights list takes no argument, found {self.subject!r}")
        if self.action != "add" and (self.licence or self.source or self.noncommercial):
            raise InputError("--licence, --source and --noncommercial go with `weights add`")
