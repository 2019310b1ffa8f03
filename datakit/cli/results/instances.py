"""Printed: average precision and recall of objects."""

from __future__ import annotations

from rich.console import Console

from datakit.cli.results.evaluation import table_of
from datakit.cli.results.text import escape, show_ending
from datakit.records.counts import counted
from datakit.records.evaluation import InstanceEvaluation


def show(result: InstanceEvaluation) -> None:
    """Print COCO's measures, and those of each class."""
    console = Console()
    measures = table_of("objects", ("measure", "value"))
    for name, value in result.metrics.items():
        measures.add_row(name, _figure(value))
    console.print(measures)
    classes = table_of("by class", ("class", "true", "predicted", "ap", "ap50", "ar100"))
    for one in result.classes:
        figures = map(_figure, (one.ap, one.ap50, one.ar100))
        classes.add_row(escape(one.category), f"{one.true:,}", f"{one.predicted:,}", *figures)
    console.print(classes)
    console.print(
        f"  {counted(result.samples, 'images')} ({result.seconds:.1f} s)", highlight=False
    )
    if result.failed:
        console.print(f"  [red]{result.failed:,} could not be compared[/]", highlight=False)
    show_ending(console, result.out, result.notes)


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
