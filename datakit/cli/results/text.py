"""Text of other people's (names, errors) as it may be printed."""

from __future__ import annotations

from rich import markup

from datakit.errors import printable


def escape(text: str) -> str:
    r"""Return ``text`` so that it neither reaches the terminal's controls nor is taken for markup.

    Examples
    --------
    >>> print(escape("a\x1b.png"), escape("[red]x"))
    a\x1b.png \[red]x
    """
    return markup.escape(printable(text))
