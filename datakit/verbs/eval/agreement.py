"""``eval --between``: how far several people's labels agree, and one label of them all."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing

import msgspec

from datakit.engine.base import LazyTask, ordered_map
from datakit.errors import InputError
from datakit.io.dataset import report_folder
from datakit.io.layouts.sources import Derived, open_sources
from datakit.io.store import atomic
from datakit.io.store.storage import Location, location
from datakit.io.tables import csv_rows
from datakit.io.tables.plots import Bars, save_bars
from datakit.records.evaluation import Agreement, PairAgreement, SampleAgreement, Score
from datakit.records.failure import Failure, in_words
from datakit.records.labels import BACKGROUND, FOREGROUND
from datakit.records.summary import Summary
from datakit.verbs.eval import report
from datakit.verbs.eval.agreement_task import Compared
from datakit.verbs.eval.labels import Labels, read_labels
from datakit.verbs.eval.options import VERB, ConsensusOptions, Options
from datakit.verbs.eval.votes import Voted, Voters, gathered, shared_classes
from datakit.verbs.shared.pipeline import process
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run, operation


def measure(options: Options, progress: ProgressListener) -> Agreement:
    """Compare the sources' labels with one another, and with ``consensus`` make one of them.

    Raises
    ------
    InputError
        If a source has no labels, no image is labelled twice, or DST holds something else.
    """
    started = time.perf_counter()
    if options.out:
        out = location(options.out)
        report.check_apart(out, options.src)
        if options.consensus is None:
            report_folder.check(out, report.FILES, overwrite=options.overwrite)
    sources = [read_labels(path, options.layout, options.read_settings) for path in options.src]
    for source in sources:
        report.note_labels(source, progress)
    images = gathered(sources)
    values = shared_classes(sources)
    voters = Voters(tuple(source.label_map for source in sources), values, options.threshold)
    found, failures = _compared(options, voters, images, progress)
    unread = [failure for source in sources for failure in source.failures] + failures
    result = Agreement(
        sources=options.src,
        out=options.out,
        samples=len(found),
        pairs=_pairs(options, found),
        worst=tuple(_most_disputed(found)[: report.SHOWN]),
        failed=len(unread),
        notes=(*_notes(sources, values), *in_words(unread, "compared")),
    )
    if options.consensus is not None:
        made = _merge(options, voters, images, progress)
        result = msgspec.structs.replace(
            result,
            consensus=options.consensus,
            written=made.counts,
            failed=result.failed + made.failed,
        )
    elif options.out:
        _write(location(options.out), result, _most_disputed(found), unread)
    return msgspec.structs.replace(result, seconds=time.perf_counter() - started)


def _compared(
    options: Options, voters: Voters, images: Sequence[Voted], progress: ProgressListener
) -> tuple[list[Compared], list[Failure]]:
    """Compare every image that at least two sources label."""
    shared = [voted for voted in images if len(voted.votes) > 1]
    if not shared:
        raise InputError(
            f"eval --between: expected images that two sources label, found none in "
            f"{', '.join(options.src)}; their labels must have equal names"
        )
    task = LazyTask("datakit.verbs.eval.agreement_task:Compare", {"voters": voters})
    found: list[Compared] = []
    failures: list[Failure] = []
    progress.begin(len(shared), VERB)
    try:
        with closing(ordered_map(options.make_engine(), task, shared)) as outcomes:
            for voted, outcome in zip(shared, outcomes, strict=True):
                if outcome.value is not None:
                    found.append(outcome.value)
                else:
                    error = str(outcome.error)
                    failures.append(
                        Failure(id=voted.key, file=voted.source_name, step=VERB, error=error)
                    )
                progress.advance(len(failures))
    finally:
        progress.end()
    if not found:
        raise InputError(f"eval --between: no image could be compared; {failures[0].error}")
    return found, failures


def _pairs(options: Options, found: Sequence[Compared]) -> tuple[PairAgreement, ...]:
    scores: dict[tuple[int, int], list[Score]] = defaultdict(list)
    for one in found:
        for first, second, score in one.pairs:
            scores[first, second].append(score)
    return tuple(
        PairAgreement(
            first=options.src[first],
            second=options.src[second],
            metrics=report.summarise(some, options),
        )
        for (first, second), some in sorted(scores.items())
    )


def _most_disputed(found: Sequence[Compared]) -> list[SampleAgreement]:
    samples = [one.sample for one in found]
    return sorted(samples, key=lambda sample: (-sample.disagreement, sample.id))


def _notes(sources: Sequence[Labels], values: dict[str, int]) -> tuple[str, ...]:
    if values:
        return (f"compared by class: {', '.join(name for name in values if values[name])}",)
    if any(source.names_classes for source in sources):
        return ("compared foreground against background, as not every source names classes",)
    return ()


def _merge(
    options: Options, voters: Voters, images: list[Voted], progress: ProgressListener
) -> Summary:
    """Write the dataset of one label for each image."""
    made = ConsensusOptions(
        src=options.src,
        out=str(options.out),
        layout=options.layout,
        images_dir=options.images_dir,
        labels_dir=options.labels_dir,
        labels=options.labels,
        annotator=options.annotator,
        predictions=options.predictions,
        transparency=options.transparency,
        workers=options.workers,
        engine=options.engine,
        ray_address=options.ray_address,
        max_memory=options.max_memory,
        overwrite=options.overwrite,
        consensus=options.consensus or "majority",
        threshold=options.threshold,
    )
    first = open_sources([options.src[0]], layout=options.layout, settings=options.read_settings)
    chosen = Derived(first, lambda: iter(images), len(images), ()).collection()
    task = LazyTask(
        "datakit.verbs.eval.agreement_task:Merge",
        {
            "out": made.out,
            "step": operation(VERB, made),
            "voters": voters,
            "method": made.consensus,
        },
    )
    label_map = dict(voters.values) or {BACKGROUND: 0, FOREGROUND: 255}
    return process(Run(VERB, made, chosen), task, label_map=label_map, progress=progress)


def _write(
    out: Location,
    result: Agreement,
    samples: Sequence[SampleAgreement],
    failures: Sequence[Failure],
) -> None:
    """Write summary, rows (the most disputed first), a plot and failures."""
    report_folder.clear(out, report.FILES)
    rows = b"".join(msgspec.json.encode(sample) + b"\n" for sample in samples)
    atomic.write_bytes(out / "eval.jsonl", rows)
    table = csv_rows.records([msgspec.structs.asdict(sample) for sample in samples])
    atomic.write_bytes(out / "eval.csv", table)
    charts: list[Bars] = [
        report.histogram(name, [getattr(sample, name) for sample in samples])
        for name in ("disagreement", "iou", "boundary_iou")
    ]
    save_bars(out / "eval.svg", charts, f"agreement of {len(result.sources)} sources")
    report.write_failures(out, failures)
    text = msgspec.json.format(msgspec.json.encode(result), indent=2)
    atomic.write_bytes(out / "eval.json", text + b"\n")
