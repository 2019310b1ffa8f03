"""Command-line flags made from a verb's Options: one source for flags, YAML keys and the API."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

import click
import msgspec

from datakit.cli.values import Value
from datakit.errors import SchemaError
from datakit.records.base import Options
from datakit.records.option_values import unwrapped

_SHORT = {"out": "-o"}

NEEDED, COMMON, FINE_TUNING, HOW_IT_RUNS = "Needed", "Common", "Fine-tuning", "How it runs"
"""The headings of a verb's help, in their order."""

_HOW_IT_RUNS = frozenset(
    {
        "workers",
        "engine",
        "ray_address",
        "resume",
        "overwrite",
        "dry_run",
        "strict",
        "config",
        "as_json",
        "quiet",
        "verbose",
        "help",
    }
)


class _Subject(click.Argument):
    """What a verb is about, listed in its help as flags are."""

    def __init__(self, names: Sequence[str], described: str | None, **settings: Any) -> None:
        super().__init__(names, **settings)
        self._described = described or ""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """Return the word and the description."""
        return self.make_metavar(ctx), self._described


def flags(options: type[Options]) -> list[click.Parameter]:
    """Return click parameters for every field of ``options``, and ``--config``."""
    made = [_parameter(field) for field in msgspec.structs.fields(options)]
    made.append(
        click.Option(
            ["--config"],
            type=click.Path(dir_okay=False),
            metavar="FILE.yaml",
            is_eager=True,
            expose_value=False,
            callback=_read_config(options),
            help="read options from a YAML file; flags given here win",
        )
    )
    return made


def grouped(
    parameters: Sequence[click.Parameter], common: Sequence[str]
) -> dict[str, list[click.Parameter]]:
    """Return heading -> the parameters that help lists under it; the common ones in their order."""
    found: dict[str, list[click.Parameter]] = {
        heading: [] for heading in (NEEDED, COMMON, FINE_TUNING, HOW_IT_RUNS)
    }
    for one in parameters:
        if isinstance(one, click.Argument) or one.required:
            found[NEEDED].append(one)
        elif one.name in common:
            found[COMMON].append(one)
        else:
            found[HOW_IT_RUNS if one.name in _HOW_IT_RUNS else FINE_TUNING].append(one)
    found[COMMON].sort(key=lambda one: common.index(str(one.name)))
    return found


def _parameter(field: msgspec.structs.FieldInfo) -> click.Parameter:
    kind, extra = unwrapped(field.type)
    required = field.required
    if field.name == "src":
        value = Value(str, {"input": "path"})
        return _Subject(
            ["src"],
            type=value,
            nargs=-1,
            required=required,
            metavar="SRC...",
            described=_meta(field.type).description,
        )
    if "argument" in extra:
        return _Subject(
            [field.name],
            type=Value(kind, extra),
            required=required,
            default=field.default,
            metavar=extra["argument"],
            described=_meta(field.type).description,
        )
    declared = [extra.get("flag", "--" + field.name.replace("_", "-")), field.name]
    if field.name in _SHORT:
        declared.insert(0, _SHORT[field.name])
    help_text = _meta(field.type).description or ""
    if get_origin(kind) is dict:
        # A mapping is too much for a command line: it comes from --config.
        return click.Option(
            declared, type=click.UNPROCESSED, default=dict, hidden=True, help=help_text
        )
    if kind is bool:
        return click.Option(declared, is_flag=True, default=False, help=help_text)
    if field.name == "out":
        extra |= {"metavar": "DST", "output": "path"}
    multiple = get_origin(kind) is tuple
    value = Value(get_args(kind)[0] if multiple else kind, extra)
    if value.choices and value.name == "NAME":
        help_text += f": {', '.join(value.choices)}"
    # An explicit default, even None, would count as given.
    preset = {"required": True} if required else {"default": field.default}
    return click.Option(
        declared,
        type=value,
        multiple=multiple,
        show_default=not required and field.default not in (None, (), ""),
        help=help_text,
        **preset,
    )


def _meta(kind: Any) -> msgspec.Meta:
    """Return the note of a type that describes it; an empty one where none does."""
    found = msgspec.Meta()
    if get_origin(kind) is Annotated:
        kind, *notes = get_args(kind)
        found = next((note for note in notes if isinstance(note, msgspec.Meta)), found)
    inner = [part for part in get_args(kind) if part is not NoneType]
    if found.description is None and NoneType in get_args(kind) and len(inner) == 1:
        return _meta(inner[0])
    return found


def _read_config(
    options: type[Options],
) -> Callable[[click.Context, click.Parameter, str | None], None]:
    kinds = {field.name: unwrapped(field.type)[0] for field in msgspec.structs.fields(options)}

    def read(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
        if value is None:
            return
        from datakit.io.tables import yaml_files

        data, lines = yaml_files.load(Path(value))
        for key in data:
            if key.replace("-", "_") not in kinds:
                raise SchemaError(
                    f"{value} line {lines[key]}: {key!r} is no option of {ctx.info_name}; "
                    f"expected some of: {', '.join(sorted(kinds))}"
                )
            wrong = _misfit(data[key], kinds[key.replace("-", "_")])
            if wrong:
                raise SchemaError(f"{value} line {lines[key]}, {key}: {wrong}")
        ctx.default_map = {key.replace("-", "_"): entry for key, entry in data.items()}

    return read


def _misfit(entry: Any, kind: Any) -> str | None:
    """Say why click, which was made for words, could not take a YAML value as an option."""
    if get_origin(kind) is dict:
        return None
    if kind is bool:
        return None if isinstance(entry, bool) else f"expected true or false, found {entry!r}"
    many = get_origin(kind) is tuple
    entries = entry if many and isinstance(entry, list) else [entry]
    if any(isinstance(one, list | dict) for one in entries):
        return f"expected {'plain values' if many else 'one plain value'}, found {entry!r}"
    return None
