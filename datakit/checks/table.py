"""Measurements as flat rows: what a table file keeps, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from datakit.checks.base import Value
from datakit.checks.judge import Measurements
from datakit.core.quality.matte_regions import Box

KEYS = ("id", "file")
BOX = "box"


def to_row(measured: Measurements) -> dict[str, Any]:
    """Return ``{"id": …, "file": …, "halo.halo_px": 0.3, "islands.box": [1, 2, 3, 4]}``.

    NaN (not measurable) is left out; it reads back as not measured.

    Examples
    --------
    >>> to_row(Measurements("a", {"halo": {"halo_px": 0.5, "points": float("nan")}}))
    {'id': 'a', 'file': None, 'halo.halo_px': 0.5}
    """
    row: dict[str, Any] = {"id": measured.id, "file": measured.file}
    for check, values in measured.values.items():
        for name, value in values.items():
            if isinstance(value, str) or not np.isnan(value):
                row[f"{check}.{name}"] = value if isinstance(value, str) else float(value)
    for check, box in measured.boxes.items():
        row[f"{check}.{BOX}"] = [int(edge) for edge in box]
    return row


def from_row(row: Mapping[str, Any]) -> Measurements:
    """Return what `to_row` was given; None is not measured."""
    values: dict[str, dict[str, Value]] = {}
    boxes: dict[str, Box] = {}
    for column, value in row.items():
        check, _, name = column.partition(".")
        if column in KEYS or value is None:
            continue
        if name == BOX:
            x1, y1, x2, y2 = (int(edge) for edge in value)
            boxes[check] = (x1, y1, x2, y2)
        else:
            values.setdefault(check, {})[name] = value
    return Measurements(str(row["id"]), values, boxes, row.get("file"))


def columns(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the columns of rows: keys first, then each check's in the order they appear."""
    found = dict.fromkeys(KEYS)
    for row in rows:
        found.update(dict.fromkeys(row))
    return list(found)
