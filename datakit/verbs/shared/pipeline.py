"""The straight line from SRC to DST that every writing verb is."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from datakit.engine.base import Engine, LazyTask, Outcome, ordered_map
from datakit.errors import InputError
from datakit.io.dataset import output
from datakit.io.layouts.base import Item
from datakit.io.pixels.conversions import conversion_notes, listening, repeat
from datakit.records.card import Card
from datakit.records.failure import Failure
from datakit.records.product import Product
from datakit.records.summary import Summary
from datakit.verbs.shared.basis import Basis
from datakit.verbs.shared.lost_labels import Losses
from datakit.verbs.shared.nodes import SharedTarget, node_notes
from datakit.verbs.shared.progress import ProgressListener, SilentProgress
from datakit.verbs.shared.recorded import Recorded
from datakit.verbs.shared.run_record import Run
from datakit.verbs.shared.source_check import SourceCheck


@dataclass(frozen=True)
class Contents:
    """What a dataset holds beside the samples that a task makes.

    Attributes
    ----------
    notes : tuple of str
        What a person must know of the dataset (a licence that binds), beside the source's own
        notes: for card and summary.
    tables : mapping
        Further tables in DST, name -> header (see `datakit.io.dataset.output.create`).
    finishing : callable, optional
        Called when all items are done and before the card is written, for files that speak of all
        samples; it must write the same bytes whenever it is called again.
    views : bool
        Whether splits get manifests of their own (``SPLIT/metadata.jsonl``).
    manifest : bool
        Whether DST is a dataset; a report has no manifest.
    """

    notes: tuple[str, ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    finishing: Callable[[output.DatasetWriter], None] | None = None
    views: bool = True
    manifest: bool = True


SAMPLES_ONLY = Contents()


def process(
    run: Run,
    task: LazyTask,
    *,
    label_map: Mapping[str, int] | None = None,
    contents: Contents = SAMPLES_ONLY,
    select: Callable[[Item], bool] = lambda item: True,
    on_outcome: Callable[[Outcome[Product]], None] = lambda outcome: None,
    progress: ProgressListener | None = None,
) -> Summary:
    """Run a task over a source into a dataset: the line that every writing verb is.

    Parameters
    ----------
    run : Run
        What is run; its command is recorded in the card, after the source's own.
    task : LazyTask
        Item -> Product; writes its files below ``run.target``.
    label_map : mapping, optional
        Class name -> mask value, for the card, of a verb that replaces the labels; the source's
        own when None.
    contents : Contents
        What the dataset holds beside the samples.
    select : callable
        Which items take part.
    on_outcome : callable
        Called with each outcome, in order: with the time it took, which no dataset keeps.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Summary

    Raises
    ------
    InputError
        If the target may not be written (see `datakit.io.dataset.output.check_target`), or at
        the first failure with ``strict``.
    """
    started = time.perf_counter()
    progress = progress or SilentProgress()
    output.check_target(run.target, run.options.mode, run.origins, run.inputs)
    if run.options.dry_run:
        return _plan(run, sum(1 for item in run.source.items() if select(item)))
    sources = SourceCheck(Basis(task), select)
    if run.options.resume and (finished := _finished(run, sources)):
        return finished
    engine = run.options.make_engine()
    progress.begin(len(run.source), run.verb)
    try:
        with (
            output.create(
                run.target,
                run.fingerprint,
                run.options.mode,
                contents.tables,
                identity=run.identity,
            ) as writer,
            listening() as heard,
        ):
            outcomes = _outcomes(run, engine, task, sources, writer, progress)
            tally = _collect(run, outcomes, writer, on_outcome, progress)
            if contents.finishing is not None:
                contents.finishing(writer)
            counts = tally.counts(writer.failed)
            card = Card(
                label_map=dict(run.source.label_map if label_map is None else label_map),
                counts=counts,
                commands=(*run.source.commands, run.command),
                notes=tuple(
                    dict.fromkeys(
                        (
                            *run.source.notes,
                            *contents.notes,
                            *conversion_notes(heard, example=False),
                        )
                    )
                ),
            )
            writer.finish(
                card,
                views=contents.views,
                manifest=contents.manifest,
                failures=run.source.failures,
            )
            resumed = sources.notes(writer.known)
    finally:
        progress.end()
    return Summary(
        verb=run.verb,
        out=str(run.target),
        counts=counts,
        failed=counts["failed"],
        seconds=time.perf_counter() - started,
        notes=tuple(
            dict.fromkeys(
                (
                    *run.source.notes,
                    *contents.notes,
                    *tally.losses.notes(),
                    *resumed,
                    *node_notes(engine),
                )
            )
        ),
    )


def _outcomes(
    run: Run,
    engine: Engine,
    task: LazyTask,
    sources: SourceCheck,
    writer: output.DatasetWriter,
    progress: ProgressListener,
) -> Generator[Outcome[Product], None, None]:
    """Yield what became of each item, in order."""
    if run.options.engine != "local":
        progress.nodes(engine.rates)
    work = Recorded(task, sources.basis, run.options.out)

    def recorded(item: Item) -> Product | None:
        return sources.recorded(item, writer) if writer.known else None

    return ordered_map(engine, work, sources.chosen(run.source), recorded=recorded)


def _collect(
    run: Run,
    outcomes: Generator[Outcome[Product], None, None],
    writer: output.DatasetWriter,
    on_outcome: Callable[[Outcome[Product]], None],
    progress: ProgressListener,
) -> Tally:
    """Write down what was made; at the first failure InputError with ``strict``."""
    tally = Tally()
    target = SharedTarget(run.target)
    with closing(outcomes):
        for failure in run.source.failures:
            if run.options.strict:
                raise InputError(f"--strict: {failure.id}: {failure.error}")
            writer.fail(failure)
        for outcome in outcomes:
            target.check(outcome)
            on_outcome(outcome)
            product = _product(outcome, run.verb)
            if run.options.strict and product.failures:
                raise InputError(f"--strict: {outcome.key}: {product.failures[0].error}")
            writer.add(outcome.key, product)
            tally.add(product)
            # What an earlier run did of this dataset was heard by nobody here.
            repeat(product.converted)
            progress.advance(writer.failed)
    return tally


class Tally:
    """Counts of what a run made.

    Attributes
    ----------
    losses : Losses
        The labels of which a new size left nothing.
    """

    def __init__(self) -> None:
        self.losses = Losses()
        self._counts = dict.fromkeys(
            ("samples", "masks", "alphas", "trimaps", "empty", "partial", "unlabelled"), 0
        )

    def add(self, product: Product) -> None:
        """Count an item's samples, and what its verb counts."""
        self.losses.add(product.lost)
        for name, count in product.counts.items():
            self._counts[name] = self._counts.get(name, 0) + count
        for sample in product.samples:
            self._counts["samples"] += 1
            self._counts["masks"] += sample.mask_file_name is not None
            self._counts["alphas"] += sample.alpha_file_name is not None
            self._counts["trimaps"] += sample.trimap_file_name is not None
            self._counts["empty"] += sample.fg_ratio == 0
            self._counts["partial"] += sample.label_state == "partial"
            self._counts["unlabelled"] += sample.label_state == "none"

    def counts(self, failed: int) -> dict[str, int]:
        """Return the counts, label kinds that do not occur left out."""
        kept = {
            name: count
            for name, count in self._counts.items()
            if count or name in ("samples", "empty")
        }
        return kept | {"failed": failed}


