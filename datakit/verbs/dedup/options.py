"""The options of ``dedup``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from datakit.errors import InputError
from datakit.verbs.shared.lineage_options import LineageOptions

VERB = "dedup"
COMMON = ("drop", "duplicates", "radius", "video")


class ReportOptions(LineageOptions, frozen=True, kw_only=True):
    """Options of a report: what is a duplicate, which to keep, what is drawn."""

    BYTES_PER_PIXEL: ClassVar[int] = 8

    stem: Annotated[
        Literal["verify", "trust", "ignore"],
        Meta(
            description="also join equal source names: compare the pictures, trust, or ignore them"
        ),
    ] = "ignore"
    video: Annotated[
        Literal["apart", "similar"],
        Meta(
            description="similar frames of one video, by their names. apart: no duplicates; "
            "similar: duplicates"
        ),
    ] = "apart"
    people: Annotated[
        bool,
        Meta(
            description="also list the photos that show the same person, by their faces: "
            "people.csv; nobody is dropped for it"
        ),
    ] = False
    keep: Annotated[
        Literal["largest", "first"],
        Meta(
            description="which sample of a cluster --drop keeps: the one with the most pixels, "
            "or the first by id"
        ),
    ] = "largest"
    sheet: Annotated[
        int, Meta(ge=0, le=200, description="pairs on the contact sheet; 0: no sheet")
    ] = 24

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.out:
            raise InputError("dedup: expected -o DST, the folder for the report")
        if self.duplicates == "off":
            raise InputError("dedup: --duplicates off leaves nothing to look for; near or exact")
        if self.by_person:
            raise InputError(
                "dedup: --group-by people would call all photos of a person duplicates; --people "
                "lists them, split --group-by people keeps them together"
            )

    @property
    def identifies(self) -> bool:
        """Whether faces are compared at all."""
        return self.people


class DropOptions(ReportOptions, frozen=True, kw_only=True):
    """Options of ``--drop``: the report's, and how files come into DST."""

    drop: bool
    materialize: Annotated[
        Literal["copy", "hardlink", "symlink", "none"],
        Meta(description="how files are placed in DST with --drop"),
    ] = "copy"


class Options(DropOptions, frozen=True, kw_only=True):
    """Options of ``dedup``.

    Examples
    --------
    >>> Options(src=("photos",), out="report", drop=True).keep
    'largest'
    """

    drop: Annotated[bool, Meta(description="DST becomes a dataset without the extra copies")] = (
        False
    )

    @property
    def makes_dataset(self) -> bool:
        """Whether DST is a dataset, not only a report."""
        return self.drop
