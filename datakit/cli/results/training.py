"""Printed result of `train`."""

from __future__ import annotations

from collections.abc import Mapping

from rich import box
from rich.console import Console
from rich.table import Table

from datakit.cli.results.text import escape, show_ending
from datakit.records.training import Training


def show(result: Training) -> None:
    """Print the scores before and after, and, where it learned something, how to use it."""
    console = Console()
    counts = ", ".join(f"{count:,} {split}" for split, count in result.counts.items())
    console.print(f"  {result.model}, {result.parameters:,} parameters, {counts}", highlight=False)
    if result.best is not None:
        _show_scores(console, result, f"epoch {result.best.epoch}", result.best.scores)
    elif result.folds:
        after = {name: one.mean for name, one in result.out_of_fold.items()}
        _show_scores(console, result, f"{result.folds} folds", after)
    if result.weights is not None:
        where = f"{result.out}/{result.weights}"
        console.print(f"  weights: {escape(where)}", soft_wrap=True, highlight=False)
        if result.learned:
            console.print(
                f"  use them: datakit prelabel PHOTOS -o DRAFTS --model {result.model} "
                f"--weights {escape(where)}",
                soft_wrap=True,
                highlight=False,
            )
    if result.failed:
        console.print("  what could not be read, and why: failures.jsonl in it", highlight=False)
    show_ending(console, None, result.notes)


def _show_scores(
    console: Console, result: Training, heading: str, scores: Mapping[str, float]
) -> None:
    title = "out of fold, with the mean's 95 % interval" if result.folds else "on held-out samples"
    table = Table(title=title, box=box.SIMPLE_HEAD)
    table.add_column("score")
    table.add_column("before", justify="right")
    table.add_column(heading, justify="right")
    for name, value in scores.items():
        found = result.out_of_fold.get(name)
        within = "" if found is None else f" ({found.low:.4f} .. {found.high:.4f})"
        table.add_row(name, f"{result.before.get(name, float('nan')):.4f}", f"{value:.4f}{within}")
    console.print(table)
