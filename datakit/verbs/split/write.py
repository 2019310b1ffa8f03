"""Writing a split: files in place, the manifest, the lists, and what was decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec

from datakit.engine.base import LazyTask
from datakit.errors import InputError
from datakit.io.dataset import output
from datakit.io.layouts.base import FILE_NAMES, Item, label_stems
from datakit.io.layouts.coco_export import write_annotations
from datakit.io.layouts.datakit import ANNOTATIONS
from datakit.io.layouts.sources import Collection, Derived
from datakit.io.pixels import images
from datakit.io.store import atomic
from datakit.io.store.storage import location
from datakit.io.tables import csv_rows, jsonl
from datakit.records.base import Record
from datakit.records.card import Card
from datakit.records.failure import Failure
from datakit.records.lineage import Torn
from datakit.records.sample import Operation, Sample
from datakit.records.summary import Summary
from datakit.verbs.shared.lineage import Lineage
from datakit.verbs.shared.options import WriteOptions, existing_inputs
from datakit.verbs.shared.people import FACES, write_embeddings
from datakit.verbs.shared.pipeline import Contents, process
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run, operation
from datakit.verbs.shared.sequences import torn_frames, torn_note, torn_rows
from datakit.verbs.split.assignment import Assignment
from datakit.verbs.split.options import SplitOptions


def check(options: WriteOptions, source: Collection) -> None:
    """Refuse a target that must not be written, before any work is done."""
    output.check_target(
        location(options.out),
        options.mode,
        tuple(map(location, options.src)),
        existing_inputs(options),
    )


def chosen_source(
    source: Collection, lineage: Lineage, splits: list[str | None], keep: list[bool]
) -> Collection:
    """Return the kept samples under their new splits, with names that do not clash.

    Parameters
    ----------
    source : Collection
        Where they come from.
    lineage : Lineage
        The samples and their groups.
    splits : list of str or None
        The new split of each; None: it has no split.
    keep : list of bool
        Which samples to take.
    """
    taken = Counter(
        (split, item.rel)
        for item, split, kept in zip(lineage.items, splits, keep, strict=True)
        if kept
    )
    rows = []
    for item, split, kept, group in zip(lineage.items, splits, keep, lineage.names, strict=True):
        if kept:
            clash = taken[split, item.rel] > 1 and item.split
            rows.append((item, f"{item.split}/{item.rel}" if clash else item.rel, split, group))
    stems = label_stems((split, rel) for _, rel, split, _ in rows)
    items = [
        replace(item, rel=rel, split=split, group=group, stem=stem)
        for (item, rel, split, group), stem in zip(rows, stems, strict=True)
    ]
    failures = (*source.failures, *lineage.failures)
    return Derived(source, lambda: iter(items), len(items), failures).collection()


def write(
    options: SplitOptions,
    source: Collection,
    lineage: Lineage,
    assignment: Assignment,
    notes: list[str],
    progress: ProgressListener,
) -> Summary:
    """Write the result of a split into ``options.out``."""
    splits: list[str | None] = [split or None for split in assignment.splits]
    chosen = chosen_source(source, lineage, splits, [split is not None for split in splits])
    counts = {split: size for split, size in assignment.sizes.items() if split}
    counts["groups"] = len(set(lineage.label.tolist()))
    findings = len(assignment.torn)
    torn = torn_frames(lineage, splits)
    notes = [*notes, *torn_note(lineage, torn)]
    if options.dry_run:
        notes = [*notes, "dry run: nothing was written"]
        failed = len(chosen.failures)
        return Summary(
            verb="split", counts=counts, failed=failed, findings=findings, notes=tuple(notes)
        )

    def lists(writer: output.DatasetWriter) -> None:
        _write_lists(writer, chosen, lineage, splits, placed=options.materialize != "none")
        if torn:
            rows = frame_rows(torn_rows(lineage, splits, torn))
            atomic.write_bytes(writer.out / "frames.csv", csv_rows.records(rows))
        if options.keep_embeddings:
            write_embeddings(writer.out / FACES, lineage)
        if assignment.strata:
            atomic.write_bytes(writer.out / "strata.csv", csv_rows.records(assignment.strata))

    summary = materialize("split", options, chosen, options.materialize, progress, lists)
    return msgspec.structs.replace(
        summary,
        counts={**counts, **summary.counts},
        findings=findings,
        notes=(*summary.notes, *notes),
    )


def frame_rows(torn: Sequence[Torn]) -> list[dict[str, object]]:
    """Return the closest frames of different splits as rows of a table."""
    return [
        {
            "splits": " - ".join(pair.splits),
            "steps": pair.steps,
            "one": pair.one,
            "other": pair.other,
        }
        for pair in torn
    ]


def materialize(
    verb: str,
    options: WriteOptions,
    chosen: Collection,
    how: str,
    progress: ProgressListener,
    finishing: Callable[[output.DatasetWriter], None],
    decided_by: tuple[str, ...] = (),
) -> Summary:
    """Put the chosen samples' files and rows into ``options.out``; the card after ``finishing``."""
    run = Run(verb, options, chosen, decided_by)
    if how == "none":
        return _write_manifest(run, finishing)
    task = LazyTask(
        "datakit.verbs.split.task:Materialize",
        {"out": options.out, "how": how, "step": operation(verb, options)},
    )

    def finish(writer: output.DatasetWriter) -> None:
        _write_annotations(writer, chosen)
        finishing(writer)

    return process(run, task, contents=Contents(finishing=finish), progress=progress)


