"""``eval``: predictions against true mattes or masks, in the field's numbers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing

from datakit.engine.base import LazyTask, Outcome, ordered_map
from datakit.errors import InputError
from datakit.io.dataset import report_folder
from datakit.io.store.storage import location
from datakit.models.inpainting.perceptual import identify_perceptual
from datakit.records.evaluation import (
    Agreement,
    Comparison,
    Evaluation,
    InstanceEvaluation,
    Score,
)
from datakit.records.failure import Failure
from datakit.records.sample import SYNTHETIC
from datakit.verbs.eval import agreement, instances, report
from datakit.verbs.eval.labels import (
    Kind,
    Labels,
    match_names,
    moved_note,
    read_labels,
    read_pictures,
)
from datakit.verbs.eval.options import VERB, Options
from datakit.verbs.eval.task import Pair
from datakit.verbs.shared.progress import ProgressListener, SilentProgress


def run(
    options: Options, progress: ProgressListener | None = None
) -> Evaluation | InstanceEvaluation | Agreement:
    """Compare predictions with the truth, or several people's labels with one another.

    Parameters
    ----------
    options : Options
        The two sources, whose conventions, where the tables go.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Evaluation
        Means with confidence intervals, the worst samples, paired differences.
    InstanceEvaluation
        With ``metrics="coco"``: average precision and recall of objects.
    Agreement
        With ``between``: how far the sources agree.

    Raises
    ------
    InputError
        If a source has no labels, nothing matches, the truth is synthetic, or DST holds
        something else.
    """
    progress = progress or SilentProgress()
    if options.between:
        return agreement.measure(options, progress)
    if options.metrics == "coco":
        return instances.measure(options, progress)
    return _against_truth(options, progress)


def _against_truth(options: Options, progress: ProgressListener) -> Evaluation:
    started = time.perf_counter()
    out = location(options.out) if options.out else None
    if out:
        report_folder.check(out, report.FILES, overwrite=options.overwrite)
        report.check_apart(out, (*options.src, *options.compare))
    gt = _truth(options)
    report.note_labels(gt, progress)
    kind = _kind(options, gt)
    _refuse_synthetic(options, gt, kind)
    preds = [options.src[0], *options.compare]
    scores: list[list[Score]] = []
    failures: list[Failure] = [*gt.failures]
    notes = _notes(options, kind)
    for path in preds:
        # --from and the other words on reading are about the truth.
        pred = read_pictures(path, plates=True) if kind == "plate" else read_labels(path)
        report.note_labels(pred, progress)
        pairs, unmatched, moved = _pairs(pred, gt, kind)
        notes += moved
        failures += pred.failures
        failures += unmatched
        found, failed = _measure(options, kind, pairs, progress)
        scores.append(found)
        failures += failed
    if not scores[0]:
        raise InputError(f"{preds[0]}: none of its files could be compared; {failures[-1].error}")
    order = report.order_of(options.sort, kind, scores[0])
    ranked = report.worst_first(scores[0], order)
    summaries = [report.summarise(found, options) for found in scores]
    result = Evaluation(
        pred=preds[0],
        gt=options.src[1],
        kind=kind,
        profile=options.profile if kind == "alpha" else None,
        out=options.out,
        samples=len(ranked),
        metrics=summaries[0],
        comparisons=tuple(
            Comparison(
                pred=path,
                metrics=metrics,
                differences=report.paired(scores[0], found, options),
            )
            for path, metrics, found in zip(preds[1:], summaries[1:], scores[1:], strict=True)
        ),
        worst=tuple(ranked[: report.SHOWN]),
        failed=len(failures),
        notes=(*dict.fromkeys(notes), *report.not_compared(failures, out)),
        seconds=time.perf_counter() - started,
    )
    if out:
        report.write(out, result, ranked, failures)
    return result


def _truth(options: Options) -> Labels:
    if options.kind == "plate":
        return read_pictures(options.src[1], plates=False)
    return read_labels(options.src[1], options.layout, options.read_settings)


def _kind(options: Options, gt: Labels) -> Kind:
    if options.kind != "auto":
        if gt.kinds and options.kind not in gt.kinds:
            raise InputError(f"{options.src[1]}: expected {options.kind}s, found none")
        return options.kind
    return "mask" if gt.kinds == {"mask"} else "alpha"


def _refuse_synthetic(options: Options, gt: Labels, kind: Kind) -> None:
    synthetic = [
        key for key, item in gt.items.items() if item.sample and SYNTHETIC in item.sample.tags
    ]
    if kind == "alpha" and synthetic and not options.allow_synthetic:
        raise InputError(
            f"{options.src[1]}: expected true alphas, found {len(synthetic)} that were computed "
            f"({synthetic[0]}, tagged synthetic-alpha); --allow-synthetic takes them all the same"
        )


def _notes(options: Options, kind: Kind) -> tuple[str, ...]:
    notes = (f"compared {kind}s, as --kind was auto",) if options.kind == "auto" else ()
    if options.lpips is None:
        return notes
    network = identify_perceptual(options.lpips, options.lpips_contract)
    return (*notes, f"lpips by {network.name} (sha256 {network.sha256}, {network.licence} licence)")


def _pairs(
    pred: Labels, gt: Labels, kind: Kind
) -> tuple[list[Pair], list[Failure], tuple[str, ...]]:
    """Match predictions and truth; what has no partner is a failure, what has moved a note."""
    preds, truths = pred.of(kind), gt.of(kind)
    matched = match_names(preds, truths)
    failures = [
        Failure(
            id=key,
            file=item.source_name,
            step="match",
            error=f"{pred.path} has no prediction of this {kind}",
        )
        for key, item in truths.items()
        if key not in matched
    ]
    used = set(matched.values())
    failures += [
        Failure(
            id=key,
            file=item.source_name,
            step="match",
            error=f"the truth has no {kind} of this name",
        )
        for key, item in preds.items()
        if key not in used
    ]
    pairs = [Pair(key, preds[other], truths[key]) for key, other in matched.items()]
    if not pairs:
        raise InputError(
            f"{pred.path}: expected {kind}s named like the truth's ({next(iter(truths), 'none')}), "
            f"found {next(iter(preds), 'none')}"
        )
    return pairs, failures, moved_note(matched)


def _measure(
    options: Options, kind: Kind, pairs: Sequence[Pair], progress: ProgressListener
) -> tuple[list[Score], list[Failure]]:
    task = LazyTask(
        "datakit.verbs.eval.task:Evaluate",
        {
            "kind": kind,
            "profile": options.profile,
            "region": options.trimap,
            "threshold": options.threshold,
            "resize": options.resize,
            "lpips": None if options.lpips is None else (options.lpips, options.lpips_contract),
        },
    )
    scores: list[Score] = []
    failures: list[Failure] = []
    progress.begin(len(pairs), VERB)
    try:
        for pair, outcome in _outcomes(options, task, pairs):
            if outcome.value is not None:
                scores.append(outcome.value)
            else:
                file, error = pair.pred.source_name, str(outcome.error)
                failures.append(Failure(id=pair.key, file=file, step=VERB, error=error))
            progress.advance(len(failures))
    finally:
        progress.end()
    return scores, failures


def _outcomes(
    options: Options, task: LazyTask, pairs: Sequence[Pair]
) -> Iterator[tuple[Pair, Outcome[Score]]]:
    with closing(ordered_map(options.make_engine(), task, pairs)) as outcomes:
        yield from zip(pairs, outcomes, strict=True)
