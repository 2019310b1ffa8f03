"""The page of ``split --audit``: whether the splits leak, where, and the pairs that do."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence

from datakit.pages.charts import bar_chart, number
from datakit.pages.report import Group, Page, Picture, Section, Table, Verdict
from datakit.records.counts import counted
from datakit.records.failure import Failure
from datakit.records.lineage import REASONS, Audit
from datakit.verbs.shared.page_parts import (
    MOST_ROWS,
    bars,
    cut_caption,
    failures_section,
    verdict_of,
)

PAGE = "audit.html"

WORDS = {
    "exact": "the same pixels",
    "near": "nearly the same picture",
    "source": "copies of one source",
    "parent": "an original and its copy",
    "sequence": "frames of one video or burst",
    "person": "the same person",
    "key": "one group of yours",
}
"""Reason -> why two samples are related."""


def compose(
    names: Sequence[str],
    result: Audit,
    failures: Sequence[Failure],
    pictures: Sequence[Picture],
) -> Page:
    """Return the page of an audit.

    Parameters
    ----------
    names : sequence of str
        The sources that were looked at.
    result : Audit
        Its leaks.
    failures : sequence of Failure
        What could not be compared.
    pictures : sequence of Picture
        Pairs of leaking samples.
    """
    leaking = result.counts["leaking"]
    sections = [
        _leaks(names, result, pictures),
        _frames(result),
        failures_section([("split", len(failures), failures)]),
    ]
    known = [
        (leaking, f"{counted(leaking, 'samples')} related to one in another split.", "leaks"),
        (len(failures), f"{counted(len(failures), 'items')} could not be compared.", "failures"),
        (len(result.frames), "Frames of one video are in different splits.", "frames"),
    ]
    tones = {"leaking": "error", "failed": "error"}
    return Page(
        title=", ".join(names),
        subtitle="Are related samples in different splits?",
        figures=[
            (key, f"{count:,}", tones.get(key, "") if count else "")
            for key, count in result.counts.items()
        ],
        sections=[section for section in sections if section is not None],
        notes=result.notes,
        verdict=verdict_of(
            known, Verdict("No leak", "No sample is related to one in another split.")
        ),
        verb="split --audit",
    )


def _leaks(names: Sequence[str], result: Audit, pictures: Sequence[Picture]) -> Section | None:
    if not result.leaks:
        return None
    reasons = [reason for reason in REASONS if any(reason in row for row in result.table.values())]
    counts = [
        [pair, number(row.get("samples", 0)), *(number(row.get(one, 0)) for one in reasons)]
        for pair, row in result.table.items()
    ]
    headings = ("splits", "leaking samples", *(WORDS[reason] for reason in reasons))
    numeric = frozenset(range(1, len(headings)))
    leaks = [
        [" - ".join(leak.splits), leak.one, leak.other, WORDS[leak.reason]]
        for leak in result.leaks[:MOST_ROWS]
    ]
    caption = cut_caption("Leaking samples", len(result.leaks))
    plainest = Counter(WORDS[leak.reason] for leak in result.leaks)
    words = "Two by two: a sample, and the one in another split that it is related to."
    return Section(
        "leaks",
        "Leaks",
        text=[
            "What a model has seen in training tells nothing when it is measured on. "
            "This writes the same samples in splits without leaks:"
        ],
        charts=[
            bar_chart("reasons", "Why they leak: the plainest reason", bars(plainest), "samples")
        ],
        tables=[
            Table("By pair of splits and reason", headings, counts, numeric),
            Table(caption, ("splits", "sample", "related sample", "why"), leaks),
        ],
        groups=[Group("Leaking pairs", words, pictures, paired=True)] if pictures else [],
        lines=[f"datakit split {shlex.join(names)} -o repaired --repair"],
    )


def _frames(result: Audit) -> Section | None:
    if not result.frames:
        return None
    rows = [[" - ".join(one.splits), one.one, one.other, str(one.steps)] for one in result.frames]
    headings = ("splits", "frame", "other frame", "frame numbers apart")
    table = Table("The closest frames of one video", headings, rows, frozenset({3}))
    text = "Frames that are far apart may differ enough; neighbours are practically one picture."
    return Section("frames", "Frames", [text], tables=[table])
