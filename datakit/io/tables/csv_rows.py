"""CSV that spreadsheets open as text: a name that starts like a formula is not run."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def line(values: Iterable[Any]) -> str:
    r"""Return one row with its newline; for files that grow row by row.

    Text that a spreadsheet would run gets an apostrophe before it, which the spreadsheet does not
    show (OWASP, "CSV Injection"); numbers stay as they are. None is an empty cell.

    Examples
    --------
    >>> line(["=HYPERLINK(1)", -0.5, None, "a,b"])
    '\'=HYPERLINK(1),-0.5,,"a,b"\n'
    """
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerow([_safe(value) for value in values])
    return text.getvalue()


def table(header: Sequence[str], rows: Iterable[Iterable[Any]]) -> bytes:
    r"""Return a header and rows as UTF-8 (see `line`).

    Examples
    --------
    >>> table(["id", "score"], [["a", 1]])
    b'id,score\na,1\n'
    """
    return "".join([line(header), *(line(row) for row in rows)]).encode()


def records(rows: Sequence[Mapping[str, Any]]) -> bytes:
    r"""Return rows that name their columns, in the order of the first; nothing for no rows.

    Examples
    --------
    >>> records([{"file": "@a", "split": "val"}])
    b"file,split\n'@a,val\n"
    """
    return table(list(rows[0]), (row.values() for row in rows)) if rows else b""


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
