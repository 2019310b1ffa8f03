"""One sample of a dataset: its files, its size, where it comes from and what must stay with it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from datakit.records.base import Record
from datakit.records.labels import LabelState

SYNTHETIC = "synthetic-alpha"
"""Tag of a sample whose alpha was computed from its mask: no ground truth."""

LOST_BY_SIZE = "lost-by-size"
"""Tag of a sample of whose label a new size left nothing, or not every class or object."""

RelativePath = Annotated[str, Meta(min_length=1, description="path inside the dataset, with /")]
Share = Annotated[float, Meta(ge=0, le=1)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Source(Record, frozen=True, kw_only=True):
    """The file a sample was made from."""

    name: Annotated[str, Meta(description="path inside the source, or the true name it gives")]
    sha256: Annotated[Sha256 | None, Meta(description="of the source image's bytes")] = None


class Operation(Record, frozen=True, kw_only=True):
    """One step of a sample's way, with all that is needed to repeat it."""

    verb: str
    version: Annotated[str, Meta(description="datakit's version")]
    params: Annotated[str, Meta(description="JSON text, so that tables keep one column type")] = (
        "{}"
    )


class Instance(Record, frozen=True, kw_only=True):
    """One object of an instance mask."""

    id: Annotated[int, Meta(ge=1, le=65535, description="the object's value in the 16-bit mask")]
    category: str
    annotation: Annotated[str, Meta(description="the annotation's id in the source")]
    area: Annotated[int, Meta(ge=0, description="visible pixels")]


class Sample(Record, frozen=True, kw_only=True):
    """One row of ``metadata.jsonl``.

    File names are relative to the dataset and use ``/``; a label the dataset does not have is None.
    """

    id: Annotated[str, Meta(min_length=1, description="unique and stable within the dataset")]
    file_name: Annotated[RelativePath | None, Meta(description="the image")] = None
    mask_file_name: RelativePath | None = None
    alpha_file_name: RelativePath | None = None
    trimap_file_name: RelativePath | None = None
    ignore_file_name: Annotated[
        RelativePath | None, Meta(description="0/255: 255 where the label is unknown")
    ] = None
    width: Annotated[int, Meta(ge=1, description="pixels, orientation applied")]
    height: Annotated[int, Meta(ge=1, description="pixels, orientation applied")]
    split: Annotated[str | None, Meta(description="train, val or test")] = None
    group: Annotated[str | None, Meta(description="samples of one group stay together")] = None
    parent: Annotated[str | None, Meta(description="id of the sample this is a copy of")] = None
    source: Source
    tags: tuple[str, ...] = ()
    label_state: Annotated[
        LabelState | None,
        Meta(
            description="complete; partial: some object could not be drawn; none: nobody labelled "
            "it; null in datasets of version 0.1.0"
        ),
    ] = None
    categories: Annotated[tuple[str, ...], Meta(description="classes with a label here")] = ()
    annotations: Annotated[int, Meta(ge=0, description="objects painted")] = 0
    fg_ratio: Annotated[Share | None, Meta(description="foreground share")] = None
    instances: tuple[Instance, ...] = ()
    history: tuple[Operation, ...] = ()
