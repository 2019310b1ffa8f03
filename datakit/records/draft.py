"""What ``prelabel`` keeps of a drafted label: its uncertainty, its rank in the queue, its review.

The tables are JSON Lines in the dataset's folder, one row per sample, in the order of the manifest
unless stated otherwise.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, field

from datakit.records.base import Record
from datakit.records.sample import Sha256, Share

DRAFTS = "drafts.jsonl"
"""Table of `Draft`: what was measured of each sample, independent of all others."""
QUEUE = "queue.jsonl"
"""Table of `Queued`, the most uncertain draft first."""
QUEUE_CSV = "queue.csv"
"""The same for a spreadsheet."""
CHANGES = "changes.jsonl"
"""Table of `Change`: what people made of the drafts, written when reviewed labels are merged."""
CALIBRATION = "calibration.yaml"
"""The `Calibration` that ordered the queue."""

COCO = "annotations.coco.json"
"""The drafts as one COCO file, beside the images."""

DRAFT = "draft"
"""Tag of a label that a model drafted and nobody reviewed."""
NONCOMMERCIAL = "noncommercial-model"
"""Tag of a label made by a model whose licence forbids commercial use."""

Box = tuple[int, int, int, int]
Weight = Annotated[float, Meta(ge=0, le=1)]


class Outlined(Record, frozen=True, kw_only=True):
    """A drafted label as a COCO annotation says it, without ids."""

    segmentation: Annotated[
        Any, Meta(description="{size, counts} with compressed counts, or a list of polygons")
    ]
    bbox: Annotated[tuple[float, float, float, float], Meta(description="x, y, width, height")]
    area: Annotated[float, Meta(ge=0, description="pixels")]


class Draft(Record, frozen=True, kw_only=True):
    """What was measured of one drafted label."""

    id: Annotated[str, Meta(description="the sample's id")]
    file_name: Annotated[str, Meta(description="the image, as in the manifest")]
    sha256: Annotated[Sha256, Meta(description="of the image's bytes")]
    width: Annotated[int, Meta(ge=1)]
    height: Annotated[int, Meta(ge=1)]
    area: Annotated[Share, Meta(description="foreground share of the mask")]
    parts: Annotated[
        dict[str, float], Meta(description="uncertainty measure -> value; larger is more uncertain")
    ] = field(default_factory=dict)
    hint: Annotated[
        str, Meta(description="where a segmenter without a model started: annotation, face, option")
    ] = ""
    outlined: Annotated[
        Outlined | None, Meta(description="null: no subject was found, or it is in `objects`")
    ] = None
    missing_hand: Annotated[
        Box | None,
        Meta(description="pixel edges of a hand that was seen, and that the label mostly lacks"),
    ] = None
    objects: Annotated[
        tuple[Outlined, ...], Meta(description="each person by itself, where drafts have instances")
    ] = ()


class Queued(Record, frozen=True, kw_only=True):
    """One row of the review queue."""

    rank: Annotated[int, Meta(ge=1, description="1: the most uncertain")]
    id: str
    file_name: str
    doubt: Annotated[
        Share, Meta(description="uncertainty; 0: as sure as the surest draft of the set")
    ]
    reason: Annotated[str, Meta(description="the measure that decided")]
    parts: Annotated[
        dict[str, float], Meta(description="measure -> its percentile in the set, 0 to 1")
    ] = field(default_factory=dict)
    missing_hand: Annotated[Box | None, Meta(description="as in `drafts.jsonl`")] = None


class Change(Record, frozen=True, kw_only=True):
    """What a review made of one draft."""

    id: str
    sha256: Annotated[Sha256, Meta(description="of the image's bytes")]
    iou: Annotated[Share, Meta(description="of the draft and the reviewed mask")]


class Calibration(Record, frozen=True, kw_only=True):
    """How much each uncertainty measure counts, fitted to what people changed."""

    weights: Annotated[dict[str, Weight], Meta(description="measure -> weight of its percentile")]
    reviewed: Annotated[int, Meta(ge=0, description="drafts it was fitted to")] = 0
    spearman: Annotated[
        float | None, Meta(description="rank correlation of uncertainty and change on these")
    ] = None
