"""Commands of a dataset's chain as the lines that a person would type."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import msgspec

import datakit
from datakit.records.card import Command
from datakit.records.sample import Operation


def command_line(command: Command, source: str = "SRC", out: str = "DST") -> str:
    """Return a command line that does what the card's command did.

    Parameters
    ----------
    command : Command
        Paths were not recorded; options at their defaults are left out.
    source, out : str
        What stands for the paths.

    Examples
    --------
    >>> command_line(Command(verb="trimap", version="0", options={"style": "p3m", "kernel": 25}))
    'datakit trimap SRC --style p3m -o DST'
    """
    words = [
        *("datakit", command.verb, source),
        *_flags(command.verb, command.options),
        *("-o", out),
    ]
    return " ".join(words)


def step_line(step: Operation) -> str:
    """Return one step of a sample's history in a line.

    Examples
    --------
    >>> step_line(Operation(verb="trimap", version="0.1.0", params='{"style":"p3m"}'))
    'trimap --style p3m (0.1.0)'
    """
    try:
        params = msgspec.json.decode(step.params)
    except msgspec.DecodeError:
        params = {}
    flags = _flags(step.verb, params if isinstance(params, dict) else {})
    return " ".join([step.verb, *flags, f"({step.version})"])


def _flags(verb: str, values: Mapping[str, Any]) -> list[str]:
    fields = _fields(verb)
    words: list[str] = []
    for name, value in values.items():
        flag, default = fields.get(name, (f"--{name.replace('_', '-')}", None))
        if value is None or value == default or value in ([], {}, False):
            continue
        if value is True:
            words.append(flag)
            continue
        for one in value if isinstance(value, list | tuple) else [value]:
            text = one if isinstance(one, str) else msgspec.json.encode(one).decode()
            words += [flag, shlex.quote(text)]
    return words


def _fields(verb: str) -> dict[str, tuple[str, Any]]:
    """Return option -> (flag, default) of a verb; nothing for one that this version lacks."""
    if verb not in datakit.VERBS:
        return {}
    options = import_module(datakit.VERBS[verb]).Options
    found: dict[str, tuple[str, Any]] = {}
    for one in msgspec.structs.fields(options):
        notes = getattr(one.type, "__metadata__", ())
        extra = next((note.extra for note in notes if isinstance(note, msgspec.Meta)), None) or {}
        # A default that is made anew (a mapping, a list) is empty, and empty values are left out.
        plain = one.default is not msgspec.NODEFAULT
        default = msgspec.to_builtins(one.default) if plain else None
        found[one.name] = (
            extra.get("flag", f"--{one.name.replace('_', '-')}"),
            list(default) if isinstance(default, tuple) else default,
        )
    return found
