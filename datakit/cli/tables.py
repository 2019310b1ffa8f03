"""Tables on stdout."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from datakit.records.drafting import Drafting
from datakit.records.summary import Summary


def summary_table(summary: Summary) -> None:
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
    for note in summary.notes:
        console.print(f"  note: {escape(note)}", soft_wrap=True, highlight=False)


def stage_table(drafting: Drafting) -> None:
    """Print how busy each stage of the work was, and which one binds."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("stage", "busy", "photos/s"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    slowest = max(drafting.stages, key=lambda name: drafting.stages[name].busy)
    for name, use in drafting.stages.items():
        binds = name == slowest
        label = f"{name} (binds)" if binds else name
        row_style = "bold" if binds else ""
        table.add_row(label, f"{use.busy:.0%}", f"{use.rate:,.1f}", style=row_style)
    console = Console()
    console.print(table)
    for model in drafting.models:
        console.print(f"  model: {escape(model)}", soft_wrap=True, highlight=False)
