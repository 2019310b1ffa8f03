"""``qc --rejudge``: measurements that were kept are judged again, by other thresholds."""

from __future__ import annotations

from datakit.io.dataset import output
from datakit.io.layouts.sources import Collection
from datakit.io.store import atomic
from datakit.io.store.storage import location
from datakit.pages.report import render
from datakit.records.card import Card
from datakit.records.quality import Quality
from datakit.verbs.qc import page
from datakit.verbs.qc import quality_report as report
from datakit.verbs.qc.options import VERB, RejudgeOptions
from datakit.verbs.shared.run_record import Run


def rejudge(options: RejudgeOptions) -> Quality:
    """Judge a table of measurements again; with ``out``, write a report."""
    plan = report.plan(options)
    source = location(options.rejudge)
    rows = report.read_measurements(source / report.TABLE if source.is_dir() else source)
    counts = {"samples": len(rows)}
    if not options.out or options.dry_run:
        return report.quality(report.judged(rows, plan), options.fail_on, counts=counts)
    out = location(options.out)
    output.check_target(out, options.mode, (source,))
    again = Run(VERB, options, Collection(()))
    with output.create(out, again.fingerprint, options.mode) as writer:
        result = report.write(out, rows, plan, source.name)
        shown = page.compose(source.name, len(rows), result, plan, {}, ())
        atomic.write_bytes(out / page.PAGE, render(shown))
        writer.finish(Card(counts=counts, commands=(again.command,)), manifest=False)
    return report.quality(result, options.fail_on, out=options.out, counts=counts)
