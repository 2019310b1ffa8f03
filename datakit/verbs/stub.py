"""The types of the verbs as Python functions: ``datakit/__init__.pyi``, made from the table."""

from __future__ import annotations

import inspect
import re
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from datakit.verbs.shared.api import parameters
from datakit.verbs.table import VERBS
from datakit.verbs.verb import Verb

_HEAD = '''"""Made from the table of verbs by ``python -m datakit.verbs.schemas schemas``."""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Literal

'''


def stub_text() -> str:
    """Return the text of the stub file: one function for each verb, its options as keywords."""
    records: dict[str, str] = {"Verb": Verb.__module__}
    functions = [_function(row, records) for row in VERBS.built_in.values()]
    named = [(module, name) for name, module in records.items()]
    named += [
        ("datakit.notebook.dataset", "Dataset as Dataset"),
        ("datakit.notebook.dataset", "open_dataset"),
    ]
    imports: dict[tuple[str, bool], list[str]] = {}
    for module, name in sorted(named):
        # A name that is given out again as itself stands on a line of its own.
        imports.setdefault((module, " as " in name), []).append(name)
    lines = [f"from {module} import {', '.join(names)}" for (module, _), names in imports.items()]
    lines.append("")
    lines += [
        "_Text = str | PathLike[str]",
        "",
        "open = open_dataset",
        "VERBS: Mapping[str, Verb]",
        "__version__: str",
        "",
    ]
    return _HEAD + "\n".join([*lines, *functions])


def _function(row: Verb, records: dict[str, str]) -> str:
    """Return the stub of a verb; the records that it names are added to ``records``."""
    run = row.run()
    scope = inspect.unwrap(run).__globals__
    result = str(inspect.get_annotations(run)["return"])
    records |= {name: scope[name].__module__ for name in re.findall(r"\w+", result)}
    words: list[str] = []
    for one in parameters(row.options()):
        if one.kind is inspect.Parameter.KEYWORD_ONLY and "*" not in words:
            words.append("*")
        kind = _kind(one.annotation, records)
        kind = f"_Text | {kind}" if one.name == "src" else kind
        words.append(f"{one.name}: {kind}" + ("" if one.default is one.empty else " = ..."))
    listed = "".join(f"\n    {word}," for word in words)
    return f"def {row.name}({listed}\n) -> {result}:\n    " + f'"""{row.summary}"""\n'


def _kind(kind: Any, records: dict[str, str]) -> str:
    """Return an option's type as the function takes it: paths beside words, lists for tuples."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _kind(inner[0], records)
    if kind is str:
        return "_Text"
    if kind in (None, NoneType):
        return "None"
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, inner))}]".replace("'", '"')
    if origin is tuple:
        return f"Sequence[{_kind(inner[0], records)}]"
    if origin is dict:
        return f"Mapping[{_kind(inner[0], records)}, {_kind(inner[1], records)}]"
    if inner:
        return " | ".join(_kind(one, records) for one in inner)
    if kind.__module__ != "builtins":
        records[kind.__name__] = kind.__module__
    return str(kind.__name__)
