"""Pipelines that Albumentations itself saved (`A.save`, `A.to_dict`), as datakit's documents."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any

NodePath = tuple[str | int, ...]
Lines = dict[NodePath, int]

_CLASS = "__class_fullname__"
# What a saved file always says and datakit decides itself; "always_apply" is of before 1.4.
_DECIDED = ("mask_interpolation", "always_apply")
# Albumentations 1 -> 2; where a value is null the default of today is the same.
_RENAMED = {
    "fill_value": "fill",
    "mask_fill_value": "fill_mask",
    "value": "fill",
    "mask_value": "fill_mask",
    "pad_val": "fill",
    "mask_pad_val": "fill_mask",
    "pad_mode": "border_mode",
    "cval": "fill",
    "cval_mask": "fill_mask",
}
_RENAMED_OF = {"Affine": {"mode": "border_mode"}}
_JOINED = {
    "num_holes_range": ("min_holes", "max_holes"),
    "hole_height_range": ("min_height", "max_height"),
    "hole_width_range": ("min_width", "max_width"),
    "quality_range": ("quality_lower", "quality_upper"),
    "scale_range": ("scale_min", "scale_max"),
}
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
    found = _Conversion(lines, groups, is_old=str(data.get("__version__", "")).startswith("1."))
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

    def __init__(self, lines: Lines, groups: tuple[str, ...], *, is_old: bool) -> None:
        self._old, self._groups, self._is_old = lines, groups, is_old
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
        if self._is_old:
            params = self._renamed(name, params, inner)
        return {name: params}

    def _renamed(self, name: str, params: dict[str, Any], at: NodePath) -> dict[str, Any]:
        """Bring the parameters of a step of Albumentations 1 to the names of 2."""
        today = _RENAMED | _RENAMED_OF.get(name, {})
        found: dict[str, Any] = {}
        for key, value in params.items():
            if key not in today:
                found[key] = value
            elif value is not None:
                found[today[key]] = value
                self.lines[(*at, today[key])] = self.lines[(*at, key)]
        for joined, (low, high) in _JOINED.items():
            # A lower bound of null is the upper one.
            if found.get(high) is not None:
                ends = [found.pop(low, None), found.pop(high)]
                found[joined] = [ends[1] if ends[0] is None else ends[0], ends[1]]
                self.lines[(*at, joined)] = self.lines[(*at, high)]
        if name == "GaussNoise" and isinstance(found.get("var_limit"), list):
            # Variance and mean of levels became deviation and mean as shares of the range.
            found["std_range"] = [sqrt(max(0.0, one)) / 255 for one in found.pop("var_limit")]
            found["mean_range"] = [found.pop("mean", 0.0) / 255] * 2
            for today_name in ("std_range", "mean_range"):
                self.lines[(*at, today_name)] = self.lines[(*at, "var_limit")]
        return found

    def _keep_lines(self, old: NodePath, new: NodePath) -> None:
        for path, line in self._old.items():
            if path[: len(old)] == old:
                self.lines[(*new, *path[len(old) :])] = line


def _name(entry: Mapping[str, Any]) -> str:
    """Return the class of a saved transform; older versions write its module before it."""
    return str(entry.get(_CLASS, "")).rpartition(".")[2]
