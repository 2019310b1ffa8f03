"""Printed result of `validate`."""

from __future__ import annotations

from rich.console import Console

from datakit.cli.results.text import show_ending, show_reasons
from datakit.records.counts import in_words
from datakit.records.problems import Problems


def show(result: Problems) -> None:
    """Print the problems by reason."""
    console = Console()
    show_reasons(console, result.problems, "-o DST or --json has all rows")
    console.print(f"{in_words(result.counts)} ({result.seconds:.1f} s)", highlight=False)
    show_ending(console, result.out, ())