def _product(outcome: Outcome[Product], verb: str) -> Product:
    if outcome.value is not None:
        return outcome.value
    step = "worker" if str(outcome.error).startswith("WorkerLost") else verb
    failure = Failure(id=outcome.key, file=outcome.key, step=step, error=str(outcome.error))
    return Product(failures=(failure,))


def _finished(run: Run, sources: SourceCheck) -> Summary | None:
    """Return the summary of a run that ended before; None when there is something to do.

    A dataset whose source has changed since becomes an interrupted run again.
    """
    if not output.is_finished(run.target):
        return None
    card = output.read_card(run.target)
    if not any(run.made(command) for command in card.commands[-1:]):
        raise InputError(
            f"{run.target}: --resume found a finished dataset made with other options; choose "
            "another folder, or --overwrite"
        )
    if not sources.is_current(run):
        output.reopen(run.target, run.fingerprint)
        return None
    return Summary(
        verb=run.verb,
        out=str(run.target),
        counts=card.counts,
        failed=card.counts.get("failed", 0),
        notes=("this run was complete already; nothing was done",),
    )


def _plan(run: Run, items: int) -> Summary:
    return Summary(
        verb=run.verb,
        out=str(run.target),
        counts={"would process": items, "refused already": len(run.source.failures)},
        notes=(
            f"dry run: nothing was written; read as {', '.join(run.source.formats)}; whether each "
            "file is there and can be read was not checked, `datakit validate SRC` does",
        ),
    )
