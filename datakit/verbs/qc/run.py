"""``qc``: what is wrong with mattes, measured once and judged by thresholds that can change."""

from __future__ import annotations

from datakit.records.base import narrowed
from datakit.records.quality import Quality
from datakit.verbs.qc.inspection import inspect
from datakit.verbs.qc.options import InspectOptions, Options, RejudgeOptions
from datakit.verbs.qc.rejudgement import rejudge
from datakit.verbs.shared.progress import ProgressListener


def run(options: Options, progress: ProgressListener | None = None) -> Quality:
    """Check the mattes of a source, or judge earlier measurements again.

    Parameters
    ----------
    options : Options
        What to read, the thresholds, where the report goes.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Quality
        How often each check reports; ``findings`` counts those at or above ``fail_on``.

    Raises
    ------
    InputError
        If SRC cannot be read, DST must not be written, a check or target is unknown.
    SchemaError
        If thresholds contradict each other.
    """
    if options.rejudge is not None:
        return rejudge(narrowed(options, RejudgeOptions))
    return inspect(narrowed(options, InspectOptions), progress)
