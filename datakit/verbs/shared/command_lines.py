"""Commands of a dataset's chain as the lines that a person would type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import count
from typing import Any

import msgspec

from datakit.records.card import Command
from datakit.records.sample import Operation
from datakit.verbs.table import VERBS

_DIGEST = re.compile("[0-9a-f]{64}")


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


def script(commands: Sequence[Command], names: Sequence[str]) -> str:
    """Return the lines of a shell that make a dataset again, each reading what the last one wrote.

    Parameters
    ----------
    commands : sequence of Command
        The chain, first to last.
    names : sequence of str
        The folder that each writes; all differ.

    Examples
    --------
    >>> print(script([Command(verb="qc", version="0", options={"fix": "safe"})], ["fixed"]))
    SRC=path/to/the/source
    datakit qc "$SRC" --fix safe -o fixed
    """
    sources = ['"$SRC"', *map(shlex.quote, names)]
    lines = [
        command_line(command, source, shlex.quote(name))
        for command, source, name in zip(commands, sources, names, strict=False)
    ]
    return "\n".join(["SRC=path/to/the/source", *lines])


def distinct(names: Sequence[str]) -> list[str]:
    """Return names that all differ: a repeated one gets a number.

    Examples
    --------
    >>> distinct(["split", "augment", "split"])
    ['split', 'augment', 'split-2']
    """
    found: list[str] = []
    for name in names:
        numbered = (f"{name}-{number}" for number in count(2))
        found.append(name if name not in found else next(n for n in numbered if n not in found))
    return found


def step_line(step: Operation) -> str:
    """Return one step of a sample's history in a line.

    Examples
    --------
    >>> step_line(Operation(verb="trimap", version="0.1.0", params='{"style":"p3m"}'))
    'trimap --style p3m (0.1.0)'
    >>> step_line(Operation(verb="prelabel", version="0.1.0", params='{"models":{"name":"unet"}}'))
    'prelabel models: name unet (0.1.0)'
    """
    try:
        params = msgspec.json.decode(step.params)
    except msgspec.DecodeError:
        params = {}
    params = params if isinstance(params, dict) else {}
    # A step may keep more than its options: what a model was, what a person decided.
    plain = {name: v for name, v in params.items() if name in _fields(step.verb)}
    others = [f"{name}: {_brief(v)}" for name, v in params.items() if name not in plain]
    words = [step.verb, *_flags(step.verb, plain), *others]
    return " ".join([*words, f"({step.version})"])


def _brief(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_brief(one)}" for name, one in value.items() if one)
    if isinstance(value, list | tuple):
        return "; ".join(_brief(one) for one in value)
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"{text[:12]}…" if _DIGEST.fullmatch(text) else text


def _flags(verb: str, values: Mapping[str, Any]) -> list[str]:
    fields = _fields(verb)
    words: list[str] = []
    for name, value in values.items():
        flag, default = fields.get(name, (f"--{name.replace('_', '-')}", None))
        # Not `in (…, False)`: a 0 that somebody chose equals False.
        if value is None or value is False or value == default or value in ([], {}):
            continue
        if value is True:
            words.append(flag)
            continue
        for one in value if isinstance(value, list | tuple) else [value]:
            text = one if isinstance(one, str) else msgspec.json.encode(one).decode()
            words += [flag, shlex.quote(text)]
    return words


@cache
def _fields(verb: str) -> dict[str, tuple[str, Any]]:
    """Return option -> (flag, default) of a verb; nothing for one that this version lacks."""
    if verb not in VERBS:
        return {}
    options = VERBS[verb].options()
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
