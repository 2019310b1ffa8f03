"""A line of ``anonymize.jsonl``: the proof, face by face, of what was done to one photo."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from datakit.records.base import Record
from datakit.records.sample import RelativePath, Sha256

AUDIT = "anonymize.jsonl"
REVIEW = "review.csv"
REVIEW_HEADER = "id,source,status,faces,reasons\n"

NotNegative = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Status = Literal["anonymized", "review", "no-face", "released", "skipped"]


class HiddenFace(Record, frozen=True, kw_only=True):
    """One face that was found. No landmark, no crop, no pixel of it is kept."""

    box_xyxy: Annotated[
        tuple[int, int, int, int], Meta(description="pixel edges, orientation applied")
    ]
    score: Annotated[float, Meta(ge=0, le=1, description="the most certain detector's")]
    detectors: tuple[str, ...]
    seen_in: Annotated[
        str | None,
        Meta(
            description="id of the neighbouring frame whose face made this one be looked for, with "
            "half the threshold; null: found by itself"
        ),
    ] = None
    mask: Annotated[
        Literal["mesh", "ellipse", "none"],
        Meta(description="none: smaller than --min-face, left as it is"),
    ]
    region: Annotated[str | None, Meta(description="region of the mesh")] = None
    guard_iod: Annotated[
        NotNegative | None, Meta(description="disagreement of mesh and detector, in IOD")
    ] = None
    iod_px: Annotated[float, Meta(ge=0, description="inter-ocular distance (IOD)")]
    method: Literal["gaussian", "solid", "mosaic"] | None = None
    sigma_px: NotNegative | None = None
    mask_px: Annotated[int, Meta(ge=0, description="pixels that were changed")] = 0
    removed: Annotated[
        Share, Meta(description="share of the face given back to the soft boundary")
    ] = 0.0
    original_px_inside: Annotated[
        int,
        Meta(
            ge=0,
            description="pixels left as they were that hidden pixels of the face close in: 0, or "
            "the photo waits for a person",
        ),
    ] = 0
    residual: Annotated[Share | None, Meta(description="a detector's score on the result")] = None


class Anonymization(Record, frozen=True, kw_only=True):
    """What was done to one photo."""

    id: Annotated[str, Meta(min_length=1)]
    status: Annotated[Status, Meta(description="review: the photo is not in the dataset")]
    reasons: Annotated[tuple[str, ...], Meta(description="why a person has to look at it")] = ()
    file_name: RelativePath | None = None
    sha256_in: Annotated[
        Sha256 | None, Meta(description="of the original; null with --no-source-digest")
    ]
    sha256_out: Sha256 | None = None
    datakit: Annotated[str, Meta(description="version")]
    models: Annotated[dict[str, str], Meta(description="model -> sha256 of its weights")]
    matte: Annotated[
        Literal["given", "auto", "none"], Meta(description="where the soft boundary is known from")
    ] = "none"
    faces: tuple[HiddenFace, ...] = ()
