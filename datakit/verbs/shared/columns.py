"""A source's samples as a table of columns, for conditions and strata."""

from __future__ import annotations

from collections.abc import Collection as Names
from typing import Any

import numpy as np
import numpy.typing as npt

from datakit.errors import DatakitError, InputError
from datakit.io.layouts import READERS
from datakit.io.layouts.base import Item
from datakit.io.pixels.native import probe
from datakit.records.conditions import COLUMNS, as_column, row_values, unknown_column
from datakit.records.labels import LabelObject
from datakit.verbs.shared.lineage import Lineage, source_of


def columns(lineage: Lineage, wanted: Names[str]) -> dict[str, npt.NDArray[Any]]:
    """Return the columns that are wanted, one row per sample of the lineage.

    Raises
    ------
    InputError
        For a column that does not exist.
    """
    unknown = sorted(set(wanted) - set(COLUMNS))
    if unknown:
        raise InputError(unknown_column(unknown[0], COLUMNS))
    return {name: _column(lineage, name) for name in wanted}


def _column(lineage: Lineage, name: str) -> npt.NDArray[Any]:
    if name == "group":
        values: list[Any] = list(lineage.names)
    elif name == "fg_ratio":
        values = _ratios(lineage)
    elif name == "people":
        values = _people(lineage)
    else:
        values = [_value(item, name) for item in lineage.items]
    return as_column(name, values)


def _people(lineage: Lineage) -> list[int | None]:
    """Return how many people each photo shows; None where nobody looked."""
    if not lineage.people:
        return [None] * len(lineage.items)
    return [None if people is None else people.count for people in lineage.people]


def _ratios(lineage: Lineage) -> list[float | None]:
    known = [item.sample.fg_ratio if item.sample else None for item in lineage.items]
    if not lineage.inspections:
        return known
    return [
        inspection.fg_ratio if value is None else value
        for value, inspection in zip(known, lineage.inspections, strict=True)
    ]


def _value(item: Item, name: str) -> Any:
    # Here the source names the photo, its split and its size, whether or not it has a manifest.
    match name:
        case "id":
            return item.key
        case "file_name":
            return item.source_name
        case "source":
            return source_of(item)
        case "split" | "split_source":
            return item.split
        case "label_state":
            return item.label_state
        case "width" | "height":
            size = item.stated_wh or _stored_size(item)
            return size[0] if name == "width" else size[1]
    if item.sample is not None:
        return row_values(item.sample)[name]
    if name in ("class", "categories"):
        return _classes(item)
    if name == "annotations":
        return len(_objects(item))
    return {"tags": (), "anonymized": False, "parent": None}[name]


def _stored_size(item: Item) -> tuple[int, int] | tuple[None, None]:
    """Return the size of an image where the source states none; none where it is unreadable."""
    if item.image is None:
        return None, None
    try:
        return probe(item.image.read(), item.image.name).size_wh
    except DatakitError:
        return None, None


def _classes(item: Item) -> tuple[str, ...]:
    """Return the classes of an image's objects."""
    return tuple(dict.fromkeys(found.category for found in _objects(item) if found.category))


def _objects(item: Item) -> list[LabelObject]:
    """Return an image's objects; none when its annotations cannot be read."""
    if item.annotations is None:
        return []
    try:
        return [*READERS.load(item.layout).objects(item, item.stated_wh or (1, 1))]
    except DatakitError:
        return []


def strata(
    table: dict[str, npt.NDArray[Any]], asked: list[tuple[str, int | None]]
) -> tuple[list[str], npt.NDArray[np.float64]]:
    """Return what to spread evenly: one cell for each value of each column.

    Parameters
    ----------
    table : mapping
        The columns.
    asked : list of (column, bins)
        Numbers are cut into that many bins of equal population (5 when it is None).

    Returns
    -------
    names : list of str
        ``column=value`` of each cell.
    cells : (N, K) float64
        1 where the sample lies in the cell; several classes of one sample count each.

    Raises
    ------
    InputError
        If a number is missing, or text is to be cut into bins.
    """
    names: list[str] = []
    parts: list[npt.NDArray[np.float64]] = []
    for name, bins in asked:
        column = table[name]
        found = (
            _bins(name, column, bins or 5)
            if column.dtype.kind == "f"
            else _values(name, column, bins)
        )
        for label, member in found:
            names.append(f"{name}={label}")
            parts.append(member.astype(np.float64))
    size = len(next(iter(table.values()))) if table else 0
    return names, np.stack(parts, axis=1) if parts else np.zeros((size, 0))


def _bins(name: str, column: Any, bins: int) -> list[tuple[str, Any]]:
    missing = int(np.isnan(column).sum())
    if missing:
        raise InputError(
            f"--stratify {name}: {missing:,} of {len(column):,} samples have no {name}; run "
            f"coco2mask first, or leave them out with --where '{name} >= 0'"
        )
    edges = np.unique(np.quantile(column, np.linspace(0, 1, bins + 1)))
    if len(edges) < 2:
        return [(f"{edges[0]:.4g}", np.ones(len(column), np.bool_))] if len(edges) else []
    at = np.clip(np.searchsorted(edges, column, side="right") - 1, 0, len(edges) - 2)
    return [
        (f"{edges[n]:.4g} to {edges[n + 1]:.4g}", at == n)
        for n in range(len(edges) - 1)
        if (at == n).any()
    ]


def _values(name: str, column: Any, bins: int | None) -> list[tuple[str, Any]]:
    if bins is not None:
        raise InputError(f"--stratify {name}:{bins}: {name} is text; bins are for numbers")
    rows = [value if isinstance(value, tuple) else (value,) for value in column]
    values = sorted({entry for row in rows for entry in row}, key=str)
    if len(values) > max(50, len(rows) // 2):
        raise InputError(
            f"--stratify {name}: {len(values):,} different values for {len(rows):,} samples; "
            "expected a column with few"
        )
    codes = {value: number for number, value in enumerate(values)}
    member = np.zeros((len(rows), len(values)), np.bool_)
    for at, row in enumerate(rows):
        for entry in row:
            member[at, codes[entry]] = True
    found = [("none" if v is None else str(v), member[:, n]) for v, n in codes.items()]
    if any(not row for row in rows):
        found.append(("none", np.array([not row for row in rows])))
    return found
