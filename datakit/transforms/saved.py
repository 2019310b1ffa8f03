"""Pipelines that Albumentations itself saved (`A.save`, `A.to_dict`), as datakit's documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NodePath = tuple[str | int, ...]
Lines = dict[NodePath, int]

_CLASS = "__class_fullname__"
# What a saved file always says and datakit decides itself; "always_apply" is of before 1.4.
_DECIDED = ("mask_interpolation", "always_apply")
_SHAPES = ("transforms", "p", "n", "replace")
"""What a group keeps of what is saved of it."""


def is_saved(data: object) -> bool:
    """Tell whether a parsed document is one that Albumentations saved.

    Examples
    --------
    >>> is_saved({"__version__": "2.0.8", "transform": {"__class_fullname__": "Compose"}})
    True
    >>> is_saved({"transforms": []})
    False
    """
    inner = data.get("transform") if isinstance(data, dict) else None
    return isinstance(inner, dict) and _CLASS in inner


def converted(
    data: Mapping[str, Any], lines: Lines, groups: tuple[str, ...]
) -> tuple[dict[str, Any], Lines, tuple[str, ...]]:
    """Bring a saved pipeline to the form of datakit's documents.

    Parameters
    ----------
    data : mapping
        As `is_saved` knows it.
    lines : dict
        The line of each value, by its path.
    groups : tuple of str
        Names of the transforms that hold others.

    Returns
    -------
    document : dict
        With ``transforms``.
    lines : dict
        The line of each value of the document.
    dropped : tuple of str
        What was left out, as ``Compose.bbox_params``, each once.

    Examples
    --------
    >>> step = {"__class_fullname__": "albumentations.HorizontalFlip", "p": 1.0}
    >>> saved = {"transform": {"__class_fullname__": "Compose", "transforms": [step]}}
    >>> converted(saved, {}, ())[0]
    {'transforms': [{'HorizontalFlip': {'p': 1.0}}]}
    """
    found = _Conversion(lines, groups)
    top = data["transform"]
    path: NodePath = ("transform",)
    root = top if _name(top) == "Compose" else {_CLASS: "Compose", "transforms": [top]}
    for key, value in root.items():
        if key not in (_CLASS, "transforms", "p") and value not in (None, {}, [], True):
            found.dropped[f"Compose.{key}"] = None
    at = (*path, "transforms") if root is top else path
    steps = found.steps(root.get("transforms", []), at, ("transforms",), one=root is not top)
    found.lines[()] = lines.get(path, 1)
    return {"transforms": steps}, found.lines, tuple(found.dropped)


class _Conversion:
    """Walks a saved tree, and keeps the lines of what it makes."""

    def __init__(self, lines: Lines, groups: tuple[str, ...]) -> None:
        self._old, self._groups = lines, groups
        self.lines: Lines = {}
        self.dropped: dict[str, None] = {}

    def steps(self, entries: Any, old: NodePath, new: NodePath, *, one: bool = False) -> Any:
        """Return the steps of a list; of one entry that is no list, `old` is its own path."""
        self.lines[new] = self._old.get(old, 1)
        if not isinstance(entries, list):
            return entries
        return [
            self._step(entry, old if one else (*old, number), (*new, number))
            for number, entry in enumerate(entries)
        ]

    def _step(self, entry: Any, old: NodePath, new: NodePath) -> Any:
        line = self.lines[new] = self._old.get(old, 1)
        if not isinstance(entry, dict) or _CLASS not in entry:
            # The schema says what is wrong about it.
            return entry
        name = "Sequential" if _name(entry) == "Compose" else _name(entry)
        inner = (*new, name)
        self.lines[inner] = line
        params: dict[str, Any] = {}
        for key, value in entry.items():
            if key == _CLASS:
                continue
            if key in _DECIDED or (name in self._groups and key not in _SHAPES):
                self.dropped[f"{name}.{key}"] = None
                continue
            self._keep_lines((*old, key), (*inner, key))
            nested = name in self._groups and key == "transforms"
            at = (*inner, key)
            params[key] = self.steps(value, (*old, key), at) if nested else value
        if entry.get("always_apply") is True:
            params["p"] = 1.0
            self.lines[(*inner, "p")] = line
        return {name: params}

    def _keep_lines(self, old: NodePath, new: NodePath) -> None:
        for path, line in self._old.items():
            if path[: len(old)] == old:
                self.lines[(*new, *path[len(old) :])] = line


def _name(entry: Mapping[str, Any]) -> str:
    """Return the class of a saved transform; older versions write its module before it."""
    return str(entry.get(_CLASS, "")).rpartition(".")[2]
