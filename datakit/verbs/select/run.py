"""``select``: a dataset of chosen samples, by condition, list, chance or looks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import msgspec
import numpy as np
import numpy.typing as npt

from datakit.core.similarity.descriptors import Vectors, describe, most_diverse, outlyingness
from datakit.core.splitting.assignment import assign_groups, group_order
from datakit.core.splitting.expressions import Column, parse
from datakit.engine.base import LazyTask, ordered_map
from datakit.errors import InputError
from datakit.io.dataset.output import DatasetWriter
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import Collection
from datakit.io.pixels.decoders import decode_small_photo
from datakit.io.store import atomic
from datakit.io.store.reads import sha256
from datakit.io.store.storage import location
from datakit.io.tables import csv_rows
from datakit.records.conditions import COLUMNS, unknown_column
from datakit.records.failure import Failure
from datakit.records.summary import Summary
from datakit.verbs.select.options import VERB, Options
from datakit.verbs.select.tables import joined, listed
from datakit.verbs.select.task import SIDE_PX
from datakit.verbs.shared.columns import columns, strata
from datakit.verbs.shared.lineage import Lineage
from datakit.verbs.shared.people import count_people
from datakit.verbs.shared.progress import ProgressListener, SilentProgress
from datakit.verbs.shared.tracing import fingerprint_all
from datakit.verbs.split import write
from datakit.verbs.split.plan import parse_strata

LIST = "selection.csv"


def run(options: Options, progress: ProgressListener | None = None) -> Summary:
    """Write the chosen samples of one or several sources, every file and field as it was.

    Parameters
    ----------
    options : Options
        What to read, what to take of it, and where it goes.
    progress : ProgressListener, optional
        Where progress is reported.

    Returns
    -------
    Summary

    Raises
    ------
    InputError
        If SRC cannot be read, DST must not be written, or nothing is left to take.
    """
    progress = progress or SilentProgress()
    source = options.open(progress)
    write.check(options, source)
    lineage = _lineage(source, options, progress)
    notes = _filter(options, lineage)
    chosen, scores = _ranked(options, lineage, progress)
    keep = np.zeros(len(lineage.items), np.bool_)
    keep[chosen] = True
    splits = [item.split for item in lineage.items]
    result = write.chosen_source(source, lineage, splits, keep.tolist())
    counts = {"in the source": len(source), "chosen": len(chosen)}
    if options.dry_run:
        notes.append("dry run: nothing was written")
        return Summary(verb=VERB, counts=counts, failed=len(result.failures), notes=tuple(notes))
    rows = [
        {"rank": rank, "id": lineage.items[at].key, "file": lineage.items[at].source_name, **score}
        for rank, (at, score) in enumerate(zip(chosen.tolist(), scores, strict=True), 1)
    ]

    def write_list(writer: DatasetWriter) -> None:
        atomic.write_bytes(writer.out / LIST, csv_rows.records(rows))

    summary = write.materialize(
        VERB, options, result, options.materialize, progress, write_list, _digests(options)
    )
    return msgspec.structs.replace(
        summary,
        counts={**counts, **summary.counts},
        notes=(*summary.notes, *notes),
    )


def _digests(options: Options) -> tuple[str, ...]:
    """Return what the files say that decide the choice: a run is only resumed with the same."""
    named = filter(None, (options.ids, options.join, options.like))
    return tuple(sha256(location(path).read_bytes()) for path in named)


def _lineage(source: Collection, options: Options, progress: ProgressListener) -> Lineage:
    """Return the samples in the order of their ids, each its own group."""
    items = sorted(source.items(), key=lambda item: item.key)
    texts = [options.where] if options.where else []
    asked = {name for text in texts for name in parse(text).columns}
    asked |= {name for name, _ in parse_strata(options.stratify)}
    if "fg_ratio" in asked and not all(item.sample for item in items):
        lineage = fingerprint_all(items, options, True, progress)
    else:
        lineage = Lineage(items, [item.key for item in items])
    if "people" in asked:
        count_people(lineage, options, progress)
    lineage.names = [item.group or item.key for item in lineage.items]
    lineage.label = np.arange(len(lineage.items))
    lineage.frames = [None] * len(lineage.items)
    return lineage


def _filter(options: Options, lineage: Lineage) -> list[str]:
    """Keep the samples that lists and conditions let through; return what to tell the user."""
    notes = []
    table: dict[str, Column] = {}
    keep = np.ones(len(lineage.items), np.bool_)
    if options.ids is not None:
        flags, strangers = listed(lineage.items, options.ids)
        keep &= flags
        if strangers:
            some = ", ".join(strangers[:3]) + (", …" if len(strangers) > 3 else "")
            notes.append(f"--ids: {len(strangers):,} lines fit no sample, or several: {some}")
    if options.join is not None:
        table, flags = joined(lineage.items, options.join, options.on)
        if hidden := ", ".join(sorted(set(table) & set(COLUMNS))):
            notes.append(f"--join: the table's {hidden} is used in place of the source's own")
        if options.where is None:
            keep &= flags
        elif not all(flags):
            notes.append(f"--join: {len(flags) - sum(flags):,} samples have no row in it")
    if options.where is not None:
        keep &= _holds(lineage, options.where, table)
    if not keep.any():
        raise InputError(
            f"select: none of {len(keep):,} samples is left; --where, --ids or --join let none "
            "through"
        )
    lineage.keep(keep)
    return notes


def _holds(lineage: Lineage, text: str, table: dict[str, Column]) -> npt.NDArray[np.bool_]:
    expression = parse(text)
    if not expression.columns:
        raise InputError(f"--where {text!r}: expected a column in it")
    unknown = sorted(expression.columns - set(COLUMNS) - set(table))
    if unknown:
        raise InputError(f"--where {text!r}: {unknown_column(unknown[0], [*COLUMNS, *table])}")
    # A joined table's columns win: its user wrote them for this.
    own = columns(lineage, expression.columns - set(table))
    return expression.matches({**own, **{k: table[k] for k in expression.columns & set(table)}})


def _ranked(
    options: Options, lineage: Lineage, progress: ProgressListener
) -> tuple[npt.NDArray[np.int64], Sequence[dict[str, float]]]:
    """Return the chosen samples, the first first, and what they were ranked by."""
    total = len(lineage.items)
    if options.n is not None:
        return _at_random(options, lineage, _enough("--n", options.n, total))
    if not (options.diverse or options.outliers or options.like):
        return np.arange(total), [{}] * total
    vectors = _described(options, lineage, progress)
    total = len(lineage.items)
    if options.diverse:
        chosen, radius = most_diverse(vectors, _enough("--diverse", options.diverse, total))
        return chosen, [{"distance": round(float(r), 4)} for r in radius]
    if options.like is not None:
        path = location(options.like)
        if not path.is_file():
            raise InputError(f"--like {options.like}: expected a photo, found no such file")
        wanted = describe(decode_small_photo(path.read_bytes(), path.name, side_px=SIDE_PX))
        distance = np.sqrt(((vectors - wanted) ** 2).sum(axis=1))
        chosen = np.argsort(distance, kind="stable")[: options.top]
        return chosen, [{"distance": round(float(distance[at]), 4)} for at in chosen]
    assert options.outliers is not None
    score = outlyingness(vectors)
    count = _enough("--outliers", options.outliers, total)
    chosen = np.argsort(-score, kind="stable")[:count]
    return chosen, [{"score": round(float(score[at]), 4)} for at in chosen]


def _enough(flag: str, count: int, total: int) -> int:
    if count > total:
        raise InputError(f"{flag} {count:,}: only {total:,} samples are left to choose from")
    return count


def _at_random(
    options: Options, lineage: Lineage, count: int
) -> tuple[npt.NDArray[np.int64], Sequence[dict[str, float]]]:
    order = group_order(options.seed, lineage.tokens)
    if not options.stratify or count == len(order):
        return order[:count], [{}] * count
    asked = parse_strata(options.stratify)
    _, cells = strata(columns(lineage, [name for name, _ in asked]), asked)
    total = len(order)
    assigned = assign_groups(
        np.ones(total, np.int64),
        cells,
        np.array([count, total - count], np.float64),
        order,
        np.ones((total, 2), np.bool_),
        np.full(total, -1),
    )
    chosen = order[assigned.split[order] == 0]
    if len(chosen) != count:
        raise InputError(
            f"--n {count:,} with --stratify: even strata allow {len(chosen):,}; ask for that many"
        )
    return chosen, [{}] * count


def _described(options: Options, lineage: Lineage, progress: ProgressListener) -> Vectors:
    """Describe the photos; those that cannot be read are failures and leave the lineage."""
    items: list[Item] = lineage.items
    task = LazyTask("datakit.verbs.select.task:Describe", {})
    vectors, readable, failures = [], np.ones(len(items), np.bool_), []
    progress.begin(len(items), "look")
    try:
        with closing(ordered_map(options.make_engine(), task, items)) as outcomes:
            for at, (item, outcome) in enumerate(zip(items, outcomes, strict=True)):
                if outcome.value is None:
                    readable[at] = False
                    failures.append(
                        Failure(
                            id=item.key,
                            file=item.source_name,
                            step="look",
                            error=str(outcome.error),
                        )
                    )
                else:
                    vectors.append(outcome.value)
                progress.advance(len(failures))
    finally:
        progress.end()
    if not vectors:
        raise InputError(f"select: none of {len(items):,} photos could be read")
    lineage.keep(readable)
    lineage.failures = (*lineage.failures, *failures)
    return np.stack(vectors)
