"""Progress on stderr: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping

import click

from datakit.errors import printable
from datakit.verbs.shared.progress import SilentProgress

PLAIN_SECONDS = 10.0


Rates = Callable[[], Mapping[str, float]]


def by_node(rates: Mapping[str, float]) -> str:
    """Return what each node does, the fastest first; a count stands for all beyond four.

    >>> by_node({"10.0.0.1": 12.0, "10.0.0.2": 30.5})
    '10.0.0.2 30.5/s, 10.0.0.1 12.0/s'
    """
    ordered = sorted(rates.items(), key=lambda pair: -pair[1])
    parts = [f"{node} {rate:,.1f}/s" for node, rate in ordered[:4]]
    return ", ".join([*parts, *([f"{len(ordered) - 4} more nodes"] if ordered[4:] else [])])


def make_progress(*, quiet: bool, noted: bool = False) -> Lines:
    """Return what fits stderr.

    Parameters
    ----------
    quiet : bool
        No progress; only what a person needs to go on.
    noted : bool
        Keep notes, for whoever prints the result, instead of printing them.
    """
    kind = Lines if quiet else _Bar if sys.stderr.isatty() else _Plain
    return kind(keep=quiet or noted)


class Lines(SilentProgress):
    """Lines of their own on stderr, and no progress.

    Attributes
    ----------
    notes : list of str
        What was not printed.
    """

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self.notes: list[str] = []
        self._rates: Rates = dict

    def note(self, text: str) -> None:
        """Print a line, or keep it."""
        if self._keep:
            self.notes.append(text)
        else:
            click.echo(printable(text), err=True)

    def announce(self, text: str) -> None:
        """Print what a person needs to go on."""
        # Of several lines, which are datakit's own.
        click.echo("\n".join(map(printable, text.split("\n"))), err=True)

    def nodes(self, rates: Rates) -> None:
        """Take the rates of several nodes into progress."""
        self._rates = rates


class _Bar(Lines):
    """A rich progress bar with rate and time left."""

    def begin(self, total: int, what: str) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        self._progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TaskProgressColumn(show_speed=True),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[failed]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._started = time.monotonic()
        self._done = 0
        self._total = total
        self._task = self._progress.add_task(what, total=total, rate="", failed="")
        self._progress.start()

    def advance(self, failed: int) -> None:
        self._done += 1
        rate = self._done / max(time.monotonic() - self._started, 1e-9)
        self._progress.update(
            self._task,
            advance=1,
            rate=f"{rate:,.1f}/s" + (f" on {len(nodes)} nodes" if (nodes := self._rates()) else ""),
            failed=f"[red]{failed} failed" if failed else "",
        )

    def end(self) -> None:
        """Take the bar away."""
        self._progress.stop()


class _Plain(Lines):
    """A line every few seconds, for logs and pipes."""

    def begin(self, total: int, what: str) -> None:
        self._total, self._what, self._done = total, what, 0
        self._started = self._last = time.monotonic()

    def advance(self, failed: int) -> None:
        self._done += 1
        now = time.monotonic()
        if now - self._last >= PLAIN_SECONDS:
            self._last = now
            rate = self._done / (now - self._started)
            left = (self._total - self._done) / rate
            click.echo(
                f"{self._what}: {self._done}/{self._total}, {rate:,.1f}/s, "
                f"{left:,.0f} s left, {failed} failed"
                + (f"; {by_node(nodes)}" if (nodes := self._rates()) else ""),
                err=True,
            )
