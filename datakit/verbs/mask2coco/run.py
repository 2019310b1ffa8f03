"""``mask2coco``: masks become COCO polygons and RLE, as coarse as they may be and no coarser."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from datakit.verbs.shared.pipeline import Watch, WriteOptions, operation, process
from datakit.verbs.export.run import finishing, read_settings
from datakit.engine.base import LazyTask
from datakit.errors import InputError
from datakit.records.summary import Summary

if TYPE_CHECKING:
    from datakit.io.exports.base import Settings

VERB = "mask2coco"
MAX_CLASSES = 255


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
        Meta(description="one annotation a class, or one for each connected part of it"),
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
        Meta(description="masks are gray: a pixel of this value or more is inside"),
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


def run(options: Options, watch: Watch | None = None) -> Summary:
    """Write a dataset's masks as COCO annotations beside the images.

    Parameters
    ----------
    options : Options
        What to read, how to draw, where to write.
    watch : Watch, optional
        Who is told of the progress.

    Returns
    -------
    Summary
        Counts of objects, polygons and RLE; ``outlines.jsonl`` in DST says what each lost.

    Raises
    ------
    InputError
        If SRC cannot be read, DST must not be written, or the names of classes do not fit.
    """
    from datakit.io.exports.coco_folders import CocoFolders
    from datakit.io.exports.drawn import Drawing

    source = options.open()
    settings = read_settings(source)
    if options.category:
        settings = _named(options, settings)
    drawing = Drawing(
        shapes=options.shapes,
        holes=options.holes,
        instances=options.instances,
        tolerance_px=options.tolerance,
        least_iou=options.iou,
        least_boundary_iou=options.boundary_iou,
    )
    form = CocoFolders(settings, drawing, root="")
    task = LazyTask(
        "datakit.verbs.mask2coco.task:MaskToCoco",
        {
            "out": options.out,
            "step": operation(VERB, options),
            "format": VERB,
            "settings": settings,
            "fit": "stretch",
            "drawing": drawing,
            "threshold": options.threshold,
        },
    )
    summary = process(
        VERB,
        options,
        source,
        task,
        label_map=dict(settings.label_map),
        tables=dict.fromkeys(form.FACTS.tables, ""),
        finishing=finishing(options.out, lambda writer: form.finish(writer.lines)),
        views=False,
        watch=watch,
    )
    if not summary.counts.get("alphas cut"):
        return summary
    note = "where there is no mask, the alpha was cut at one half"
    return msgspec.structs.replace(summary, notes=(*summary.notes, note))


def _named(options: Options, settings: Settings) -> Settings:
    """Return the settings with the classes that the user names."""
    names = options.category
    if len(set(names)) < len(names) or len(names) > MAX_CLASSES:
        raise InputError(
            f"--category: expected up to {MAX_CLASSES} different names, got {len(names)} "
            f"({', '.join(names[:5])})"
        )
    if set(settings.label_map) - {"background", "foreground"}:
        raise InputError(
            f"--category: the source names its classes itself ({', '.join(settings.label_map)}); "
            "leave it out"
        )
    label_map = {name: value for value, name in enumerate(names, 1)}
    if len(names) == 1:
        label_map = {"background": 0, names[0]: 255}
    return replace(settings, classes=names, label_map=label_map)
