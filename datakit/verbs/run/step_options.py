"""The options of a pipeline's step: taken from YAML, checked against the verb's own Options."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

import msgspec

from datakit.errors import InputError, SchemaError
from datakit.records.base import Options, field_types
from datakit.records.option_values import plain_reason, understood, unwrapped
from datakit.verbs.shared.options import SourceOptions, WriteOptions
from datakit.verbs.table import VERBS

MANAGED = frozenset({"out", "resume", "overwrite", "dry_run", "strict"})
"""Options that the run itself sets."""

CIRCUMSTANCES = frozenset({"src", "workers", "engine", "ray_address", "max_memory"}) | MANAGED
"""Options that cannot change the bytes of a result, or are distinguished by content."""


def makes_dataset(options: SourceOptions) -> bool:
    """Tell whether the next step reads this one's result, rather than what this one read.

    Verbs that write do, others report; one that does either has a property ``makes_dataset``.
    """
    return bool(getattr(options, "makes_dataset", isinstance(options, WriteOptions)))


@cache
def step_verbs() -> dict[str, type[SourceOptions]]:
    """Return the verbs that can be steps, and their Options: those that read a source."""
    options = {name: row.options() for name, row in VERBS.items()}
    return {name: kind for name, kind in options.items() if issubclass(kind, SourceOptions)}


def fields_of(options: type[Options]) -> dict[str, msgspec.structs.FieldInfo]:
    """Return the fields that a step may set."""
    return {
        field.name: field
        for field in msgspec.structs.fields(options)
        if field.name not in MANAGED | {"src"}
    }


def input_fields(options: type[Options]) -> dict[str, str]:
    """Return the options that name files to read -> ``path``, or ``word`` when they need not.

    A verb marks them in their Meta: ``extra={"input": "path"}``.
    """
    found = {name: unwrapped(kind)[1].get("input") for name, kind in field_types(options)}
    return {name: str(kind) for name, kind in found.items() if kind}


def output_fields(options: type[Options]) -> frozenset[str]:
    """Return the options that name further folders to write: ``extra={"output": "path"}``."""
    kinds = field_types(options)
    return frozenset(name for name, kind in kinds if unwrapped(kind)[1].get("output"))


def out_suffix(options: type[Options]) -> str | None:
    """Return what the name of a step's result ends in: nothing for a folder; None for no result.

    A verb that writes one file says so in the Meta of ``out``: ``extra={"suffix": ".html"}``.
    """
    kinds = dict(field_types(options))
    return str(unwrapped(kinds["out"])[1].get("suffix", "")) if "out" in kinds else None


def convert(
    where: str, verb: str, given: Mapping[str, Any], lines: Mapping[str, int]
) -> dict[str, Any]:
    """Check a step's options one by one.

    Parameters
    ----------
    where : str
        The pipeline file, for messages.
    verb : str
        Whose options they are.
    given : mapping
        Name -> value as YAML has it.
    lines : mapping
        Name -> its line.

    Returns
    -------
    dict
        Values of the types that the Options want.

    Raises
    ------
    SchemaError
        For a name that is none or a value that does not fit, with the line.
    """
    fields = fields_of(step_verbs()[verb])
    found = {}
    for key, value in given.items():
        name = key.replace("-", "_")
        position = f"{where} line {lines[key]}"
        if name in MANAGED:
            raise SchemaError(
                f"{position}: {key!r} is set by the run itself; take the line out"
                + (" (results go below the run's -o DST)" if name == "out" else "")
            )
        if name not in fields:
            raise SchemaError(f"{position}: {key!r} is no option of {verb}; {_known(name, fields)}")
        kind = field_types(step_verbs()[verb])
        found[name] = _checked(position, key, value, dict(kind)[name])
    for name, field in fields.items():
        if field.required and name not in found:
            raise SchemaError(
                f"{where} line {lines['']}: {verb} needs the option {name!r}; add it to the step"
            )
    return found


def _known(name: str, fields: Mapping[str, Any]) -> str:
    listed = ", ".join(sorted(fields))
    if close := get_close_matches(name, fields, 1):
        return f"did you mean {close[0]!r}? It has: {listed}"
    return f"it has: {listed}"


def _checked(position: str, key: str, value: Any, kind: Any) -> Any:
    last: Exception | None = None
    for candidate in _readings(value):
        try:
            return msgspec.convert(understood(candidate, kind), kind)
        except (msgspec.ValidationError, InputError) as error:
            # What the value itself, not another reading of it, is refused for.
            last = last or error
    reason = (
        f"{plain_reason(last, kind)}; got {value!r}"
        if isinstance(last, msgspec.ValidationError)
        else last
    )
    raise SchemaError(f"{position}: option {key!r}: {reason}")


def _readings(value: Any) -> list[Any]:
    """Return a value as YAML has it, and what a person may have meant by it.

    YAML reads ``off`` and ``no`` as false and ``8`` as a number; a single value stands for a list.
    """
    single = [value]
    if isinstance(value, bool):
        single += ["on", "yes"] if value else ["off", "no"]
    elif isinstance(value, int | float):
        single.append(f"{value:g}" if isinstance(value, float) else str(value))
    return single + ([] if isinstance(value, list | dict) else [[one] for one in single])


def build(
    verb: str, values: Mapping[str, Any], src: tuple[str, ...], out: str | None
) -> SourceOptions:
    """Build a verb's Options; DatakitError when they do not go together.

    Parameters
    ----------
    verb, values : str, mapping
        Of the step.
    src, out : tuple of str, str
        What it reads and where it writes.
    """
    kind = step_verbs()[verb]
    names = {field.name for field in msgspec.structs.fields(kind)}
    return kind(**{**values, "src": src} | ({"out": out} if "out" in names else {}))


def result_options(options: SourceOptions) -> dict[str, Any]:
    """Return, as JSON has them, the options that can change a result but the inputs."""
    # As JSON, because they are compared with what was read from it: a tuple comes back as a list.
    values = msgspec.json.decode(msgspec.json.encode(options))
    return {name: value for name, value in values.items() if name not in CIRCUMSTANCES}
