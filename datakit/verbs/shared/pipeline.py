"""What the verbs share: options of every writing verb, and the straight line from SRC to DST."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from types import MappingProxyType

import msgspec

from datakit.engine.base import Engine, Outcome, Task, ordered_map
from datakit.errors import InputError
from datakit.io.dataset import output
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection
from datakit.io.store.storage import Location, location
from datakit.records.base import Options
from datakit.records.card import Card, Command
from datakit.records.failure import Failure
from datakit.records.product import Product
from datakit.records.sample import Operation
from datakit.records.summary import Summary
from datakit.verbs.shared.nodes import SharedTarget, node_notes
from datakit.verbs.shared.options import (
    WriteOptions,
    recorded_options,
)
from datakit.verbs.shared.progress import Silent as Silent
from datakit.verbs.shared.progress import Watch as Watch
from datakit.verbs.shared.stored import stored
from datakit.version import __version__


def operation(verb: str, options: Options) -> Operation:
    """Return the step that a sample's history keeps of this run: the options that were chosen.

    The card's chain of commands has all options, defaults included.
    """
    defaults = {
        field.name: field.default
        if field.default_factory is msgspec.NODEFAULT
        else field.default_factory()
        for field in msgspec.structs.fields(options)
    }
    chosen = {
        name: value for name, value in recorded_options(options).items() if value != defaults[name]
    }
    params = msgspec.json.encode(chosen, order="deterministic").decode()
    return Operation(verb=verb, version=__version__, params=params)


def process(
    verb: str,
    options: WriteOptions,
    source: Collection,
    task: Task[Item, Product],
    *,
    label_map: dict[str, int] | None = None,
    select: Callable[[Item], bool] = lambda item: True,
    tables: Mapping[str, str] = MappingProxyType({}),
    finishing: Callable[[output.DatasetWriter], None] | None = None,
    views: bool = True,
    manifest: bool = True,
    heard: Callable[[Outcome[Product]], None] | None = None,
    notes: tuple[str, ...] = (),
    decided_by: tuple[str, ...] = (),
    watch: Watch | None = None,
) -> Summary:
    """Run a task over a source into a dataset: the line that every writing verb is.

    Parameters
    ----------
    verb, options : str, WriteOptions
        What is run; recorded in the card.
    source : Collection
        The opened source.
    task : Task
        Item -> Product; writes its files below ``options.out``.
    label_map : dict, optional
        Class name -> mask value, for the card.
    select : callable
        Which items take part.
    tables : mapping
        Further tables in DST, name -> header (see `datakit.io.dataset.output.create`).
    finishing : callable, optional
        Called when all items are done and before the card is written, for files that speak of all
        samples; it must write the same bytes whenever it is called again.
    views : bool
        Whether splits get manifests of their own (``SPLIT/metadata.jsonl``).
    manifest : bool
        Whether DST is a dataset; a report has no manifest.
    heard : callable, optional
        Told of each outcome, in order: of the time it took, which no dataset keeps.
    notes : tuple of str
        What a person must know of the dataset (a licence that binds): for card and summary.
    decided_by : tuple of str
        What else decides the result and no option holds (digests of a model's weights): a run is
        only resumed with the same.
    watch : Watch, optional
        Who is told.

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
    watch = watch or Silent()
    out = location(options.out)
    command = Command(verb=verb, version=__version__, options=recorded_options(options))
    output.check_target(out, options.mode, tuple(map(location, options.src)))
    items = [item for item in source.items() if select(item)] if options.dry_run else None
    if items is not None:
        return _plan(verb, out, source, len(items))
    if options.resume and (finished := _finished(out, command, verb)):
        return finished
    engine = options.make_engine()
    watch.begin(len(source), verb)
    try:
        counts = _run(
            options,
            engine,
            command,
            source,
            task,
            label_map or {},
            select,
            tables,
            watch,
            finishing,
            views,
            manifest,
            heard,
            notes,
            decided_by,
        )
    finally:
        watch.end()
    return Summary(
        verb=verb,
        out=str(out),
        counts=counts,
        failed=counts["failed"],
        seconds=time.perf_counter() - started,
        notes=(*notes, *node_notes(engine)),
    )


def _run(
    options: WriteOptions,
    engine: Engine,
    command: Command,
    source: Collection,
    task: Task[Item, Product],
    label_map: dict[str, int],
    select: Callable[[Item], bool],
    tables: Mapping[str, str],
    watch: Watch,
    finishing: Callable[[output.DatasetWriter], None] | None,
    views: bool,
    manifest: bool,
    heard: Callable[[Outcome[Product]], None] | None,
    notes: tuple[str, ...],
    decided_by: tuple[str, ...],
) -> dict[str, int]:
    tally = Tally()
    fingerprint = run_fingerprint(options, command, decided_by)
    with output.create(location(options.out), fingerprint, options.mode, tables) as writer:
        for failure in source.failures:
            if options.strict:
                raise InputError(f"--strict: {failure.id}: {failure.error}")
            writer.fail(failure)
        chosen = (item for item in source.items() if select(item))
        work = stored(task, options.out)
        target = SharedTarget(location(options.out))
        if options.engine != "local":
            watch.nodes(engine.rates)
        with closing(ordered_map(engine, work, chosen, recorded=writer.recorded)) as outcomes:
            for outcome in outcomes:
                target.check(outcome)
                if heard is not None:
                    heard(outcome)
                product = _product(outcome, command.verb)
                if options.strict and product.failures:
                    raise InputError(f"--strict: {outcome.key}: {product.failures[0].error}")
                writer.add(outcome.key, product)
                tally.add(product)
                watch.advance(writer.failed)
        if finishing is not None:
            finishing(writer)
        counts = tally.counts(writer.failed)
        commands = (*source.commands, command)
        card = Card(label_map=label_map, counts=counts, commands=commands, notes=notes)
        writer.finish(card, views=views, manifest=manifest)
    return counts


class Tally:
    """Counts of what a run made."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(("samples", "masks", "alphas", "trimaps", "empty"), 0)

    def add(self, product: Product) -> None:
        """Count an item's samples, and what its verb counts."""
        for name, count in product.counts.items():
            self._counts[name] = self._counts.get(name, 0) + count
        for sample in product.samples:
            self._counts["samples"] += 1
            self._counts["masks"] += sample.mask_file_name is not None
            self._counts["alphas"] += sample.alpha_file_name is not None
            self._counts["trimaps"] += sample.trimap_file_name is not None
            self._counts["empty"] += sample.fg_ratio == 0

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


def run_fingerprint(
    options: WriteOptions, command: Command, decided_by: tuple[str, ...] = ()
) -> str:
    """Return what tells two runs apart: sources, verb, version, recorded options, and the rest."""
    sources = [str(location(path).resolve()) for path in options.src]
    text = msgspec.json.encode([sources, command, *decided_by], order="deterministic")
    return hashlib.sha256(text).hexdigest()


def _finished(out: Location, command: Command, verb: str) -> Summary | None:
    """Return the summary of a run that ended before; None when there is something to resume."""
    if not output.is_finished(out):
        return None
    card = output.read_card(out)
    # As JSON, because the card was read from it: a tuple comes back as a list.
    made = [msgspec.json.encode(c, order="deterministic") for c in (*card.commands[-1:], command)]
    if len(set(made)) != 1:
        raise InputError(
            f"{out}: --resume found a finished dataset made with other options; choose another "
            "folder, or --overwrite"
        )
    return Summary(
        verb=verb,
        out=str(out),
        counts=card.counts,
        failed=card.counts.get("failed", 0),
        notes=("this run was complete already; nothing was done",),
    )


def _plan(verb: str, out: Location, source: Collection, items: int) -> Summary:
    return Summary(
        verb=verb,
        out=str(out),
        counts={"would process": items, "unreadable": len(source.failures)},
        notes=(f"dry run: nothing was written; read as {', '.join(source.formats)}",),
    )
