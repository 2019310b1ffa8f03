"""The page of ``diff``: what changed, and the most changed samples as they were and are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from markupsafe import Markup

from datakit.pages.charts import Bar, bar_chart, binned, histogram
from datakit.pages.report import Group, Page, Picture, Section, Table, Verdict
from datakit.records.counts import counted
from datakit.records.difference import Changed, Difference
from datakit.verbs.diff.options import VERB
from datakit.verbs.shared.page_parts import MOST_ROWS, cut_caption, failures_section, verdict_of

_TENTHS = tuple(step / 10 for step in range(11))


def compose(paths: Sequence[str], result: Difference, pictures: Sequence[Picture]) -> Page:
    """Return the page of a comparison.

    Parameters
    ----------
    paths : sequence of str
        A and B.
    result : Difference
        What is different.
    pictures : sequence of Picture
        The most changed samples, A and B in turn.
    """
    sections = [
        _changed(result, pictures),
        _samples(result),
        _classes(result),
        failures_section([(VERB, len(result.failures), result.failures)]),
    ]
    sides = {"in A", "in B"}
    figures = [
        (name, f"{count:,}", "" if name in sides else "warning")
        for name, count in result.counts.items()
        if count or name in sides
    ]
    names = _names(paths)
    return Page(
        title=" → ".join(names),
        subtitle=f"A: {names[0]}, the older. B: {names[1]}, the newer.",
        figures=figures,
        sections=[section for section in sections if section is not None],
        notes=result.notes,
        verdict=_verdict(result),
        verb=VERB,
    )


def _names(paths: Sequence[str]) -> list[str]:
    """Return the last parts of two paths, as many as tell them apart."""
    parts = [PurePath(path).parts for path in paths]
    deep = next((n for n in (1, 2, 3) if parts[0][-n:] != parts[1][-n:]), 1)
    return ["/".join(one[-deep:]) for one in parts]


def _verdict(result: Difference) -> Verdict:
    added, removed = len(result.added), len(result.removed)
    moved, classes = len(result.moved), len(result.classes)
    metadata = sum(bool(one.fields) for one in result.changed)
    coded = sum(one.image == "file" for one in result.changed)
    labels = sum(bool(one.labels) for one in result.changed)
    pixels = sum(one.image in ("pixels", "size") for one in result.changed)
    failed = len(result.failures)
    known = [
        (failed, f"{counted(failed, 'samples')} could not be compared.", "failures"),
        (removed, f"{counted(removed, 'samples')} only in A.", "samples"),
        (pixels, f"{counted(pixels, 'images')} with other pixels.", "changed"),
        (labels, f"{counted(labels, 'samples')} with another label.", "changed"),
        (moved, f"{counted(moved, 'samples')} in another split.", "samples"),
        (classes, f"{counted(classes, 'classes')} missing or of another value.", "classes"),
        (added, f"{counted(added, 'samples')} only in B.", "samples"),
        (metadata, f"{counted(metadata, 'samples')} with other metadata.", "changed"),
        (coded, f"{counted(coded, 'image files')} with other bytes, equal pixels.", "changed"),
    ]
    same = "The same samples, splits, images, labels and metadata."
    return verdict_of(known, Verdict("No difference", same))


def _changed(result: Difference, pictures: Sequence[Picture]) -> Section | None:
    if not result.changed:
        return None
    rows = [[one.before, one.in_words] for one in result.changed[:MOST_ROWS]]
    if result.changed[0].before != result.changed[0].after:
        rows = [[f"{one.before} → {one.after}", one.in_words] for one in result.changed[:MOST_ROWS]]
    caption = cut_caption("Changed samples, the most changed first", len(result.changed))
    tables = [Table(caption, ("sample", "what differs"), rows)]
    words = "As they were (A) and as they are (B); the label is tinted."
    groups = [Group("The most changed", words, pictures, paired=True)] if pictures else []
    charts = [_kinds_chart(result), *_overlap_chart(result.changed)]
    return Section("changed", "Changed samples", (), charts, tables, groups)


def _kinds_chart(result: Difference) -> Markup:
    left_out = {"in A", "in B", "added", "removed", "moved"}
    kinds = {name: count for name, count in result.counts.items() if name not in left_out and count}
    bars = [Bar(name, count) for name, count in kinds.items()]
    return bar_chart("kinds", "What differs", bars, "samples")


def _overlap_chart(changed: Sequence[Changed]) -> list[Markup]:
    """Return how much of the labels of changed masks is still the same."""
    overlaps = [change.iou for one in changed for change in one.labels if change.iou is not None]
    if not overlaps:
        return []
    counts = binned(overlaps, _TENTHS)
    title = "Changed masks: overlap of A and B"
    axis = "IoU, from 0 (nothing in common) to 1"
    return [histogram("overlaps", title, _TENTHS, counts, axis=axis, unit="classes of samples")]


def _samples(result: Difference) -> Section | None:
    moved = [
        [one.before, one.splits[0] or "no split", one.splits[1] or "no split"]
        for one in result.moved
    ]
    tables = [
        Table(cut_caption(caption, len(rows)), headings, rows[:MOST_ROWS])
        for caption, headings, rows in (
            ("Only in A", ("sample",), [[key] for key in result.removed]),
            ("Only in B", ("sample",), [[key] for key in result.added]),
            ("In another split", ("sample", "split in A", "split in B"), moved),
        )
        if rows
    ]
    return Section("samples", "Samples and splits", tables=tables) if tables else None


def _classes(result: Difference) -> Section | None:
    if not result.classes:
        return None
    rows = [[name] for name in result.classes]
    table = Table("Missing on one side, or of another value", ("class",), rows)
    return Section("classes", "Classes", tables=[table])
