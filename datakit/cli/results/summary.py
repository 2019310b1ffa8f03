"""Printed: the summary that most verbs end with."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from datakit.cli.results.text import escape
from datakit.io.store.storage import location
from datakit.io.tables import jsonl
from datakit.records.failure import Failure, grouped
from datakit.records.summary import Summary

MOST_REASONS = 8


def show_reasons(console: Console, summary: Summary) -> None:
    """Print the failures of a run by reason, the most frequent first, one example of each."""
    rows = location(summary.out or "") / "failures.jsonl"
    if not summary.out or not rows.is_file():
        return
    reasons = grouped(jsonl.read(rows, Failure))
    for count, example in reasons[:MOST_REASONS]:
        words = escape(f"{count:,} x {example.error}")
        console.print(f"    {words}", soft_wrap=True, highlight=False)
    if len(reasons) > MOST_REASONS:
        console.print(f"    and {len(reasons) - MOST_REASONS} other reasons", highlight=False)


def show(summary: Summary) -> None:
    """Print the counts of a run, where its result is, and what to do next."""
    table = Table(title=f"datakit {summary.verb}", box=box.SIMPLE_HEAD, show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, count in summary.counts.items():
        style = "red" if name == "failed" and count else ""
        table.add_row(name, f"{count:,}", style=style)
    table.add_row("seconds", f"{summary.seconds:,.1f}")
    console = Console()
    console.print(table)
    if summary.out:
        console.print(f"  where: {escape(summary.out)}", soft_wrap=True, highlight=False)
    if summary.failed:
        console.print("  what failed, and why: failures.jsonl in it", highlight=False)
        show_reasons(console, summary)
    for note in summary.notes:
        console.print(f"  note: {escape(note)}", soft_wrap=True, highlight=False)
