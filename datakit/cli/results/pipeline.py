"""Printed result of `run`: the steps of a pipeline."""

from __future__ import annotations

from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from datakit.cli.results.text import escape
from datakit.records.pipeline import NOTHING_RUN, RunSummary, StepReport

DONE = {
    "run": "[green]done[/]",
    "resume": "[green]done[/]",
    "skip": "[dim]up to date[/]",
    "stop": "[yellow]not run[/]",
}
PLANNED = {"run": "runs", "resume": "goes on", "skip": "[dim]up to date[/]", "stop": "not run"}


def show(result: RunSummary) -> None:
    """Print the steps and what became of them."""
    if result.text is not None:
        click.echo(result.text, nl=False)
        return
    console = Console()
    planned = NOTHING_RUN in result.notes
    words = PLANNED if planned else DONE
    table = Table(title="datakit run", box=box.SIMPLE_HEAD)
    for heading in ("step", "verb", "", "result", "s"):
        table.add_column(heading, justify="right" if heading == "s" else "left", overflow="fold")
    for step in result.steps:
        seconds = f"{step.seconds:,.1f}" if step.seconds else ""
        table.add_row(
            escape(step.name),
            step.verb,
            words[step.action],
            escape(_result(step, planned)),
            seconds,
        )
    console.print(table)
    if result.out:
        console.print(f"  where: {escape(result.out)}", soft_wrap=True, highlight=False)
    for note in _notes(result):
        console.print(f"  {escape(note)}", soft_wrap=True, highlight=False)


def _result(step: StepReport, planned: bool) -> str:
    """Say what a step made or, before it ran or where it did not, why."""
    counted = step.numbers if step.counts or step.findings or step.failed else ""
    items = f"{step.items:,} samples to read" if step.items is not None else ""
    ran = step.action in ("run", "resume") and not planned
    why = "" if ran else "; ".join(step.reasons)
    return "; ".join(part for part in (counted, items, why) if part)


def _notes(result: RunSummary) -> list[str]:
    notes = [f"note: {note}" for note in result.notes]
    pages = [str(step.out) for step in result.steps if str(step.out).endswith(".html")]
    if NOTHING_RUN not in result.notes:
        notes += [f"open in a browser: {page}" for page in pages if Path(page).is_file()]
    for step in result.steps:
        if step.action in ("run", "resume") and NOTHING_RUN not in result.notes:
            notes += [f"{step.name}: {note}" for note in step.notes]
        if step.failed:
            notes.append(f"{step.name}: what failed, and why: failures.jsonl in {step.out}")
        elif step.findings:
            notes.append(f"{step.name}: what was found: {step.out}")
    return notes
