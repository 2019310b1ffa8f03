"""Printed result of `train`."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from datakit.cli.results.text import escape, show_ending
from datakit.records.training import Training


def show(result: Training) -> None:
    """Print the scores before and after, and how to use the weights."""
    console = Console()
    counts = ", ".join(f"{count:,} {split}" for split, count in result.counts.items())
    console.print(f"  {result.model}, {result.parameters:,} parameters, {counts}", highlight=False)
    if result.best is not None:
        table = Table(title="on the held-out samples", box=box.SIMPLE_HEAD)
        for heading in ("score", "before", f"epoch {result.best.epoch}"):
            table.add_column(heading, justify="left" if heading == "score" else "right")
        for name, value in result.best.scores.items():
            table.add_row(name, f"{result.before.get(name, float('nan')):.4f}", f"{value:.4f}")
        console.print(table)
        where = f"{result.out}/{result.weights}"
        console.print(f"  weights: {escape(where)}", soft_wrap=True, highlight=False)
        console.print(
            f"  use them: datakit prelabel PHOTOS -o DRAFTS --model {result.model} "
            f"--weights {escape(where)}",
            soft_wrap=True,
            highlight=False,
        )
    if result.failed:
        console.print("  what could not be read, and why: failures.jsonl in it", highlight=False)
    show_ending(console, None, result.notes)
