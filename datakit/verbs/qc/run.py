"""``qc``: what is wrong with mattes, measured once and judged by thresholds that can change."""

from __future__ import annotations

import time

import msgspec

from datakit.engine.base import LazyTask
from datakit.io.dataset import output
from datakit.io.layouts.sources import Collection
from datakit.io.store.storage import location
from datakit.models.segmenters.base import identify
from datakit.records.card import Card
from datakit.records.labels import is_binary
from datakit.records.quality import Quality
from datakit.verbs.qc import quality_report as report
from datakit.verbs.qc.options import VERB, Options
from datakit.verbs.qc.suspects import predictions_of, write_suspects
from datakit.verbs.shared.pipeline import Contents, process
from datakit.verbs.shared.progress import ProgressListener, SilentProgress
from datakit.verbs.shared.run_record import Run, operation


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
    started = time.perf_counter()
    plan = report.plan(options)
    if options.rejudge is not None:
        result = _rejudge(options, plan)
    else:
        result = _inspect(options, plan, progress or SilentProgress())
    return msgspec.structs.replace(result, seconds=time.perf_counter() - started)


def _inspect(options: Options, plan: report.Plan, progress: ProgressListener) -> Quality:
    source = options.open(progress)
    task = LazyTask(
        "datakit.verbs.qc.task:Inspect",
        {
            "out": options.out,
            "step": operation(VERB, options),
            "checks": plan.measured,
            "binary": is_binary(source.label_map),
            "fix": options.fix == "safe",
            "segmenter": options.segmenter,
        },
    )
    notes = _model_note(options.segmenter)
    if options.predicted:
        predictions_of(options, source)
    tables = {report.MEASUREMENTS: ""}
    if options.fix == "safe":
        tables[report.FIXES] = report.FIXES_HEADER
    name = ", ".join(location(path).name for path in options.src)

    def write_report(writer: output.DatasetWriter) -> None:
        rows = report.keep_measurements(writer)
        result = report.write(writer.out, rows, plan, name)
        report.draw_sheets(writer.out, options, source, result.findings, plan)
        if options.suspects:
            notes.append(write_suspects(writer.out, options, source))

    summary = process(
        Run(VERB, options, source),
        task,
        contents=Contents(tables=tables, finishing=write_report, manifest=options.makes_dataset),
        progress=progress,
    )
    if options.dry_run:
        return Quality(out=summary.out, counts=summary.counts, notes=summary.notes)
    out = location(options.out)
    rows = report.read_measurements(out / report.TABLE)
    result = report.judged(rows, plan)
    counts = {"samples": len(rows)} | {
        name: summary.counts[name] for name in ("fixed", "failed") if name in summary.counts
    }
    quality = report.quality(
        result, options.fail_on, out=options.out, counts=counts, failed=summary.failed
    )
    return msgspec.structs.replace(quality, notes=(*quality.notes, *notes))


def _model_note(segmenter: str | None) -> list[str]:
    """Say which weights judge; ModelError before any work when they are missing or damaged."""
    if segmenter is None:
        return []
    found = identify(segmenter)
    return [f"segmenter {found.name} ({found.licence}), sha256 {found.sha256}"]


def _rejudge(options: Options, plan: report.Plan) -> Quality:
    source = location(str(options.rejudge))
    rows = report.read_measurements(source / report.TABLE if source.is_dir() else source)
    counts = {"samples": len(rows)}
    if not options.out or options.dry_run:
        return report.quality(report.judged(rows, plan), options.fail_on, counts=counts)
    out = location(options.out)
    output.check_target(out, options.mode, (source,))
    again = Run(VERB, options, Collection(()))
    with output.create(out, again.fingerprint, options.mode) as writer:
        result = report.write(out, rows, plan, source.name)
        writer.finish(Card(counts=counts, commands=(again.command,)), manifest=False)
    return report.quality(result, options.fail_on, out=options.out, counts=counts)
