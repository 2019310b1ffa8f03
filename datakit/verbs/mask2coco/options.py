"""The options of ``mask2coco``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from datakit.verbs.shared.options import WriteOptions

if TYPE_CHECKING:
    pass

VERB = "mask2coco"
COMMON = ("shapes", "instances", "category", "holes")


class Options(WriteOptions, frozen=True, kw_only=True):
    """Options of ``mask2coco``.

    Examples
    --------
    >>> Options(src=("dataset",), out="coco").holes
    'rle'
    """

    shapes: Annotated[
        Literal["polygon", "rle"],
        Meta(description="polygons that keep --iou and --boundary-iou, or RLE, which is lossless"),
    ] = "polygon"
    holes: Annotated[
        Literal["rle", "bridge"],
        Meta(
            description="an object with holes: as RLE, or as polygons whose holes hang on a "
            "bridge without width"
        ),
    ] = "rle"
    instances: Annotated[
        Literal["class", "component"],
        Meta(description="one annotation per class, or one for each connected part of it"),
    ] = "class"
    category: Annotated[
        tuple[str, ...],
        Meta(
            description="name of the mask's value 1, then 2, …, where SRC does not name its "
            "classes; a single one names the foreground (repeatable)"
        ),
    ] = ()
    threshold: Annotated[
        Annotated[int, Meta(ge=1, le=65535)] | None,
        Meta(description="for gray masks: pixels of this value or more are inside"),
    ] = None
    tolerance: Annotated[
        float,
        Meta(
            ge=0,
            le=1000,
            description="where the search for the largest tolerance starts, in pixels; "
            "0: along the borders of the pixels, lossless",
        ),
    ] = 1.0
    iou: Annotated[
        float, Meta(ge=0, le=1, description="what the polygons must keep: intersection over union")
    ] = 0.99
    boundary_iou: Annotated[
        float, Meta(ge=0, le=1, description="what they must keep of the boundary's band")
    ] = 0.95
