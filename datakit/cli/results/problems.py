"""Printed: the problems that validate found."""

from __future__ import annotations

import click
from rich import box
from rich.console import Console
from rich.table import Table

from datakit.cli.results.text import escape
from datakit.records.failure import Failure
from datakit.records.problems import Problems

MAX_ROWS = 50


def show(result: Problems) -> None:
    """Print the problems as a table."""
    console = Console()
    if not console.is_terminal:
        for problem in result.problems:
            click.echo(f"{problem.file}\t{_place(problem)}\t{problem.error}")
    elif result.problems:
        _print_table(console, result)
    counts = ", ".join(f"{count:,} {name}" for name, count in result.counts.items())
    console.print(f"{counts} ({result.seconds:.1f} s)", highlight=False)


def _print_table(console: Console, result: Problems) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("file", "where", "what is wrong"):
        table.add_column(heading, overflow="fold")
    for problem in result.problems[:MAX_ROWS]:
        table.add_row(escape(problem.file), escape(_place(problem)), escape(problem.error))
    console.print(table)
    if len(result.problems) > MAX_ROWS:
        console.print(f"… and {len(result.problems) - MAX_ROWS} more; --json prints all")


def _place(problem: Failure) -> str:
    return f"annotation {problem.annotation}" if problem.annotation else problem.path or ""
