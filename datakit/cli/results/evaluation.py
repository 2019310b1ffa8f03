"""Printed result of `eval`."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from datakit.cli.results.text import escape, show_ending
from datakit.records.counts import counted
from datakit.records.evaluation import Comparison, Evaluation, MetricSummary


def show(result: Evaluation) -> None:
    """Print means with their intervals, differences and the worst samples."""
    console = Console()
    _show_means(console, result.pred, result.metrics)
    for other in result.comparisons:
        _show_means(console, other.pred, other.metrics)
        _show_differences(console, result.pred, other)
    shown = ("mse", "sad", "grad", "conn", "iou", "boundary_iou", "psnr", "ssim", "lpips")
    names = [name for name in shown if name in result.metrics]
    worst = table_of("worst samples", ("id", *names))
    for score in result.worst:
        values = [f"{score.metrics[name]:.3g}" if name in score.metrics else "" for name in names]
        worst.add_row(escape(score.id), *values)
    console.print(worst)
    profile = f", profile {result.profile}" if result.profile else ""
    samples = counted(result.samples, f"{result.kind}s")
    console.print(f"  {samples}{profile} ({result.seconds:.1f} s)", highlight=False)
    if result.failed:
        console.print(f"  [red]{result.failed:,} could not be compared[/]", highlight=False)
    show_ending(console, result.out, result.notes)


def _show_means(console: Console, source: str, metrics: dict[str, MetricSummary]) -> None:
    table = table_of(None, ("metric", "mean", "from", "to", "median", "worst"))
    for name, found in metrics.items():
        values = (found.mean, found.low, found.high, found.median, found.worst)
        table.add_row(name, *(f"{value:.3g}" for value in values))
    _show_titled(console, escape(source), table)
    # Below the table, as ids may be longer than a column.
    worst: dict[str, list[str]] = {}
    for name, found in metrics.items():
        worst.setdefault(found.worst_id, []).append(name)
    for key, names in worst.items():
        words = f"  worst on {escape(key)}: {', '.join(names)}"
        console.print(words, soft_wrap=True, highlight=False)


def _show_differences(console: Console, first: str, other: Comparison) -> None:
    table = table_of(None, ("metric", "difference", "from", "to", "better", "worse", "of"))
    for name, found in other.differences.items():
        values = (found.mean, found.low, found.high)
        counts = (found.better, found.worse, found.samples)
        table.add_row(
            name, *(f"{value:+.3g}" for value in values), *(f"{count:,}" for count in counts)
        )
    _show_titled(console, f"{escape(other.pred)} less {escape(first)}", table)


def _show_titled(console: Console, title: str, table: Table) -> None:
    # A path that is longer than the table is wide would be broken anywhere by the table.
    console.print(f"  [italic]{title}[/]", soft_wrap=True, highlight=False)
    console.print(table)


def table_of(title: str | None, headings: tuple[str, ...]) -> Table:
    """Make a table whose numbers stand to the right; names are folded, never cut."""
    table = Table(title=title, box=box.SIMPLE_HEAD)
    for heading in headings:
        if heading in ("id", "metric", "on", "first", "second"):
            table.add_column(heading, overflow="fold", min_width=12)
        else:
            table.add_column(heading, justify="right", no_wrap=True, min_width=7)
    return table
