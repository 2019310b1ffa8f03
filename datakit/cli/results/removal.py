"""Printed result of `forget`."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from datakit.cli.results.text import escape
from datakit.records.removal import Removal

_LISTED = 20


def show(result: Removal) -> None:
    """Print the counts, the samples that were found, and the models that learnt from them."""
    console = Console()
    table = Table(title="datakit forget", box=box.SIMPLE_HEAD, show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, count in result.counts.items():
        table.add_row(name, f"{count:,}")
    console.print(table)
    lines = [f"{hit.reason}: {hit.id} in {hit.dataset}" for hit in result.found[:_LISTED]]
    if len(result.found) > _LISTED:
        lines.append(f"… and {len(result.found) - _LISTED:,} more: --json, or found.csv with -o")
    lines += [f"could not be looked at: {row.file}: {row.error}" for row in result.failures]
    lines += [f"note: {note}" for note in result.notes]
    if result.out:
        lines.append(f"where: {result.out}")
    if result.found and not result.applied:
        lines.append("nothing was changed; --apply -o DST writes the datasets without them")
    for line in lines:
        console.print(f"  {escape(line)}", soft_wrap=True, highlight=False)
