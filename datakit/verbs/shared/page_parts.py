"""What the pages of ``report``, ``qc``, ``diff`` and ``split --audit`` have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from datakit.pages.charts import Bar, bar_chart, number
from datakit.pages.report import Group, Picture, Section, Table, Verdict
from datakit.records.counts import counted
from datakit.records.failure import Failure, grouped
from datakit.records.finding import SEVERITIES

MOST_ROWS = 300
MOST_BARS = 10
MOST_POINTS = 3

Tally = Counter[tuple[str, str, str]]
"""(family, check, severity) -> findings."""


def bars(counts: Counter[Any], most: int = MOST_BARS) -> list[Bar]:
    """Return a bar for each of the most frequent, and one for the rest."""
    common = counts.most_common()
    shown = [Bar(str(name), count) for name, count in common[:most]]
    rest = common[most:]
    return [*shown, Bar(f"{len(rest)} others", sum(count for _, count in rest))] if rest else shown


def failures_section(steps: Sequence[tuple[str, int, Sequence[Failure]]]) -> Section | None:
    """Return the section of what could not be processed, grouped by step and reason.

    Parameters
    ----------
    steps : sequence of (name, failed, failures)
        Of each step: how much it could not process, and all or the first of that.

    Returns
    -------
    Section or None
        None when nothing failed.
    """
    steps = [step for step in steps if step[1]]
    if not steps:
        return None
    reasons, rows, text = [], [], []
    for name, failed, failures in steps:
        reasons += [
            [name, number(count), one.error if one.names_its_file else f"{one.file}: {one.error}"]
            for count, one in grouped(failures)
        ]
        rows += [
            [name, row.id, row.error.partition(": ")[2] if row.names_its_file else row.error]
            for row in failures
        ]
        if failed > len(failures):
            text.append(
                f"Of the {failed:,} failures of {name} the first {len(failures):,} are on record "
                "here; failures.jsonl of the folder that it wrote has all."
            )
    tables = [
        Table(
            "By step and reason",
            ("step", "items", "reason, with one as the example"),
            reasons,
            frozenset({1}),
        ),
        Table(cut_caption("Each one", len(rows)), ("step", "what", "why"), rows[:MOST_ROWS]),
    ]
    total = sum(failed for _, failed, _ in steps)
    where = " and ".join(name for name, _, _ in steps)
    text.insert(0, f"{counted(total, 'items')} could not be processed, in {where}.")
    return Section("failures", "Failures", text, tables=tables)


def findings_table(steps: Sequence[tuple[str, Tally]]) -> Table:
    """Return a row for each check that reports, with its step where several looked."""
    order = sorted(
        {(step, family, check) for step, tally in steps for family, check, _ in tally},
        key=lambda row: tuple(-dict(steps)[row[0]][(*row[1:], s)] for s in reversed(SEVERITIES)),
    )
    several = len({step for step, *_ in order}) > 1
    rows = [
        [
            check,
            family,
            *((step,) if several else ()),
            *(number(dict(steps)[step][family, check, s]) for s in reversed(SEVERITIES)),
        ]
        for step, family, check in order
    ]
    headings = ("check", "family", *(("step",) if several else ()), "errors", "warnings")
    numeric = frozenset(range(len(headings) - 2, len(headings) + 1))
    return Table("Findings of each check", (*headings, "to review"), rows, numeric)


def severity_chart(severities: Counter[str]) -> Any:
    """Return the chart of findings by severity."""
    drawn = [Bar(name, severities[name], name) for name in reversed(SEVERITIES)]
    return bar_chart("severities", "Findings by severity", drawn, "findings")


def cut_caption(caption: str, rows: int, most: int = MOST_ROWS) -> str:
    """Return a table's caption, which says so when only the first rows are shown."""
    return caption if rows <= most else f"{caption}: the first {most} of {rows:,}"


def verdict_of(known: Iterable[tuple[int, str, str]], clean: Verdict) -> Verdict:
    """Return what to look at first.

    Parameters
    ----------
    known : iterable of (count, words, key)
        What may be wrong, the gravest first: how often, in a sentence, and the section that
        tells more. Of what has no count nothing is said.
    clean : Verdict
        When there is nothing of it.

    Examples
    --------
    >>> verdict_of([(0, "A.", "a"), (2, "B.", "b")], Verdict("Ready")).points
    (('B.', 'b'),)
    """
    points = [(words, key) for count, words, key in known if count]
    if not points:
        return clean
    more = len(points) - MOST_POINTS
    rest = f"{more} more below." if more > 0 else ""
    return Verdict("Look at this first", rest, tuple(points[:MOST_POINTS]))


def group_of(heading: str, text: str, pictures: Iterable[Picture]) -> Group | None:
    """Return pictures under a heading; None without any."""
    found = list(pictures)
    return Group(heading, text, found) if found else None
