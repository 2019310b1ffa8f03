"""The options of ``report``."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from datakit.errors import InputError
from datakit.verbs.shared.options import ReadOptions

VERB = "report"
COMMON = ("records", "pictures", "thumbnails", "title", "overwrite")


class Options(ReadOptions, frozen=True, kw_only=True):
    """Options of ``report``.

    Examples
    --------
    >>> Options(src=("dataset",), out="report.html").pictures
    6
    >>> Options(src=("dataset",), out="report.pdf")
    Traceback (most recent call last):
    datakit.errors.InputError: report.pdf: expected a name that ends in .html
    """

    BYTES_PER_PIXEL: ClassVar[int] = 40
    READS_WHOLE_RUN: ClassVar[bool] = True
    """As a step of a run it shows the failures and findings of all that came before."""

    out: Annotated[
        str, Meta(min_length=1, description="the .html file to write", extra={"suffix": ".html"})
    ]
    records: Annotated[
        tuple[str, ...],
        Meta(
            description="folders with further records to show: a report of qc or stats, the "
            "dataset that anonymize or prelabel wrote (repeatable)",
            extra={"input": "path"},
        ),
    ] = ()
    pictures: Annotated[
        int,
        Meta(
            ge=0,
            le=50,
            description="pictures of each check, of uncertain drafts and, twice as many, of the "
            "set; 0: none",
        ),
    ] = 6
    thumbnails: Annotated[
        int,
        Meta(
            ge=0,
            le=20_000,
            description="samples of the table with a picture: all of a smaller set, else those "
            "with findings and uncertain drafts first; about 12 kB each",
        ),
    ] = 200
    title: Annotated[
        str | None, Meta(description="heading [default: the name of the run or the folder]")
    ] = None
    overwrite: Annotated[bool, Meta(description="replace a report that datakit wrote")] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.out.lower().endswith((".html", ".htm")):
            raise InputError(f"{self.out}: expected a name that ends in .html")
