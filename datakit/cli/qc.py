"""``datakit qc``."""

from __future__ import annotations

import click
import msgspec
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from datakit.cli.main import VERBS
from datakit.cli.verb import verb
from datakit.records.quality import CheckCounts, Quality
from datakit.verbs.qc.options import VERB, Options
from datakit.verbs.qc.run import run

STYLES = {"error": "red", "warning": "yellow", "review": "cyan"}


def show(result: Quality, as_json: bool) -> None:
    """Print how often each check reports, or everything as one JSON object."""
    if as_json:
        click.echo(msgspec.json.encode(result))
        return
    console = Console()
    reporting = {
        name: counts
        for name, counts in result.checks.items()
        if counts.error or counts.warning or counts.review
    }
    if reporting:
        console.print(_table(reporting))
    counts = ", ".join(f"{count:,} {name}" for name, count in result.counts.items())
    silent = sum(counts.judged > 0 for counts in result.checks.values()) - len(reporting)
    console.print(f"  {counts}; {silent} checks found nothing ({result.seconds:.1f} s)")
    if result.out:
        console.print(f"  where: {escape(result.out)}", soft_wrap=True, highlight=False)
    if result.failed:
        console.print("  what failed, and why: failures.jsonl in it", highlight=False)
    for note in result.notes:
        console.print(f"  note: {escape(note)}", soft_wrap=True, highlight=False)


def _table(reporting: dict[str, CheckCounts]) -> Table:
    table = Table(title="datakit qc", box=box.SIMPLE_HEAD)
    for heading in ("check", *STYLES, "judged", "worst", "worst sample"):
        right = heading not in ("check", "worst sample")
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for name, found in reporting.items():
        numbers = [
            f"[{style}]{count:,}[/]" if (count := getattr(found, severity)) else ""
            for severity, style in STYLES.items()
        ]
        worst = "" if found.worst is None else f"{found.worst:.4g}"
        table.add_row(name, *numbers, f"{found.judged:,}", worst, escape(found.worst_sample or ""))
    return table


command = verb(
    VERB,
    Options,
    run,
    summary=VERBS[VERB],
    text=(
        "Writes findings (qc.jsonl, qc.csv), all measurements (qc.parquet), plots (qc.svg) and a "
        "contact sheet of the worst samples of each check. Exit code 1 when a finding reaches "
        "--fail-on. Thresholds are changed in the YAML of --config; --rejudge applies them to "
        "measurements that were kept."
    ),
    examples=[
        "datakit qc mattes -o report",
        "datakit qc mattes -o report --target fg_ratio=0.5+-0.2 --fail-on warning",
        "datakit qc mattes -o repaired --fix safe",
        "datakit qc --rejudge report/qc.parquet --config strict.yaml",
    ],
    show=show,
)
