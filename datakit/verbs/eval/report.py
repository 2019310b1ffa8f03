"""What ``eval`` makes of its scores: summaries, paired differences, tables and plots."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from datakit.core.images.randomness import derive_rng
from datakit.core.metrics.bootstrap import bootstrap_mean
from datakit.errors import InputError
from datakit.io.dataset import report_folder
from datakit.io.store import atomic
from datakit.io.store.storage import Location, location
from datakit.io.tables import csv_rows
from datakit.io.tables.plots import Bars, save_bars
from datakit.records.counts import counted
from datakit.records.evaluation import Evaluation, MetricSummary, PairedDifference, Score
from datakit.records.failure import Failure, in_words
from datakit.verbs.eval.labels import Labels
from datakit.verbs.eval.options import Options
from datakit.verbs.shared.progress import ProgressListener

SHOWN = 10
"""How many of the worst samples the summary names; eval.csv has all."""

FILES = ("eval.json", "eval.csv", "eval.jsonl", "eval.svg", "failures.jsonl")

HIGHER_IS_BETTER = frozenset({"iou", "dice", "boundary_iou", "precision", "recall", "ssim", "psnr"})

_PLOTTED = ("mse", "sad", "grad", "conn", "iou", "boundary_iou", "psnr", "lpips")
_BINS = 12


def note_labels(labels: Labels, progress: ProgressListener) -> None:
    """Say as what a source was read and what is not read of it."""
    for line in labels.notes:
        progress.note(line)


def not_compared(failures: Sequence[Failure], out: Location | None) -> tuple[str, ...]:
    """Say why things could not be compared; and which, where no ``failures.jsonl`` says it."""
    reasons = in_words(failures, "compared")
    files = list(dict.fromkeys(failure.file or failure.id for failure in failures))
    if out is not None or len(files) <= len(reasons):
        return reasons
    rest = f" and {counted(len(files) - SHOWN, 'more')}" if len(files) > SHOWN else ""
    listed = ", ".join(files[:SHOWN])
    return (*reasons, f"not compared: {listed}{rest}; -o FOLDER lists all in failures.jsonl")


def check_apart(out: Location, sources: Sequence[str]) -> None:
    """Refuse to write into a source; InputError."""
    for source in map(location, sources):
        if source.resolve() in (out.resolve(), *out.resolve().parents):
            raise InputError(f"{out}: expected a folder apart from the source {source}")


def order_of(metric: str | None, kind: str, scores: Sequence[Score]) -> str:
    """Return the metric that orders samples; InputError when it is none of the scores'."""
    chosen = metric or {"alpha": "mse", "mask": "iou", "plate": "psnr"}[kind]
    known = metric_names(scores)
    if chosen not in known:
        raise InputError(f"--sort {chosen}: expected one of {', '.join(known)}")
    return chosen


def metric_names(scores: Sequence[Score]) -> list[str]:
    """Return the metrics that any sample has, in the order of their first occurrence."""
    return list(dict.fromkeys(name for score in scores for name in score.metrics))


def worst_first(scores: Sequence[Score], metric: str) -> list[Score]:
    """Order samples by a metric, the worst first; samples without it come last."""
    sign = 1.0 if metric in HIGHER_IS_BETTER else -1.0
    return sorted(
        scores, key=lambda score: (sign * score.metrics.get(metric, sign * np.inf), score.id)
    )


def summarise(scores: Sequence[Score], options: Options) -> dict[str, MetricSummary]:
    """Return each metric's mean with its bootstrap interval, median and worst sample."""
    found = {}
    for name in metric_names(scores):
        having = [score for score in scores if name in score.metrics]
        values = np.array([score.metrics[name] for score in having])
        interval = bootstrap_mean(
            values, derive_rng(options.seed, name, 0), confidence=options.confidence
        )
        worst = worst_first(having, name)[0]
        found[name] = MetricSummary(
            samples=len(having),
            mean=interval.mean,
            low=interval.low,
            high=interval.high,
            median=float(np.median(values)),
            worst=worst.metrics[name],
            worst_id=worst.id,
        )
    return found


def paired(
    first: Sequence[Score], other: Sequence[Score], options: Options
) -> dict[str, PairedDifference]:
    """Return other less first for each metric, over the samples that both have."""
    by_id = {score.id: score.metrics for score in first}
    found = {}
    for name in metric_names(other):
        both = [
            (score.metrics[name], by_id[score.id][name])
            for score in other
            if name in score.metrics and name in by_id.get(score.id, {})
        ]
        if not both:
            continue
        differences = np.array([value - reference for value, reference in both])
        interval = bootstrap_mean(
            differences, derive_rng(options.seed, name, 0), confidence=options.confidence
        )
        gains = differences if name in HIGHER_IS_BETTER else -differences
        found[name] = PairedDifference(
            samples=len(both),
            mean=interval.mean,
            low=interval.low,
            high=interval.high,
            better=int((gains > 0).sum()),
            worse=int((gains < 0).sum()),
        )
    return found


def write(
    out: Location, result: Evaluation, ranked: Sequence[Score], failures: Sequence[Failure]
) -> None:
    """Write summary, rows (worst first), plots and failures."""
    report_folder.clear(out, FILES)
    rows = b"".join(msgspec.json.encode(score) + b"\n" for score in ranked)
    atomic.write_bytes(out / "eval.jsonl", rows)
    atomic.write_bytes(out / "eval.csv", _table(ranked))
    title = f"{location(result.pred).name} against {location(result.gt).name}"
    save_bars(out / "eval.svg", _histograms(ranked), title)
    write_failures(out, failures)
    text = msgspec.json.format(msgspec.json.encode(result), indent=2)
    atomic.write_bytes(out / "eval.json", text + b"\n")


def _table(ranked: Sequence[Score]) -> bytes:
    names = metric_names(ranked)
    return csv_rows.table(
        ["id", "pred", "gt", "width", "height", *names],
        (
            [s.id, s.pred, s.gt, s.width, s.height, *(s.metrics.get(n) for n in names)]
            for s in ranked
        ),
    )


def _histograms(ranked: Sequence[Score]) -> list[Bars]:
    charts = []
    for name in _PLOTTED:
        values = [score.metrics[name] for score in ranked if name in score.metrics]
        if not values:
            continue
        charts.append(histogram(name, values))
    return charts


def histogram(name: str, values: Sequence[float]) -> Bars:
    """Return a chart of how many samples have which value of a metric."""
    counts, edges = np.histogram(values, bins=min(_BINS, max(1, len(values))))
    labels = [f"{low:.3g}" for low in edges[:-1]]
    return Bars(f"{name}, from", "samples", labels, counts.tolist())


def write_failures(out: Location, failures: Sequence[Failure]) -> None:
    """Write ``failures.jsonl``, where there are any."""
    if failures:
        lines = b"".join(msgspec.json.encode(failure) + b"\n" for failure in failures)
        atomic.write_bytes(out / "failures.jsonl", lines)
