"""Options that say what belongs together: of ``dedup`` and ``split``."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from msgspec import Meta

from datakit.errors import InputError
from datakit.verbs.shared.options import WriteOptions


class LineageOptions(WriteOptions, frozen=True, kw_only=True):
    """Options that say what belongs together."""

    out: Annotated[str, Meta(description="the folder to write")] = ""
    duplicates: Annotated[
        Literal["near", "exact", "off"],
        Meta(description="which duplicates to look for; off: look at no pixels at all"),
    ] = "near"
    radius: Annotated[
        int, Meta(ge=0, le=16, description="bits in which hashes of near-duplicates may differ")
    ] = 8
    stem: Annotated[
        Literal["verify", "trust", "ignore"],
        Meta(description="equal source names: compare the pictures, believe them, or not look"),
    ] = "verify"
    video: Annotated[
        Literal["apart", "similar", "whole"],
        Meta(
            description="frames named <video>_mp4-0014: kept apart, kept together when they look "
            "alike, or all of a video kept together"
        ),
    ] = "apart"
    group_by: Annotated[
        str | None,
        Meta(
            description="a manifest column, or a CSV of file,group, to keep together",
            extra={"input": "word"},
        ),
    ] = None
    group_regex: Annotated[
        str | None,
        Meta(description="of the file's name; what (?P<g>…) matches is kept together"),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.group_regex is not None:
            try:
                groups = re.compile(self.group_regex).groupindex
            except re.error as error:
                raise InputError(f"--group-regex {self.group_regex!r}: {error}") from None
            if "g" not in groups:
                raise InputError(
                    f"--group-regex {self.group_regex!r}: expected a group named g, as in "
                    r"'^(?P<g>.+)_\d+$'"
                )
