"""Printed result of `qc`."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

from datakit.cli.results.text import escape
from datakit.records.counts import counted, in_words
from datakit.records.quality import CheckCounts, Quality

STYLES = {"error": "red", "warning": "yellow", "review": "cyan"}


def show(result: Quality) -> None:
    """Print how often each check reports."""
    console = Console()
    reporting = {
        name: counts
        for name, counts in result.checks.items()
        if counts.error or counts.warning or counts.review
    }
    if reporting:
        console.print(_table(reporting))
    counts = in_words(result.counts)
    silent = sum(counts.judged > 0 for counts in result.checks.values()) - len(reporting)
    console.print(f"  {counts}; {counted(silent, 'checks')} found nothing ({result.seconds:.1f} s)")
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
