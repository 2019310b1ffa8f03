"""Lists and tables by which a user names samples."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

from datakit.core.splitting.expressions import Column
from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.store.storage import location

_LISTED = 3
_KEPT_AS_TEXT = {"", "nan", "inf", "-inf", "infinity", "-infinity"}


def listed(items: Sequence[Item], path: str) -> tuple[list[bool], list[str]]:
    """Return which samples a file lists, and its lines that fit none.

    Raises
    ------
    InputError
        If the file cannot be read, or lists no sample of the source.
    """
    text = _text("--ids", path)
    wanted = {line.strip() for line in text.splitlines() if line.strip()}
    places = _places(items)
    found = {places[name] for name in wanted if places.get(name) is not None}
    strangers = sorted(name for name in wanted if places.get(name) is None)
    if not found:
        only = f"only {_few(strangers)}" if strangers else "it is empty"
        raise InputError(f"--ids {path}: lists none of {len(items):,} samples, {only}")
    return [at in found for at in range(len(items))], strangers


def joined(items: Sequence[Item], path: str, on: str) -> tuple[dict[str, Column], list[bool]]:
    """Return the columns of a CSV for each sample, and which samples have a row in it.

    A column of numbers is one of floats (empty cells: not a number), any other one of texts.

    Raises
    ------
    InputError
        If the file has no such column, names a sample twice, or none of the source.
    """
    header, rows = _rows(path)
    if on not in header:
        raise InputError(
            f"--join {path}: expected a column {on!r} that names the samples, found "
            f"{', '.join(header) or 'no columns'}; name it with --on, separate columns by commas"
        )
    places = _places(items)
    row_of: dict[int, dict[str, str]] = {}
    for row in rows:
        place = places.get(row[on].removeprefix("'"))
        if place is None:
            continue
        if place in row_of:
            raise InputError(f"--join {path}: names {items[place].key} twice; leave one row of it")
        row_of[place] = row
    if not row_of:
        only = f"only {_few([row[on] for row in rows])}" if rows else "it has no rows"
        raise InputError(f"--join {path}: names none of {len(items):,} samples in {on!r}, {only}")
    table = {
        name: _column([row_of.get(at, {}).get(name) or None for at in range(len(items))])
        for name in header
        if name not in ("", on)
    }
    return table, [at in row_of for at in range(len(items))]


def _rows(path: str) -> tuple[list[str], list[dict[str, str]]]:
    """Return the columns and the rows of a CSV; InputError where it is not one table."""
    try:
        lines = [row for row in csv.reader(io.StringIO(_text("--join", path))) if row]
    except csv.Error as error:
        raise InputError(f"--join {path}: cannot be read ({error})") from None
    header = lines[0] if lines else []
    if doubled := [name for name, count in Counter(filter(None, header)).items() if count > 1]:
        raise InputError(f"--join {path}: has two columns named {doubled[0]!r}; rename one of them")
    for number, row in enumerate(lines[1:], 2):
        if len(row) != len(header):
            raise InputError(
                f"--join {path}, row {number}: expected {len(header)} cells as in the first row, "
                f"found {len(row)}"
            )
    return header, [dict(zip(header, row, strict=True)) for row in lines[1:]]


def _column(values: list[str | None]) -> Column:
    try:
        return np.array([np.nan if v is None else _number(v) for v in values], np.float64)
    except ValueError:
        column: Column = np.empty(len(values), object)
        column[:] = values
        return column


def _number(text: str) -> float:
    if text.strip().lower() in _KEPT_AS_TEXT or "_" in text:
        raise ValueError(text)
    return float(text)


def _places(items: Sequence[Item]) -> dict[str, int | None]:
    """Return name -> the place of the one sample that it fits, None where it fits several."""
    found: dict[str, int | None] = {}
    for names in (
        lambda item: (item.key,),
        lambda item: (item.source_name, item.sample.source.name if item.sample else item.rel),
        lambda item: (item.rel, PurePosixPath(item.rel).name),
    ):
        level: dict[str, int | None] = {}
        for at, item in enumerate(items):
            for name in dict.fromkeys(names(item)):
                level[name] = None if level.get(name, at) != at else at
        # A more particular name wins over a less particular one.
        found = {**level, **found}
    return found


def _text(option: str, path: str) -> str:
    try:
        return location(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{option} {path}: expected text in UTF-8, found byte {error.object[error.start]:#04x} "
            f"at {error.start:,}; save it as UTF-8"
        ) from None
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{option} {path}: cannot be read ({reason})") from None


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
