"""Printed result of `stats`."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from datakit.cli.results.text import escape
from datakit.records.statistics import Statistics

MOST_SIZES = 8


def show(result: Statistics) -> None:
    """Print the counts as tables."""
    console = Console()
    table = Table(title="samples", box=box.SIMPLE_HEAD)
    for heading in ("split", "samples", "groups", "empty", "unlabelled", "objects"):
        table.add_column(heading, justify="left" if heading == "split" else "right")
    for split, counts in result.splits.items():
        objects = ", ".join(f"{escape(name)} {count:,}" for name, count in counts.classes.items())
        numbers = (counts.samples, counts.groups, counts.empty, counts.unlabelled)
        table.add_row(escape(split), *(f"{number:,}" for number in numbers), objects)
    console.print(table)
    areas = Table(title="object area, share of the image", box=box.SIMPLE_HEAD, show_header=False)
    most = max(result.areas, default=0) or 1
    for low, high, count in zip(
        result.area_edges, result.area_edges[1:], result.areas, strict=False
    ):
        if count:
            label = f"{100 * low:g} – {100 * high:g} %"
            areas.add_row(label, f"{count:,}", "█" * max(1, round(30 * count / most)))
    console.print(areas)
    sizes = list(result.sizes.items())
    listed = ", ".join(f"{size} ({count:,})" for size, count in sizes[:MOST_SIZES])
    more = f" and {len(sizes) - MOST_SIZES} more" if len(sizes) > MOST_SIZES else ""
    console.print(f"  sizes: {listed}{more}", highlight=False)
    if result.balance:
        console.print(_balance(result))
    if result.skin_tones:
        console.print(_skin_tones(result))
    for note in result.notes:
        console.print(f"  {escape(note)}", highlight=False)
    if result.failed:
        console.print(f"  [red]{result.failed:,} could not be read[/]; see: datakit validate")
    if result.out:
        console.print(f"  where: {escape(result.out)}", soft_wrap=True, highlight=False)


def _balance(result: Statistics) -> Table:
    """Return the mean and the deviation of each measure, a column per split."""
    table = Table(title="appearance, mean ± standard deviation", box=box.SIMPLE_HEAD)
    table.add_column("measure")
    for split in result.splits:
        table.add_column(escape(split), justify="right")
    for name, spreads in result.balance.items():
        cells = [
            f"{spreads[split].mean:.4g} ± {spreads[split].deviation:.3g}"
            if split in spreads
            else "-"
            for split in result.splits
        ]
        table.add_row(escape(name), *cells)
    return table


def _skin_tones(result: Statistics) -> Table:
    """Return the faces of each class of skin tone, a column per split."""
    table = Table(title="faces by estimated skin tone", box=box.SIMPLE_HEAD)
    table.add_column("class")
    for split in result.skin_tones:
        table.add_column(escape(split), justify="right")
    for name in next(iter(result.skin_tones.values())):
        counts = [totals[name] for totals in result.skin_tones.values()]
        table.add_row(name, *("1 to 4" if count is None else f"{count:,}" for count in counts))
    return table
