"""The options of ``diff``."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from datakit.errors import InputError
from datakit.verbs.shared.options import ReadOptions

VERB = "diff"
COMMON = ("out", "sheet")


class Options(ReadOptions, frozen=True, kw_only=True):
    """Options of ``diff``.

    Examples
    --------
    >>> Options(src=("old", "new")).sheet
    24
    """

    BYTES_PER_PIXEL: ClassVar[int] = 20

    src: Annotated[tuple[str, ...], Meta(description="A B: the older dataset, and the newer one")]
    out: Annotated[
        str | None,
        Meta(description="folder for diff.html, diff.json, diff.csv and diff.png"),
    ] = None
    sheet: Annotated[
        int, Meta(ge=0, le=200, description="changed samples on the contact sheet; 0: no sheet")
    ] = 24
    overwrite: Annotated[bool, Meta(description="replace an earlier comparison in DST")] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.src) != 2:
            paths = "path" if len(self.src) == 1 else "paths"
            raise InputError(f"diff: expected A and B, found {len(self.src)} {paths}; name both")
