"""A row of ``outlines.jsonl``: what an annotation's shape has lost of the mask it was made of."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from datakit.records.base import Record
from datakit.records.sample import Share

OUTLINES = "outlines.jsonl"
"""Table of `Outlining` in the order of the annotations."""


class Outlining(Record, frozen=True, kw_only=True):
    """One annotation."""

    id: Annotated[str, Meta(description="the sample's id")]
    category: str
    shape: Annotated[Literal["polygon", "rle"], Meta(description="rle loses nothing")]
    points: Annotated[int, Meta(ge=0, description="vertices of all rings")]
    tolerance_px: Annotated[
        float, Meta(ge=0, description="of Douglas and Peucker; 0: along the pixels' borders")
    ]
    iou: Annotated[Share, Meta(description="of the mask and what the shape paints")]
    boundary_iou: Share
