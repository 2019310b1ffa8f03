"""``qc``: what is wrong with mattes, measured once and judged by thresholds that can change."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from datakit.checks.limits import Override
from datakit.verbs.shared.pipeline import Silent, Watch, WriteOptions, operation, process, recorded_options
from datakit.engine.base import LazyTask
from datakit.errors import InputError
from datakit.io.dataset.output import output
from datakit.io.layouts.sources import open_sources
from datakit.io.store.storage import location
from datakit.models.segmenters.base import SEGMENTERS, identify
from datakit.records.card import Card, Command
from datakit.records.quality import Quality
from datakit.version import __version__

if TYPE_CHECKING:
    from datakit.verbs.qc import quality_report as report

VERB = "qc"


class Options(WriteOptions, frozen=True, kw_only=True):
    """Options of ``qc``.

    Examples
    --------
    >>> Options(src=("mattes",), out="report", target=("fg_ratio=0.5+-0.2",)).fail_on
    'error'
    >>> stricter = Options(rejudge="report/qc.parquet", checks={"halo": {"warning": 0.8}})
    >>> stricter.checks["halo"].warning
    0.8
    """

    src: Annotated[tuple[str, ...], Meta(description="folders, .zip or COCO .json to read")] = ()
    out: Annotated[str, Meta(description="the folder to write the report to")] = ""
    rejudge: Annotated[
        str | None,
        Meta(
            description="judge this qc.parquet again, without SRC and without its pixels",
            extra={"input": "path"},
        ),
    ] = None
    checks: Annotated[
        dict[str, Override],
        Meta(
            description="other thresholds, in the YAML of --config: "
            "checks: {halo: {warning: 0.8}, binary: {enabled: false}}"
        ),
    ] = msgspec.field(default_factory=dict)
    check: Annotated[
        tuple[str, ...], Meta(description="judge only this check or family (repeatable)")
    ] = ()
    target: Annotated[
        tuple[str, ...],
        Meta(description="what the set should look like: fg_ratio=0.5+-0.2 (repeatable)"),
    ] = ()
    segmenter: Annotated[
        str | None,
        Meta(
            description="compare labels with what this model sees (the content checks)",
            extra={"choices": SEGMENTERS},
        ),
    ] = None
    fail_on: Annotated[
        Literal["review", "warning", "error", "never"],
        Meta(description="exit code 1 from this severity on"),
    ] = "error"
    fix: Annotated[
        Literal["none", "safe"],
        Meta(
            description="safe: DST also gets the images with corrected labels: residue snapped, "
            "channel taken, 0/1 rescaled, specks removed"
        ),
    ] = "none"
    sheet: Annotated[
        int, Meta(ge=0, le=200, description="samples on the contact sheet of each check; 0: none")
    ] = 24

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rejudge is None and not (self.src and self.out):
            raise InputError("qc: expected SRC and -o DST, or --rejudge FILE")
        if self.rejudge is not None and self.src:
            raise InputError("--rejudge takes no SRC: it judges measurements that were kept")
        if self.rejudge is not None and (self.fix != "none" or self.resume or self.segmenter):
            raise InputError(
                "--rejudge sees no pixels: --fix, --segmenter and --resume do not go with it"
            )
        if self.segmenter is not None and self.segmenter not in SEGMENTERS:
            raise InputError(f"--segmenter: expected one of {', '.join(SEGMENTERS)}")

    @property
    def makes_dataset(self) -> bool:
        """Whether DST is a dataset, not only a report."""
        return self.fix != "none"


def run(options: Options, watch: Watch | None = None) -> Quality:
    """Check the mattes of a source, or judge earlier measurements again.

    Parameters
    ----------
    options : Options
        What to read, the thresholds, where the report goes.
    watch : Watch, optional
        Who is told of the progress.

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
    from datakit.verbs.qc import quality_report as report

    started = time.perf_counter()
    plan = report.plan(options)
    if options.rejudge is not None:
        result = _rejudge(options, plan)
    else:
        result = _inspect(options, plan, watch or Silent())
    return msgspec.structs.replace(result, seconds=time.perf_counter() - started)


def _inspect(options: Options, plan: report.Plan, watch: Watch) -> Quality:
    from datakit.verbs.qc import quality_report as report

    source = open_sources(options.src, layout=options.layout)
    task = LazyTask(
        "datakit.verbs.qc.task:Inspect",
        {
            "out": options.out,
            "step": operation(VERB, options),
            "checks": plan.measured,
            "fix": options.fix == "safe",
            "segmenter": options.segmenter,
        },
    )
    notes = _model_note(options.segmenter)
    tables = {report.MEASUREMENTS: ""}
    if options.fix == "safe":
        tables[report.FIXES] = report.FIXES_HEADER
    name = ", ".join(location(path).name for path in options.src)

    def write_report(writer: output.DatasetWriter) -> None:
        rows = report.keep_measurements(writer)
        result = report.write(writer.out, rows, plan, name)
        report.draw_sheets(writer.out, options, source, result.findings, plan)

    summary = process(
        VERB,
        options,
        source,
        task,
        tables=tables,
        finishing=write_report,
        manifest=options.makes_dataset,
        watch=watch,
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


def _model_note(segmenter: str | None) -> tuple[str, ...]:
    """Say which weights judge; ModelError before any work when they are missing or damaged."""
    if segmenter is None:
        return ()
    found = identify(segmenter)
    return (f"segmenter {found.name} ({found.licence}), sha256 {found.sha256}",)


def _rejudge(options: Options, plan: report.Plan) -> Quality:
    from datakit.verbs.qc import quality_report as report

    source = location(str(options.rejudge))
    rows = report.read_measurements(source / report.TABLE if source.is_dir() else source)
    counts = {"samples": len(rows)}
    if not options.out or options.dry_run:
        return report.quality(report.judged(rows, plan), options.fail_on, counts=counts)
    out = location(options.out)
    output.check_target(out, options.mode, (source,))
    command = Command(verb=VERB, version=__version__, options=recorded_options(options))
    fingerprint = hashlib.sha256(msgspec.json.encode([str(source.resolve()), command])).hexdigest()
    with output.create(out, fingerprint, options.mode) as writer:
        result = report.write(out, rows, plan, source.name)
        writer.finish(Card(counts=counts, commands=(command,)), manifest=False)
    return report.quality(result, options.fail_on, out=options.out, counts=counts)
