"""Options of the unknown band around a mask: of ``matte`` and ``trimap``."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from datakit.verbs.shared.options import WriteOptions


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
        float, Meta(ge=1, le=10, description="how many times wider the band is around a head")
    ] = 2.0

    @property
    def band_params(self) -> dict[str, object]:
        """The band's part of a task's arguments."""
        return {"share": self.band, "head_factor": self.head_factor, "faces": self.faces}
