"""Groups named by the user, by a column or a table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Literal

from datakit.errors import InputError
from datakit.io.layouts.base import Item
from datakit.io.store.storage import Location, location
from datakit.io.tables import csv_rows

GroupRest = Literal["each", "together"]

REST = "\0rest"
"""The key of all samples without a group; no group that a user names can be called so."""

_LISTED = 3


def user_keys(
    items: Sequence[Item], column: str, rest: GroupRest | None = None
) -> list[str | None]:
    """Return the group that ``--group-by`` names for each item; None where it names none.

    Parameters
    ----------
    items : sequence of Item
    column : str
        A column of the manifest, or a ``.csv`` of file,group.
    rest : str, optional
        What becomes of items without a group; see `complete`.

    Raises
    ------
    InputError
        If the column or the file does not exist, names no group at all, or names one of a part of
        the items only and nothing says what becomes of the rest.
    """
    strangers: list[str] = []
    if column.lower().endswith(".csv"):
        table = _read_keys(location(column))
        found = [next((n for n in _names_of(item) if n in table), None) for item in items]
        keys = [None if name is None else table[name] or None for name in found]
        strangers = sorted(table.keys() - {name for name in found if name is not None})
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
    unfit = f"; rows that fit no file: {_listed(strangers)}" if strangers else ""
    return complete(items, keys, f"--group-by {column}", unfit, rest)


def regex_keys(
    items: Sequence[Item], names: Sequence[str], regex: str, rest: GroupRest | None = None
) -> list[str | None]:
    """Return what ``(?P<g>...)`` matches in each item's group name or else its file's stem.

    Parameters
    ----------
    items, names : sequences
        The samples, and the name of the photo that each was made from.
    regex : str
        With a group named ``g``.
    rest : str, optional
        What becomes of items that do not match; see `complete`.

    Raises
    ------
    InputError
        If none matches, or only a part does and nothing says what becomes of the rest.
    """
    pattern = re.compile(regex)
    stems = (PurePosixPath(item.source_name).stem for item in items)
    matches = [
        pattern.search(name) or pattern.search(stem)
        for name, stem in zip(names, stems, strict=True)
    ]
    keys = [match["g"] if match else None for match in matches]
    return complete(items, keys, f"--group-regex {regex!r}", "", rest)


def complete(
    items: Sequence[Item],
    keys: list[str | None],
    asked: str,
    unfit: str,
    rest: GroupRest | None,
) -> list[str | None]:
    """Return keys that cover all items as the user decided, or refuse: half a rule is a leak.

    Parameters
    ----------
    items, keys : sequences
        The samples, and the group of each or None.
    asked : str
        The option that names the groups.
    unfit : str
        What else the user should know when it covers too little.
    rest : {'each', 'together'}, optional
        Samples without a group are their own groups, or one group.

    Raises
    ------
    InputError
        As described above.
    """
    missed = [item.source_name for item, key in zip(items, keys, strict=True) if key is None]
    if not missed:
        return keys
    named = len(items) - len(missed)
    if not named:
        raise InputError(
            f"{asked}: names a group of none of {len(items):,} samples, such as "
            f"{_listed(missed)}{unfit}"
        )
    if rest is None:
        raise InputError(
            f"{asked}: names a group of {named:,} of {len(items):,} samples, expected all; without "
            f"one: {_listed(missed)}{unfit}; correct it, or say --group-rest each (each of the "
            "others by itself) or --group-rest together (all others as one group)"
        )
    return keys if rest == "each" else [REST if key is None else key for key in keys]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")


def _names_of(item: Item) -> tuple[str, ...]:
    """Return the names that a user may call a sample by, the most particular first."""
    return item.key, item.source_name, item.rel, PurePosixPath(item.rel).name


def _read_keys(path: Location) -> dict[str, str]:
    try:
        rows = list(csv_rows.read(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"--group-by {path}: cannot be read ({error})") from None
    if rows and [cell.strip().lower() for cell in rows[0][:2]] == ["file", "group"]:
        rows = rows[1:]
    bad = [number for number, row in enumerate(rows, 1) if row and len(row) != 2]
    if bad or not rows:
        where = f"line {bad[0]} has another number of them" if bad else "it is empty"
        raise InputError(
            f"--group-by {path}: expected two columns with a comma between, file and group; {where}"
        )
    keys: dict[str, str] = {}
    for name, group in ((row[0].strip(), row[1].strip()) for row in rows if row):
        if keys.setdefault(name, group) != group:
            raise InputError(
                f"--group-by {path}: {name}: expected one group, found {keys[name]!r} and "
                f"{group!r}; keep one of the rows"
            )
    return keys
