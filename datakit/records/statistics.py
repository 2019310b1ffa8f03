"""What ``stats`` counted."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, field

from datakit.records.base import Record

AREA_EDGES = (0.0, 1e-4, 1e-3, 1e-2, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Edges of the area histogram, as shares of the image; fine where small objects are lost."""


class SplitCounts(Record, frozen=True, kw_only=True):
    """Counts of one split."""

    samples: int = 0
    unlabelled: Annotated[int, Meta(description="samples without any label or annotation")] = 0
    partial: Annotated[
        int, Meta(description="labelled samples with an object that could not be drawn")
    ] = 0
    empty: Annotated[int, Meta(description="labelled samples without foreground")] = 0
    groups: Annotated[int, Meta(description="distinct sources, as far as names tell")] = 0
    classes: Annotated[dict[str, int], Meta(description="class -> objects")] = field(
        default_factory=dict
    )


class Spread(Record, frozen=True, kw_only=True):
    """One measure over the samples of one split."""

    samples: Annotated[int, Meta(ge=1, description="that have the measure")]
    mean: float
    deviation: Annotated[float, Meta(ge=0, description="standard deviation")]
    shift: Annotated[
        float, Meta(description="of the mean from the set's, in standard deviations of the set")
    ]


class Statistics(Record, frozen=True, kw_only=True):
    """The result of ``stats``."""

    verb: str = "stats"
    out: Annotated[str | None, Meta(description="the folder of plots and preview")] = None
    splits: Annotated[dict[str, SplitCounts], Meta(description="split -> counts; - for none")]
    sizes: Annotated[dict[str, int], Meta(description="WxH -> samples, most frequent first")]
    area_edges: tuple[float, ...] = AREA_EDGES
    areas: Annotated[tuple[int, ...], Meta(description="objects per bin of area_edges")] = ()
    balance: Annotated[
        dict[str, dict[str, Spread]],
        Meta(
            description="--balance: brightness, sharpness, warmth, colourfulness, foreground, "
            "edge_softness, face_size, yaw, roll -> split -> spread"
        ),
    ] = field(default_factory=dict)
    skin_tones: Annotated[
        dict[str, dict[str, int | None]],
        Meta(
            description="--skin-tone: split -> class of the individual typology angle, or "
            "unclear -> faces; null: 1 to 4"
        ),
    ] = field(default_factory=dict)
    failed: Annotated[int, Meta(ge=0, description="samples that could not be read")] = 0
    notes: Annotated[tuple[str, ...], Meta(description="choices that datakit made itself")] = ()
    seconds: Annotated[float, Meta(ge=0)] = 0.0

    @property
    def counts(self) -> dict[str, int]:
        """Samples, of all splits."""
        return {"samples": sum(counts.samples for counts in self.splits.values())}

    @property
    def exit_code(self) -> int:
        """3 when samples could not be read, else 0."""
        return 3 if self.failed else 0
