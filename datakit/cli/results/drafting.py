"""Printed result of `prelabel`, and how busy its stages were."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from datakit.cli.results import summary
from datakit.cli.results.text import escape
from datakit.records.drafting import Drafting


def show(drafting: Drafting) -> None:
    """Print the summary, how busy each stage of the work was, and which one binds."""
    summary.show(drafting)
    console = Console()
    # Of one photo the stages are start-up, and no rate.
    if drafting.stages and drafting.counts.get("samples", 0) > 1:
        _show_stages(console, drafting)
    for model in drafting.models:
        console.print(f"  model: {escape(model)}", soft_wrap=True, highlight=False)


def _show_stages(console: Console, drafting: Drafting) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("stage", "busy", "photos/s"):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    slowest = max(drafting.stages, key=lambda name: drafting.stages[name].busy)
    for name, use in drafting.stages.items():
        binds = name == slowest
        label = f"{name} (binds)" if binds else name
        row_style = "bold" if binds else ""
        table.add_row(label, f"{use.busy:.0%}", f"{use.rate:,.1f}", style=row_style)
    console.print(table)
