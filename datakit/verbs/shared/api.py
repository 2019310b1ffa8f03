"""The verbs as Python functions, made from the same Options as the command line."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from typing import Any

import msgspec

from datakit.records.base import Options
from datakit.records.option_values import plain_type
from datakit.records.suggestions import nearest
from datakit.verbs.verb import Verb


def python_verb(row: Verb) -> Callable[..., Any]:
    """Return ``NAME(src, out, **options)``: it builds Options and runs the verb.

    ``src`` may be one path or several; paths may be `str` or `os.PathLike`.
    """
    options, run = row.options(), row.run()

    def function(*args: Any, **kwargs: Any) -> Any:
        for name in kwargs.keys() - signature.parameters.keys():
            raise TypeError(f"{row.name}() has no option {name!r}{_nearest(name, signature)}")
        bound = signature.bind(*args, **kwargs)
        return run(options(**{key: _plain(key, value) for key, value in bound.arguments.items()}))

    signature = inspect.Signature(parameters(options))
    function.__name__ = function.__qualname__ = row.name
    function.__doc__ = _document(options, run)
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.__module__ = "datakit"
    return function


def parameters(options: type[Options]) -> list[inspect.Parameter]:
    """Return the parameters of a verb's function: what it is about first, then keywords."""
    made = [_parameter(field) for field in msgspec.structs.fields(options)]
    return sorted(made, key=lambda parameter: parameter.kind)


def _parameter(field: msgspec.structs.FieldInfo) -> inspect.Parameter:
    positional = field.name in ("src", "pipeline", "out") and _is_subject(field)
    return inspect.Parameter(
        field.name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD if positional else inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if field.required else field.default,
        annotation=plain_type(field.type),
    )


def _nearest(name: str, signature: inspect.Signature) -> str:
    close = nearest(name, signature.parameters)
    return f"; did you mean {close!r}?" if close else ""


def _is_subject(field: msgspec.structs.FieldInfo) -> bool:
    """Tell what a verb is about from an option of the same name (augment's --pipeline)."""
    if field.name != "pipeline":
        return True
    notes = getattr(field.type, "__metadata__", ())
    return any("argument" in (note.extra or {}) for note in notes if isinstance(note, msgspec.Meta))


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if key == "src" and isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple):
        return tuple(os.fspath(v) if isinstance(v, os.PathLike) else v for v in value)
    return value


def _document(options: type[Options], run: Callable[[Any], Any]) -> str:
    first = (inspect.getdoc(run) or "").split("\n\n")[0]
    lines = [first, "", "Parameters", "----------"]
    for field in msgspec.structs.fields(options):
        notes = getattr(field.type, "__metadata__", ())
        text = next((note.description for note in notes if isinstance(note, msgspec.Meta)), "")
        lines += [field.name, f"    {text or ''}"]
    return "\n".join([*lines, "", "Returns", "-------", "Summary"])
