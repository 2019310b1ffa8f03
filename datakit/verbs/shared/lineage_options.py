"""Options that define related samples: of ``dedup`` and ``split``."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from msgspec import Meta

from datakit.errors import InputError
from datakit.verbs.shared.group_keys import GroupRest
from datakit.verbs.shared.people_options import PeopleOptions

PEOPLE = "people"
"""What ``--group-by`` calls the grouping by person."""


class LineageOptions(PeopleOptions, frozen=True, kw_only=True):
    """Options that define related samples."""

    out: Annotated[str, Meta(description="the folder to write")] = ""
    duplicates: Annotated[
        Literal["near", "exact", "off"],
        Meta(description="which duplicates to look for; off: read no pixels at all"),
    ] = "near"
    radius: Annotated[
        int, Meta(ge=0, le=16, description="bits in which hashes of near-duplicates may differ")
    ] = 8
    stem: Annotated[
        Literal["verify", "trust", "ignore"],
        Meta(
            description="equal source names: compare the pictures, trust the names, or ignore them"
        ),
    ] = "verify"
    video: Annotated[
        Literal["whole", "similar", "apart"],
        Meta(
            description="frames of one video and shots of one burst: kept together, kept together "
            "when they look alike, or taken for different photos"
        ),
    ] = "whole"
    group_by: Annotated[
        str | None,
        Meta(
            description="what to keep together: people (photos of one person, by their faces), a "
            "manifest column, or a CSV of file,group",
            extra={"input": "word"},
        ),
    ] = None
    group_regex: Annotated[
        str | None,
        Meta(
            description="regular expression for file names; samples with equal (?P<g>…) are "
            "kept together"
        ),
    ] = None
    group_rest: Annotated[
        GroupRest | None,
        Meta(
            description="samples that --group-by or --group-regex name no group for: each by "
            "itself, or all together [default: an error]"
        ),
    ] = None

    keep_embeddings: Annotated[
        bool,
        Meta(description="also write the faces' vectors, faces.jsonl: they identify people"),
    ] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        named = self.group_by not in (None, PEOPLE) or self.group_regex is not None
        if self.group_rest and not named:
            raise InputError(
                "--group-rest goes with --group-by COLUMN, --group-by CSV or --group-regex"
            )
        asked = self.face_weights or self.same_person is not None or self.keep_embeddings
        if asked and not self.identifies:
            raise InputError(
                "--face-weights, --same-person and --keep-embeddings go with --group-by people, in "
                "dedup with --people"
            )
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

    @property
    def by_person(self) -> bool:
        """Whether photos of one person are kept together."""
        return self.group_by == PEOPLE

    @property
    def identifies(self) -> bool:
        """Whether faces are compared at all."""
        return self.by_person
