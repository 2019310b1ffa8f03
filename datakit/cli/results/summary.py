"""Printed summary of most verbs."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from datakit.cli.results.text import escape, show_reasons
from datakit.io.store.storage import location
from datakit.io.tables import jsonl
from datakit.records.failure import Failure
from datakit.records.summary import Summary
from datakit.verbs.shared.evidence import FAILURES


def show_failures(console: Console, summary: Summary) -> None:
    """Print the failures of a run by reason."""
    rows = location(summary.out or "") / FAILURES
    if summary.out and rows.is_file():
        show_reasons(console, jsonl.read(rows, Failure), f"{FAILURES} has all rows")


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
        show_failures(console, summary)
    for note in summary.notes:
        console.print(f"  note: {escape(note)}", soft_wrap=True, highlight=False)
