"""YAML text read safely, with the line of every key, so that an error can name it."""

from __future__ import annotations

from typing import Any

import yaml

from datakit.errors import SchemaError

MAX_DEPTH = 50


def parse(text: str, name: str) -> tuple[dict[str, Any], dict[str, int]]:
    r"""Read a YAML mapping from text, by the safe loader: plain values only.

    Returns
    -------
    data : dict
        The mapping.
    lines : dict
        Path of each key (``a.b``, list items as ``a.0``) -> its line, from 1.

    Raises
    ------
    SchemaError
        If it is not YAML, or not a mapping.

    Examples
    --------
    >>> parse("kind: binary\nsize:\n  - 3\n", "x.yaml")
    ({'kind': 'binary', 'size': [3]}, {'kind': 1, 'size': 2, 'size.0': 3})
    """
    try:
        _refuse_traps(text, name)
        node = yaml.compose(text, yaml.SafeLoader)
        data = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        where = f" line {line + 1}" if line is not None else ""
        reason = getattr(error, "problem", None) or str(error) or "nested too deeply"
        raise SchemaError(
            f"{name}{where}: expected YAML; {' '.join(str(reason).split())}"
        ) from None
    if data is None:
        return {}, {}
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise SchemaError(f"{name} line 1: expected `name: value` pairs")
    lines: dict[str, int] = {}
    try:
        _collect(node, "", lines)
    except SchemaError as error:
        raise SchemaError(f"{name} {error}") from None
    return data, lines


def refuse_surrogates(value: str, where: str) -> None:
    r"""Refuse text that is no Unicode: an escape like ``"\ud800"`` cannot be written anywhere.

    Raises
    ------
    SchemaError
        If there is one; the error begins with ``where``.
    """
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise SchemaError(
            f"{where}: expected Unicode text, found {value[error.start]!a} in it"
        ) from None


def _refuse_traps(text: str, name: str) -> None:
    """Refuse what makes a small file take for ever: aliases, and nesting without end."""
    depth = 0
    for event in yaml.parse(text):
        if isinstance(event, yaml.AliasEvent):
            raise SchemaError(f"{name}: expected YAML without aliases (*name); write values out")
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.ScalarEvent):
            refuse_surrogates(event.value, f"{name} line {line}")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise SchemaError(f"{name} line {line}: expected YAML; it is nested too deeply")


def _collect(node: yaml.Node | None, path: str, lines: dict[str, int]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise SchemaError(f"line {key.start_mark.line + 1}: expected a name, not a list")
            inner = f"{path}.{key.value}" if path else str(key.value)
            if inner in lines:
                line = key.start_mark.line + 1
                raise SchemaError(f"line {line}: {inner!r} is there twice, first in {lines[inner]}")
            lines[inner] = key.start_mark.line + 1
            _collect(value, inner, lines)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            inner = f"{path}.{number}"
            lines[inner] = value.start_mark.line + 1
            _collect(value, inner, lines)
