"""``dedup``: a report of the duplicates; nothing is dropped."""

from __future__ import annotations

import msgspec

from datakit.records.summary import Summary
from datakit.verbs.dedup.duplicates import choose_kept, find_duplicates, write_tables
from datakit.verbs.dedup.options import VERB, ReportOptions
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.split import write


def report(options: ReportOptions, progress: ProgressListener | None) -> Summary:
    """Write the tables of the duplicates of a source."""
    source = options.open(progress)
    write.check(options, source)
    found = find_duplicates(options, source, progress)
    summary = found.summary(options)
    if options.dry_run:
        return summary
    kept = choose_kept(found, options)
    write.claim_report(
        VERB,
        options,
        (*source.failures, *found.lineage.failures),
        summary.counts,
        lambda: write_tables(options, found, kept),
    )
    return msgspec.structs.replace(summary, out=options.out)
