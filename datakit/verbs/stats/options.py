"""The options of ``stats``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import Meta

from datakit.errors import InputError
from datakit.verbs.shared.options import ReadOptions

if TYPE_CHECKING:
    pass

VERB = "stats"
COMMON = ("out", "preview")


class Options(ReadOptions, frozen=True, kw_only=True):
    """Options of ``stats``."""

    BYTES_PER_PIXEL: ClassVar[int] = 40

    out: Annotated[
        str | None,
        Meta(description="folder for stats.json, stats.svg and, with --preview, preview.png"),
    ] = None
    preview: Annotated[
        int, Meta(ge=0, le=1000, description="draw this many samples with their labels")
    ] = 0
    balance: Annotated[
        bool,
        Meta(
            description="also measure the photos: brightness, sharpness, face size and pose, "
            "edge softness, per split"
        ),
    ] = False
    overwrite: Annotated[bool, Meta(description="replace earlier statistics in DST")] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.preview and self.out is None:
            raise InputError("--preview: expected -o DST, the folder to draw the sheet into")
