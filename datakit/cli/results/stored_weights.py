"""Printed result of `weights`: those present, and those that can be pulled."""

from __future__ import annotations

import click
from rich import box
from rich.console import Console
from rich.table import Table

from datakit.cli.results.text import escape
from datakit.records.stored_weights import StoredWeights, WeightsReport


def show(result: WeightsReport) -> None:
    """Print a table; for ``path`` the path alone, so that a shell can use it."""
    if result.action == "path":
        click.echo(result.weights[0].path)
    elif result.action == "list":
        _print_table(result)
    else:
        (row,) = result.weights
        click.echo(f"{row.name}: {result.note}; licence {_licence(row)}, sha256 {row.sha256}")


def _print_table(result: WeightsReport) -> None:
    console = Console()
    if not console.is_terminal:
        for row in result.weights:
            words = (row.name, _licence(row), row.sha256, row.path or _way(row), row.source)
            click.echo("\t".join(word or "-" for word in words))
        return
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("name", "licence", "sha256", "where"):
        table.add_column(heading, overflow="fold")
    for row in result.weights:
        digest = f"{row.sha256[:12]}…" if row.sha256 else "-"
        where = row.path or ("to pull" if row.download else "not here")
        style = "" if row.path else "dim"
        table.add_row(row.name, _licence(row), digest, escape(where), style=style)
    console.print(table)
    if any(row.download and not row.path for row in result.weights):
        console.print("  what is to pull: datakit weights pull NAME", highlight=False)


def _licence(row: StoredWeights) -> str:
    return f"{row.licence} (NonCommercial)" if row.noncommercial else row.licence


def _way(row: StoredWeights) -> str:
    return f"not here: datakit weights pull {row.name}" if row.download else "not here"
