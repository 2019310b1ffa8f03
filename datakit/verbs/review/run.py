"""``review``: a local page to look at uncertain labels, and a dataset made of what was decided."""

from __future__ import annotations

import time
from pathlib import Path

from datakit.errors import InputError
from datakit.io.store.storage import location, overlap
from datakit.records.base import narrowed
from datakit.records.summary import Summary
from datakit.verbs.review.apply import apply
from datakit.verbs.review.options import VERB, ApplyOptions, Options, ServeOptions
from datakit.verbs.review.serve import serve
from datakit.verbs.shared.progress import ProgressListener, SilentProgress


def run(options: Options, progress: ProgressListener | None = None) -> Summary:
    """Show the review's page until it is ended, or apply what was decided.

    Parameters
    ----------
    options : Options
        The dataset, where decisions go, whether to apply them.
    progress : ProgressListener, optional
        Where progress is reported, and the page's address, with its token, is announced.

    Returns
    -------
    Summary
        Counts of what is decided and what is open.

    Raises
    ------
    InputError
        If SRC is no dataset of datakit's, the port is taken, or a folder must not be used.
    """
    if overlap(Path(options.folder), location(options.src[0])):
        raise InputError(
            f"{options.folder}: expected a folder apart from the dataset; choose it with "
            "--decisions"
        )
    if options.apply:
        if overlap(location(options.out), Path(options.folder)):
            raise InputError(f"{options.out}: expected a folder apart from {options.folder}")
        return apply(narrowed(options, ApplyOptions), progress)
    started = time.perf_counter()
    counts, notes = serve(narrowed(options, ServeOptions), progress or SilentProgress())
    return Summary(
        verb=VERB,
        out=None if options.dry_run else options.folder,
        counts=counts,
        seconds=time.perf_counter() - started,
        notes=notes,
    )
