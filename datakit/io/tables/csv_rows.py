"""CSV that spreadsheets open as text: what starts like a formula is not run."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Any

_LEAD = r"(?:^|[;\t\r\n])[\s\"\ufeff\x00-\x1f]*"
"""Where a cell begins, also for a program that takes semicolons or tabs for separators."""

_FORMULA = r"'*[=+\-@\uff1d\uff0b\uff0d\uff20]"
_UNSAFE = re.compile(f"({_LEAD})(?={_FORMULA})")
_PLAIN = re.compile(r"\w[\w./ -]*")
"""What nearly all cells are, and no spreadsheet runs."""
_BLANK = re.compile(r"'*[\t\r]")
_SAFE = re.compile(f"({_LEAD})'(?={_FORMULA})")


def line(values: Iterable[Any]) -> str:
    r"""Return one row with its newline; for files that grow row by row.

    Text that a spreadsheet would run gets an apostrophe before it, which the spreadsheet does not
    show (OWASP, "CSV Injection") and `read` takes off; numbers stay as they are. None is an empty
    cell.

    Examples
    --------
    >>> line(["=HYPERLINK(1)", -0.5, None, "a,b", "c;=1"])
    '\'=HYPERLINK(1),-0.5,,"a,b",c;\'=1\n'
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


def read(lines: Iterable[str]) -> Iterator[list[str]]:
    r"""Yield the rows of a table, without the apostrophes that `line` put before formulas.

    Examples
    --------
    >>> list(read(["id,file\n", line([7, "=1;-2"])]))
    [['id', 'file'], ['7', '=1;-2']]
    """
    for row in csv.reader(lines):
        yield [_read_cell(cell) for cell in row]


def read_records(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of a table by the names of its header (see `read`)."""
    rows = read(lines)
    header = next(rows, [])
    for row in rows:
        yield dict(zip(header, row, strict=False))


def _safe(value: Any) -> Any:
    if not isinstance(value, str) or _PLAIN.fullmatch(value):
        return value
    text = _UNSAFE.sub(r"\1'", value)
    return f"'{text}" if _BLANK.match(text) else text


def _read_cell(cell: str) -> str:
    text = cell[1:] if cell.startswith("'") and _BLANK.match(cell[1:]) else cell
    return _SAFE.sub(r"\1", text)
