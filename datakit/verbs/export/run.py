"""``export``: a dataset in the layout that another program reads."""

from __future__ import annotations

from datakit.errors import InputError
from datakit.io.layouts import WRITERS
from datakit.records.base import narrowed
from datakit.records.summary import Summary
from datakit.verbs.export.export_files import export_files
from datakit.verbs.export.export_shards import export_shards
from datakit.verbs.export.options import FileOptions, Options, ShardOptions
from datakit.verbs.shared.progress import ProgressListener


def run(options: Options, progress: ProgressListener | None = None) -> Summary:
    """Write a dataset in another program's layout.

    Parameters
    ----------
    options : Options
        What to read, which layout, where to write.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Summary
        Its notes say what the layout cannot carry, and what was left out.

    Raises
    ------
    InputError
        If SRC cannot be read, DST must not be written, or the layout needs ``size``.
    """
    if WRITERS.load(options.format).FACTS.sharded:
        return export_shards(narrowed(options, ShardOptions), progress)
    if options.shard_samples or options.shuffle is not None:
        raise InputError(
            f"--format {options.format} has no shards; leave out --shard-samples and --shuffle"
        )
    return export_files(narrowed(options, FileOptions), progress)
