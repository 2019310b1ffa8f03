"""The list of all subjects and where each stands: the first thing that the page asks for."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec

from datakit.pages.subject import Subject
from datakit.records.review import Decision

COLUMNS = (
    *("id", "priority", "reason", "group", "width", "height"),
    *("waiting", "unknown", "compared"),
)
"""Attributes of a subject that the page knows of all of them."""

TABLES = ("kinds", "severity", "reasons", "split", "label_kind", "classes")
"""Those whose values many subjects share: the page gets each value once, and `others` too."""


class ReviewList:
    """The subjects column by column, encoded once: a reload asks for the same again.

    Parameters
    ----------
    subjects : sequence of Subject
    hides : bool
        Photos that wait can be shown with their faces hidden.
    """

    def __init__(self, subjects: Sequence[Subject], *, hides: bool) -> None:
        self._subjects = subjects
        self._hides = hides

    @cached_property
    def _ids(self) -> frozenset[str]:
        return frozenset(subject.id for subject in self._subjects)

    @cached_property
    def _fixed(self) -> dict[str, msgspec.Raw]:
        """What no decision changes."""
        subjects = self._subjects
        columns: dict[str, list[Any]] = {
            name: list(map(attrgetter(name), subjects)) for name in COLUMNS
        }
        columns["pictured"] = [subject.image is not None for subject in subjects]
        columns["counterpart"] = list(map(self._has_counterpart, subjects))
        columns["coloured"] = [bool(subject.palette) for subject in subjects]
        tables = {name: _table(list(map(attrgetter(name), subjects))) for name in TABLES}
        tables["others"] = _table([tuple(subject.others.items()) for subject in subjects])
        return {
            "columns": msgspec.Raw(msgspec.json.encode(columns)),
            "tables": msgspec.Raw(msgspec.json.encode(tables)),
        }

    def _has_counterpart(self, subject: Subject) -> bool:
        return subject.original is not None and (not subject.waiting or self._hides)

    def json(self, decisions: Mapping[str, Decision], folder: Path) -> bytes:
        """Return the list with where each subject stands.

        Parameters
        ----------
        decisions : mapping
            Id -> the last decision.
        folder : Path
            The review's; the browser keeps what is not saved yet under its digest.
        """
        states = {
            key: state_of(decision)
            for key, decision in decisions.items()
            if key in self._ids and not decision.is_open
        }
        review = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()
        return msgspec.json.encode({**self._fixed, "states": states, "review": review})


def _table(column: Sequence[Hashable]) -> dict[str, list[Any]]:
    """Return the different values of a column, and which of them each row has.

    Examples
    --------
    >>> _table(["val", "train", "val"])
    {'values': ['val', 'train'], 'rows': [0, 1, 0]}
    """
    numbers: dict[Hashable, int] = {}
    rows = [numbers.setdefault(value, len(numbers)) for value in column]
    return {"values": list(numbers), "rows": rows}


def state_of(decision: Decision) -> dict[str, Any]:
    """Return where a sample stands, as the page knows it."""
    return {
        "verdict": decision.verdict,
        "note": decision.note,
        "edit": decision.edit,
        "objects": decision.objects,
        "models": decision.models,
        "at": decision.at,
    }
