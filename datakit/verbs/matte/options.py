"""The options of ``matte``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from datakit.verbs.shared.band_options import BandOptions

VERB = "matte"
COMMON = ("method", "band", "faces", "cutouts", "trimaps")


class Options(BandOptions, frozen=True, kw_only=True):
    """Options of ``matte``.

    Examples
    --------
    >>> Options(src=("dataset",), out="mattes").method
    'closed-form'
    """

    BYTES_PER_PIXEL: ClassVar[int] = 124

    method: Annotated[
        Literal["closed-form", "knn", "lbdm", "guided"],
        Meta(description="how alpha is estimated; guided is fastest and coarse"),
    ] = "closed-form"
    outline: Annotated[
        Literal["auto", "exact", "drawn"],
        Meta(
            description="exact: masks are right to the pixel; drawn: by hand, hair cut off; "
            "auto: drawn when coco2mask made them"
        ),
    ] = "auto"
    cutouts: Annotated[
        bool, Meta(description="also write cutouts/: RGBA with the foreground's own colours")
    ] = False
    trimaps: Annotated[bool, Meta(description="also write the trimaps that were used")] = False
    depth: Annotated[Literal["8", "16"], Meta(description="bits of the alphas")] = "8"
    solve_side: Annotated[
        int,
        Meta(
            ge=32,
            le=16384,
            description="a larger band is solved on a copy with this longest side, in pixels",
        ),
    ] = 1920
