"""The groups that a user names, by a column or a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import PurePosixPath

from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.store.storage import Location, location


def user_keys(items: Sequence[Item], column: str) -> list[str | None]:
    """Return the group that ``--group-by`` names for each item; None where it names none.

    Parameters
    ----------
    items : sequence of Item
    column : str
        A column of the manifest, or a ``.csv`` of file,group.

    Raises
    ------
    InputError
        If the column or the file does not exist, or names no group at all.
    """
    if column.lower().endswith(".csv"):
        table = _read_keys(location(column))
        keys = [
            next((table[name] for name in _names_of(item) if name in table), None) for item in items
        ]
    else:
        known = items[0].sample.__struct_fields__ if items and items[0].sample else ("group",)
        if column not in known:
            raise InputError(
                f"--group-by {column}: expected a column ({', '.join(known)}) or a .csv of "
                "file,group"
            )
        rows = [item.sample if item.sample else item for item in items]
        values = [getattr(row, column) for row in rows]
        keys = [None if value in (None, (), "") else str(value) for value in values]
    if items and keys.count(None) == len(keys):
        raise InputError(f"--group-by {column}: names a group of none of {len(items):,} samples")
    return keys


def _names_of(item: Item) -> tuple[str, ...]:
    """Return the names that a user may call a sample by, the most particular first."""
    return item.key, item.source_name, item.rel, PurePosixPath(item.rel).name


def _read_keys(path: Location) -> dict[str, str]:
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"--group-by {path}: cannot be read ({error})") from None
    if rows and [cell.strip().lower() for cell in rows[0][:2]] == ["file", "group"]:
        rows = rows[1:]
    bad = [number for number, row in enumerate(rows, 1) if row and len(row) != 2]
    if bad or not rows:
        where = f"line {bad[0]} has another number of them" if bad else "it is empty"
        raise InputError(f"--group-by {path}: expected two columns, file and group; {where}")
    return {row[0].strip(): row[1].strip() for row in rows if row}
