"""``mask2coco``: masks become COCO polygons and RLE, as coarse as they may be and no coarser."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from datakit.engine.base import LazyTask
from datakit.errors import InputError
from datakit.io.layouts.drawn import Drawing
from datakit.io.layouts.label_study import is_unnamed
from datakit.io.layouts.roboflow import RoboflowWriter
from datakit.io.layouts.writer import Settings
from datakit.records.labels import FOREGROUND
from datakit.records.summary import Summary
from datakit.verbs.mask2coco.options import VERB, Options
from datakit.verbs.shared.layout_settings import finishing, read_settings
from datakit.verbs.shared.pipeline import Contents, process
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run, operation

MAX_CLASSES = 255


def run(options: Options, progress: ProgressListener | None = None) -> Summary:
    """Write a dataset's masks as COCO annotations beside the images.

    Parameters
    ----------
    options : Options
        What to read, how to draw, where to write.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Summary
        Counts of objects, polygons and RLE; ``outlines.jsonl`` in DST says what each lost.

    Raises
    ------
    InputError
        If SRC cannot be read, DST must not be written, or the names of classes do not fit.
    """
    source = options.open(progress)
    settings = read_settings(source)
    if is_unnamed(settings.label_map):
        # Only the user knows what the values mean: --category, or --threshold.
        settings = replace(settings, classes=(FOREGROUND,), label_map={})
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
    form = RoboflowWriter(settings, drawing, root="")
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
            "keep_unknown": True,
        },
    )
    summary = process(
        Run(VERB, options, source),
        task,
        label_map=settings.label_map,
        contents=Contents(
            tables=dict.fromkeys(form.FACTS.tables, ""),
            finishing=finishing(options.out, lambda writer: form.finish(writer.lines)),
            views=False,
        ),
        progress=progress,
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
