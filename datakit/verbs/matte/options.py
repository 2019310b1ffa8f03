"""The options of ``matte``."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from datakit.verbs.shared.options import WriteOptions

VERB = "matte"


class BandOptions(WriteOptions, frozen=True, kw_only=True):
    """Options of the verbs that lay an unknown band around a mask."""

    band: Annotated[
        float,
        Meta(gt=0, le=0.25, description="half the band's width, as a share of the longest side"),
    ] = 0.012
    faces: Annotated[
        Literal["none", "mediapipe", "centerface", "yunet"],
        Meta(description="find faces with this detector, for a wider band around the hair"),
    ] = "none"
    head_factor: Annotated[
        float, Meta(ge=1, le=10, description="how much wider the band is around a head")
    ] = 2.0

    @property
    def band_params(self) -> dict[str, object]:
        """The band's part of a task's arguments."""
        return {"share": self.band, "head_factor": self.head_factor, "faces": self.faces}


class Options(BandOptions, frozen=True, kw_only=True):
    """Options of ``matte``.

    Examples
    --------
    >>> Options(src=("dataset",), out="mattes").method
    'closed-form'
    """

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