def claim_report(
    verb: str,
    options: WriteOptions,
    failures: Sequence[Failure],
    counts: dict[str, int],
    finishing: Callable[[], None],
) -> None:
    """Make ``options.out`` a folder that datakit wrote, without samples: a report is no dataset.

    ``finishing`` writes the report: the card, which says that all is there, comes after it.
    """
    run = Run(verb, options, Collection(()))
    with output.create(run.target, run.fingerprint, options.mode) as writer:
        for failure in failures:
            writer.fail(failure)
        finishing()
        writer.finish(Card(counts=counts, commands=(run.command,)), manifest=False)


def _write_manifest(run: Run, finishing: Callable[[output.DatasetWriter], None]) -> Summary:
    """Write rows whose files stay where they are: their names are the source's own."""
    out, chosen = run.target, run.source
    step = operation(run.verb, run.options)
    counts = {"samples": len(chosen), "failed": len(chosen.failures)}
    with output.create(out, run.fingerprint, run.options.mode) as writer:
        for failure in chosen.failures:
            writer.fail(failure)
        for item in chosen.items():
            writer.add_row(_row(item, step))
        finishing(writer)
        card = Card(
            label_map=chosen.label_map,
            counts=counts,
            commands=(*chosen.commands, run.command),
            notes=chosen.notes,
        )
        writer.finish(card, views=False)
    return Summary(verb=run.verb, out=str(out), counts=counts, failed=counts["failed"])


def _row(item: Item, step: object) -> Sample:
    assert isinstance(step, Operation)
    if item.sample is not None:
        files = {name: getattr(item.sample, name) for name in FILE_NAMES}
        row = item.describe(item.sample.width, item.sample.height, None, step)
        return msgspec.structs.replace(row, **files, id=item.sample.id)
    width, height = item.stated_wh or _size_of(item)
    return msgspec.structs.replace(
        item.describe(width, height, None, step), file_name=item.source_name
    )


def _size_of(item: Item) -> tuple[int, int]:
    if item.image is None:
        raise InputError(f"{item.source_name}: expected an image, the source names none")
    return images.probe(item.image.read(), item.source_name).size_wh


def _write_annotations(writer: output.DatasetWriter, chosen: Collection) -> None:
    """Keep COCO annotations beside the images that they speak of."""
    if not any(item.annotations for item in chosen.items()):
        return
    out = writer.out
    rows = {row.id: row for row in map(_decoder.decode, writer.lines(output.MANIFEST))}
    for split in sorted({item.split for item in chosen.items()}, key=str):
        folder = out / split if split else out
        kept = [
            (item, item.place("images").removeprefix(f"{split}/"), (row.width, row.height))
            for item in chosen.items()
            if item.split == split and (row := rows.get(item.key)) is not None
        ]
        write_annotations(folder / ANNOTATIONS, kept)


class _Row(Record, frozen=True):
    """What the lists need of a row."""

    id: str
    width: int
    height: int
    file_name: str | None = None


_decoder = msgspec.json.Decoder(_Row)


def _write_lists(
    writer: output.DatasetWriter,
    chosen: Collection,
    lineage: Lineage,
    splits: list[str | None],
    *,
    placed: bool,
) -> None:
    """Write train.txt and its like, splits.csv, and every decision on related samples."""
    # What could not be placed is in failures.jsonl; files that stay keep the source's names.
    out = writer.out
    rows = map(_decoder.decode, writer.lines(output.MANIFEST)) if placed else iter(())
    names = {row.id: row.file_name for row in rows}
    lists: dict[str, list[str]] = {split: [] for split in splits if split}
    table = []
    for item in chosen.items():
        if placed and item.key not in names:
            continue
        name = names.get(item.key) or item.source_name
        lists[str(item.split)].append(name)
        table.append(
            {"file": name, "split": item.split, "group": item.group, "source": item.source_name}
        )
    for split, listed in lists.items():
        text = "".join(f"{name}\n" for name in listed)
        atomic.write_bytes(out / f"{split}.txt", text.encode())
    unused = [
        item.source_name for item, split in zip(lineage.items, splits, strict=True) if split is None
    ]
    if unused:
        atomic.write_bytes(out / "unused.txt", "".join(f"{n}\n" for n in unused).encode())
    atomic.write_bytes(out / "splits.csv", csv_rows.records(table))
    jsonl.write(out / "lineage.jsonl", lineage.links)
