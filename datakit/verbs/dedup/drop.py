"""``dedup --drop``: a dataset without the extra copies, and the tables of what was dropped."""

from __future__ import annotations

import msgspec

from datakit.records.summary import Summary
from datakit.verbs.dedup.duplicates import choose_kept, find_duplicates, write_tables
from datakit.verbs.dedup.options import VERB, DropOptions
from datakit.verbs.shared.progress import ProgressListener, SilentProgress
from datakit.verbs.split import write


def drop(options: DropOptions, progress: ProgressListener | None) -> Summary:
    """Write a dataset of the samples of a source that are no extra copies."""
    source = options.open(progress)
    write.check(options, source)
    found = find_duplicates(options, source, progress)
    summary = found.summary(options)
    if options.dry_run:
        return summary
    kept = choose_kept(found, options)
    dropped = found.dropped(kept)
    items = found.lineage.items
    chosen = write.chosen_source(
        source,
        found.lineage,
        [item.split for item in items],
        [at not in dropped for at in range(len(items))],
    )
    write.materialize(
        VERB,
        options,
        chosen,
        options.materialize,
        progress or SilentProgress(),
        lambda writer: write_tables(options, found, kept),
    )
    return msgspec.structs.replace(summary, out=options.out)
