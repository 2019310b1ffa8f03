"""``datakit run``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click
import msgspec
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from datakit.cli.main import VERBS
from datakit.cli.verb import EXIT_INTERRUPTED, verb
from datakit.records.pipeline import RunSummary, StepReport
from datakit.verbs.run.options import VERB, Options
from datakit.verbs.run.run import NOTHING_RUN, run
from datakit.verbs.shared.progress import ProgressListener, SilentProgress

DONE = {
    "run": "[green]done[/]",
    "resume": "[green]done[/]",
    "skip": "[dim]up to date[/]",
    "stop": "[yellow]not run[/]",
}
PLANNED = {"run": "runs", "resume": "goes on", "skip": "[dim]up to date[/]", "stop": "not run"}


class StepLines:
    """A listener that also writes a line to stderr at the end of each step."""

    def __init__(self, progress: ProgressListener) -> None:
        self._progress = progress

    def begin(self, total: int, what: str) -> None:
        """Pass it on."""
        self._progress.begin(total, what)

    def advance(self, failed: int) -> None:
        """Pass it on."""
        self._progress.advance(failed)

    def nodes(self, rates: Callable[[], Mapping[str, float]]) -> None:
        """Pass it on."""
        self._progress.nodes(rates)

    def end(self) -> None:
        """Pass it on."""
        self._progress.end()

    def step(self, report: StepReport) -> None:
        """Say how a step ended."""
        if report.action in ("run", "resume"):
            click.echo(
                f"{report.name}: done, {_numbers(report)} ({report.seconds:.1f} s)", err=True
            )


def _numbers(report: StepReport) -> str:
    counts = {name: count for name, count in report.counts.items() if name != "failed"}
    parts = [f"{count:,} {name}" for name, count in [*counts.items()][:3]]
    parts += [f"{report.findings:,} findings"] if report.findings else []
    parts += [f"{report.failed:,} failed"] if report.failed else []
    return ", ".join(parts) or "nothing to count"


def show(result: RunSummary, as_json: bool) -> None:
    """Print the steps and what became of them, or everything as one JSON object."""
    if as_json:
        click.echo(msgspec.json.encode(result))
        return
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
    counted = _numbers(step) if step.counts or step.findings or step.failed else ""
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


def _run(options: Options, progress: ProgressListener) -> RunSummary:
    try:
        return run(
            options, progress if isinstance(progress, SilentProgress) else StepLines(progress)
        )
    except KeyboardInterrupt:
        click.echo("Interrupted; run the same command again: it goes on where it was.", err=True)
        sys.exit(EXIT_INTERRUPTED)


command = verb(
    VERB,
    Options,
    _run,
    summary=VERBS[VERB],
    text=(
        "PIPELINE.yaml lists steps: a verb each, with its options. Results go to DST/STEP, and "
        "DST/run.json says what was done. Run it again after any change or kill: only what "
        "changed, and what depends on it, is done again. --init prints a commented example."
    ),
    examples=[
        "datakit run --init roboflow > mine.yaml",
        "datakit run mine.yaml -o result --dry-run",
        "datakit run mine.yaml -o result",
        "datakit run mine.yaml -o result --explain",
    ],
    show=show,
)
