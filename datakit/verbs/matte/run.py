"""``matte``: binary masks become soft alphas."""

from __future__ import annotations

import msgspec

from datakit.engine.base import LazyTask
from datakit.records.summary import Summary
from datakit.verbs.matte.options import VERB, Options
from datakit.verbs.shared.pipeline import process
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run, operation


def run(options: Options, progress: ProgressListener | None = None) -> Summary:
    """Estimate alphas from masks or trimaps; the result is tagged ``synthetic-alpha``.

    Parameters
    ----------
    options : Options
        What to read, how to estimate, where to write.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Summary
        A note says which kind of outline was taken when ``outline`` is "auto".

    Raises
    ------
    InputError
        If SRC cannot be read, DST must not be written, or pymatting is needed and missing.
    ModelError
        If a face detector's weights are missing.
    """
    source = options.open(progress)
    task = LazyTask(
        "datakit.verbs.matte.task:Matte",
        {
            "out": options.out,
            "step": operation(VERB, options),
            "method": options.method,
            "band_params": options.band_params,
            "outline": options.outline,
            "solve_long_side_px": options.solve_side,
            "depth": int(options.depth),
            "with_trimaps": options.trimaps,
            "with_cutouts": options.cutouts,
        },
    )
    summary = process(Run(VERB, options, source), task, progress=progress)
    if options.outline != "auto":
        return summary
    drawn = any(command.verb == "coco2mask" for command in source.commands)
    kind = "drawn, as coco2mask made the masks" if drawn else "exact, as for a segmenter's masks"
    notes = (*summary.notes, f"outlines were taken for {kind}; --outline says otherwise")
    return msgspec.structs.replace(summary, notes=notes)
