"""``datakit split``."""

from __future__ import annotations

import click
import msgspec
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from datakit.cli.main import VERBS
from datakit.cli.verb import show_summary, verb
from datakit.records.lineage import REASONS, Audit
from datakit.records.summary import Summary
from datakit.verbs.split.options import VERB, Options
from datakit.verbs.split.run import run


def show(result: Summary | Audit, as_json: bool) -> None:
    """Print the summary of a split, or the table of leaks."""
    if isinstance(result, Summary):
        show_summary(result, as_json)
    elif as_json:
        click.echo(msgspec.json.encode(result))
    else:
        _show_audit(result)


def _show_audit(result: Audit) -> None:
    console = Console()
    table = Table(title="datakit split --audit: samples that leak", box=box.SIMPLE_HEAD)
    table.add_column("between", overflow="fold")
    for heading in ("samples", *REASONS):
        table.add_column(heading, justify="right")
    for pair, counts in result.table.items():
        numbers = [f"{counts[name]:,}" if name in counts else "" for name in ("samples", *REASONS)]
        table.add_row(pair, *numbers)
    console.print(table)
    listed = ", ".join(f"{count:,} {name}" for name, count in result.counts.items())
    console.print(f"  {listed}", highlight=False)
    for leak in result.leaks[:10]:
        line = f"  {leak.reason}: {leak.one} - {leak.other}"
        console.print(escape(line), soft_wrap=True, highlight=False)
    if len(result.leaks) > 10:
        console.print(f"  … and {len(result.leaks) - 10:,} more: --json, or leaks.csv with -o")
    if result.out:
        console.print(f"  where: {escape(result.out)}", soft_wrap=True, highlight=False)
    for note in result.notes:
        console.print(f"  note: {escape(note)}", soft_wrap=True, highlight=False)


command = verb(
    VERB,
    Options,
    run,
    summary=VERBS[VERB],
    text=(
        "Whatever belongs together stays on one side: copies of one photo, near-duplicates, and "
        "what --group-by or --group-regex name. --audit says where an export's own split leaks "
        "(exit code 1), --repair writes it without leaks."
    ),
    examples=[
        "datakit split dataset -o parts --val 0.15 --seed 7",
        "datakit split dataset -o parts --val 0.1 --test 0.1 --stratify class,fg_ratio:5",
        "datakit split --audit export -o report",
        "datakit split export -o mended --repair",
        "datakit split dataset -o parts --policy p3m",
        "datakit split grown -o parts2 --val 0.15 --previous parts",
    ],
    show=show,
)
