"""The options of ``validate``."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from datakit.verbs.shared.options import ReadOptions

VERB = "validate"
COMMON = ("out",)


class Options(ReadOptions, frozen=True, kw_only=True):
    """Options of ``validate``."""

    out: Annotated[
        str | None, Meta(description="folder for problems.csv and validate.json, with every row")
    ] = None
    overwrite: Annotated[bool, Meta(description="replace an earlier validation in DST")] = False
