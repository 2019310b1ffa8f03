"""Lists and tables by which a user names samples."""

from __future__ import annotations

import csv
import io
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
        raise InputError(
            f"--ids {path}: lists none of {len(items):,} samples, only {_few(strangers)}"
        )
    return [at in found for at in range(len(items))], strangers


def joined(items: Sequence[Item], path: str, on: str) -> tuple[dict[str, Column], list[bool]]:
    """Return the columns of a CSV for each sample, and which samples have a row in it.

    A column of numbers is one of floats (empty cells: not a number), any other one of texts.

    Raises
    ------
    InputError
        If the file has no such column, names a sample twice, or none of the source.
    """
    try:
        reader = csv.DictReader(io.StringIO(_text("--join", path)))
        rows = [{k: v for k, v in row.items() if k is not None} for row in reader]
    except csv.Error as error:
        raise InputError(f"--join {path}: cannot be read ({error})") from None
    header = [name for name in reader.fieldnames or () if name]
    if on not in header:
        raise InputError(
            f"--join {path}: expected a column {on!r} that names the samples, found "
            f"{', '.join(header) or 'no columns'}; name it with --on"
        )
    places = _places(items)
    row_of: dict[int, dict[str, str]] = {}
    for row in rows:
        place = places.get((row[on] or "").removeprefix("'"))
        if place is None:
            continue
        if place in row_of:
            raise InputError(f"--join {path}: names {items[place].key} twice; leave one row of it")
        row_of[place] = row
    if not row_of:
        some = _few([str(row[on]) for row in rows])
        raise InputError(
            f"--join {path}: names none of {len(items):,} samples in {on!r}, only {some}"
        )
    table = {
        name: _column([row_of.get(at, {}).get(name) or None for at in range(len(items))])
        for name in header
        if name != on
    }
    return table, [at in row_of for at in range(len(items))]


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
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{option} {path}: cannot be read ({error})") from None


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
