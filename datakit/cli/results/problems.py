"""Printed: the problems that validate found."""

from __future__ import annotations

from rich.console import Console

from datakit.cli.results.text import escape, show_reasons
from datakit.records.problems import Problems


def show(result: Problems) -> None:
    """Print the problems by reason."""
    console = Console()
    show_reasons(console, result.problems, "-o DST or --json has all rows")
    counts = ", ".join(f"{count:,} {name}" for name, count in result.counts.items())
    console.print(f"{counts} ({result.seconds:.1f} s)", highlight=False)
    if result.out:
        console.print(f"  where: {escape(result.out)}", soft_wrap=True, highlight=False)
