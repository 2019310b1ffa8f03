"""``dedup``: exact and near duplicates, flipped and turned ones too; nothing is ever deleted."""

from __future__ import annotations

from datakit.records.base import narrowed
from datakit.records.summary import Summary
from datakit.verbs.dedup.drop import drop
from datakit.verbs.dedup.options import DropOptions, Options, ReportOptions
from datakit.verbs.dedup.report import report
from datakit.verbs.shared.progress import ProgressListener


def run(options: Options, progress: ProgressListener | None = None) -> Summary:
    """Find the duplicates of a source.

    Parameters
    ----------
    options : Options
        What to read and where the report goes.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Summary
        Counts of samples, clusters and extra copies.

    Raises
    ------
    InputError
        If SRC cannot be read or DST must not be written.
    """
    if options.drop:
        return drop(narrowed(options, DropOptions), progress)
    return report(narrowed(options, ReportOptions), progress)
