"""``trimap``: trimaps alone, from masks or alphas."""

from __future__ import annotations

from datakit.engine.base import LazyTask
from datakit.records.summary import Summary
from datakit.verbs.shared.pipeline import process
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run, operation
from datakit.verbs.trimap.options import VERB, Options


def run(options: Options, progress: ProgressListener | None = None) -> Summary:
    """Make trimaps; images and other labels are carried over.

    Parameters
    ----------
    options : Options
        What to read, which style, where to write.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Summary

    Raises
    ------
    InputError
        If SRC cannot be read, or DST must not be written.
    ModelError
        If a face detector's weights are missing.
    """
    source = options.open(progress)
    task = LazyTask(
        "datakit.verbs.trimap.task:Trimap",
        {
            "out": options.out,
            "step": operation(VERB, options),
            "style": options.style,
            "band_params": options.band_params,
            "kernel_px": options.kernel,
            "reach_px": options.reach,
        },
    )
    return process(Run(VERB, options, source), task, progress=progress)
