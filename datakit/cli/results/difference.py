"""Printed result of `diff`."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from datakit.cli.results.text import escape, show_ending
from datakit.records.difference import Difference

_LISTED = 10


def show(result: Difference) -> None:
    """Print the counts, and the samples that changed most."""
    console = Console()
    table = Table(title="datakit diff", box=box.SIMPLE_HEAD, show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, count in result.counts.items():
        table.add_row(name, f"{count:,}")
    console.print(table)
    lines = [
        *(f"added: {key}" for key in result.added[:_LISTED]),
        *(f"removed: {key}" for key in result.removed[:_LISTED]),
        *(
            f"moved: {one.before} from {one.splits[0]} to {one.splits[1]}"
            for one in result.moved[:_LISTED]
        ),
        *(f"changed: {one.after}: {one.in_words}" for one in result.changed[:_LISTED]),
        *(f"class: {name}" for name in result.classes[:_LISTED]),
        *(f"not compared: {row.id}: {row.error}" for row in result.failures[:_LISTED]),
    ]
    for line in lines:
        console.print(f"  {escape(line)}", soft_wrap=True, highlight=False)
    if result.exit_code == 0:
        console.print("  nothing differs", highlight=False)
    show_ending(console, result.out, result.notes)
