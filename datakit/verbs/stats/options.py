"""The options of ``stats``."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from datakit.errors import InputError
from datakit.verbs.shared.options import ReadOptions

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
            description="also measure the photos: brightness, sharpness, colours, face size and "
            "pose, edge softness, per split"
        ),
    ] = False
    skin_tone: Annotated[
        bool,
        Meta(
            description="with --balance, also count faces by skin tone (a rough estimate from the "
            "photo's colours), as totals per split alone"
        ),
    ] = False
    overwrite: Annotated[bool, Meta(description="replace earlier statistics in DST")] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.preview and self.out is None:
            raise InputError("--preview: expected -o DST, the folder to draw the sheet into")
        if self.skin_tone and not self.balance:
            raise InputError("--skin-tone: expected --balance, which looks at the photos")
