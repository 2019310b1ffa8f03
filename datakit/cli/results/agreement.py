"""Printed result of `eval --between`: how far annotators agree."""

from __future__ import annotations

from rich.console import Console

from datakit.cli.results.evaluation import table_of
from datakit.cli.results.text import escape, show_ending
from datakit.records.counts import counted
from datakit.records.evaluation import Agreement


def show(result: Agreement) -> None:
    """Print the agreement of each two sources, and the most disputed images."""
    console = Console()
    pairs = table_of("agreement", ("first", "second", "metric", "mean", "from", "to", "samples"))
    for pair in result.pairs:
        for name, found in pair.metrics.items():
            values = (found.mean, found.low, found.high)
            pairs.add_row(
                escape(pair.first),
                escape(pair.second),
                name,
                *(f"{value:.3g}" for value in values),
                f"{found.samples:,}",
            )
    console.print(pairs)
    worst = table_of("most disputed", ("id", "labels", "iou", "boundary_iou", "disagreement"))
    for sample in result.worst:
        figures = (sample.iou, sample.boundary_iou, sample.disagreement)
        shown = ("" if value is None else f"{value:.3g}" for value in figures)
        worst.add_row(escape(sample.id), str(sample.labels), *shown)
    console.print(worst)
    console.print(
        f"  {counted(result.samples, 'images')} ({result.seconds:.1f} s)", highlight=False
    )
    if result.consensus:
        counts = ", ".join(f"{count:,} {name}" for name, count in result.written.items())
        console.print(f"  one label by {result.consensus}: {counts}", highlight=False)
    if result.failed:
        console.print(f"  [red]{result.failed:,} could not be compared[/]", highlight=False)
    show_ending(console, result.out, result.notes)
