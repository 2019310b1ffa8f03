"""Printed result of `split --audit`: the leaks of a split."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from datakit.cli.results.text import escape, show_ending
from datakit.records.counts import in_words
from datakit.records.lineage import REASONS, Audit


def show(result: Audit) -> None:
    """Print how many samples leak between which splits, and why."""
    console = Console()
    table = Table(title="datakit split --audit: samples that leak", box=box.SIMPLE_HEAD)
    table.add_column("between", no_wrap=True)
    for heading in ("samples", *REASONS):
        table.add_column(heading, justify="right")
    for pair, counts in result.table.items():
        numbers = [f"{counts[name]:,}" if name in counts else "" for name in ("samples", *REASONS)]
        table.add_row(pair, *numbers)
    console.print(table)
    console.print(f"  {in_words(result.counts)}", highlight=False)
    for leak in result.leaks[:10]:
        apart = "" if leak.steps is None else f" ({leak.steps:,} frames apart)"
        line = f"  {leak.reason}: {leak.one} - {leak.other}{apart}"
        console.print(escape(line), soft_wrap=True, highlight=False)
    if len(result.leaks) > 10:
        console.print(f"  … and {len(result.leaks) - 10:,} more: --json, or leaks.csv with -o")
    show_ending(console, result.out, result.notes)
