"""``qc``: every matte of a source is measured, judged and, where that is certain, repaired."""

from __future__ import annotations

import msgspec

from datakit.engine.base import LazyTask
from datakit.io.dataset import output
from datakit.io.dataset.names import FAILURES
from datakit.io.store import atomic
from datakit.io.store.storage import location
from datakit.models.segmenters.base import identify
from datakit.models.segmenters.hands import hands_identity
from datakit.pages.report import render
from datakit.records.failure import Failure
from datakit.records.labels import is_binary
from datakit.records.quality import Quality
from datakit.verbs.qc import page
from datakit.verbs.qc import quality_report as report
from datakit.verbs.qc.options import VERB, InspectOptions
from datakit.verbs.qc.suspects import predictions_of, write_suspects
from datakit.verbs.shared.pipeline import Contents, process
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run, operation


def inspect(options: InspectOptions, progress: ProgressListener | None) -> Quality:
    """Measure the mattes of a source, and write the report."""
    plan = report.plan(options)
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
        tiles = report.draw_sheets(writer.out, options, source, result.findings, plan)
        lines = writer.lines(FAILURES) if writer.failed else ()
        failures = [msgspec.json.decode(line, type=Failure) for line in lines]
        shown = page.compose(name, len(rows), result, plan, tiles, failures)
        atomic.write_bytes(writer.out / page.PAGE, render(shown))
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
    models = {"segmenter": identify(segmenter), "hands": hands_identity()}
    return [
        f"{role} {found.name} ({found.licence}), sha256 {found.sha256}"
        for role, found in models.items()
    ]
