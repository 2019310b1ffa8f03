"""The options of ``trimap``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from datakit.verbs.shared.band_options import BandOptions

VERB = "trimap"
COMMON = ("style", "band", "kernel")


class Options(BandOptions, frozen=True, kw_only=True):
    """Options of ``trimap``.

    Examples
    --------
    >>> Options(src=("p3m",), out="trimaps", style="p3m").kernel
    25
    """

    BYTES_PER_PIXEL: ClassVar[int] = 20

    style: Annotated[
        Literal["band", "p3m", "dim"],
        Meta(
            description="band: along a mask's outline; p3m, dim: from an alpha, as P3M-10k and "
            "Deep Image Matting make them"
        ),
    ] = "band"
    kernel: Annotated[
        int, Meta(ge=1, le=999, description="p3m: diameter of the ellipse in pixels")
    ] = 25
    reach: Annotated[
        int, Meta(ge=0, le=499, description="dim: how far soft pixels grow, in pixels")
    ] = 10
