"""Text from outside (names, errors), made safe to print."""

from __future__ import annotations

from collections.abc import Iterable

from rich import markup
from rich.console import Console

from datakit.errors import printable
from datakit.records.failure import MOST_REASONS, Failure, grouped


def escape(text: str) -> str:
    r"""Return ``text`` so that it neither reaches the terminal's controls nor is taken for markup.

    Examples
    --------
    >>> print(escape("a\x1b.png"), escape("[red]x"))
    a\x1b.png \[red]x
    """
    return markup.escape(printable(text))


def show_ending(console: Console, out: str | None, notes: Iterable[str]) -> None:
    """Print where a result is, and what was noted on the way."""
    if out:
        console.print(f"  where: {escape(out)}", soft_wrap=True, highlight=False)
    for note in notes:
        console.print(f"  note: {escape(note)}", soft_wrap=True, highlight=False)


def show_reasons(console: Console, failures: Iterable[Failure], rest: str) -> None:
    """Print failures by reason, the most frequent first, each with its count and one example.

    Parameters
    ----------
    console : Console
    failures : iterable of Failure
    rest : str
        Where all rows are, for when there are more reasons than are shown.
    """
    reasons = grouped(failures)
    for count, example in reasons[:MOST_REASONS]:
        place = f", annotation {example.annotation}" if example.annotation else ""
        named = example.names_its_file and not place
        where = "" if named else f"{example.file}{place}: "
        words = escape(f"{count:,} x {where}{example.error}")
        console.print(f"    {words}", soft_wrap=True, highlight=False)
    if len(reasons) > MOST_REASONS:
        others = len(reasons) - MOST_REASONS
        console.print(f"    and {others} other reasons; {rest}", highlight=False)
