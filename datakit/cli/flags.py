"""Command-line flags made from a verb's Options: one source for flags, YAML keys and the API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import click
import msgspec

from datakit.errors import SchemaError
from datakit.io.tables import yaml_files
from datakit.records.base import Options

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_SHORT = {"out": "-o"}


def flags(options: type[Options]) -> list[click.Parameter]:
    """Return click parameters for every field of ``options``, and ``--config``."""
    fields = msgspec.structs.fields(options)
    made = [_parameter(field) for field in fields]
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


def _parameter(field: msgspec.structs.FieldInfo) -> click.Parameter:
    kind, meta = _unwrap(field.type)
    required = field.required
    if field.name == "src":
        return click.Argument(["src"], nargs=-1, required=required, metavar="SRC...")
    extra = meta.extra or {}
    if "argument" in extra:
        return click.Argument(
            [field.name], required=required, default=field.default, metavar=extra["argument"]
        )
    declared = [extra.get("flag", "--" + field.name.replace("_", "-")), field.name]
    if field.name in _SHORT:
        declared.insert(0, _SHORT[field.name])
    multiple = get_origin(kind) is tuple
    if get_origin(kind) is dict:
        # A mapping is too much for a command line: it comes from --config.
        return click.Option(
            declared,
            type=click.UNPROCESSED,
            default=dict,
            hidden=True,
            help=meta.description or "",
        )
    help_text = meta.description or ""
    if kind is bool:
        return click.Option(declared, is_flag=True, default=False, help=help_text)
    # An explicit default, even None, would count as given.
    preset = {"required": True} if required else {"default": field.default}
    return click.Option(
        declared,
        type=_click_type(kind, extra),
        multiple=multiple,
        show_default=not required and field.default not in (None, (), ""),
        metavar="DST" if field.name == "out" else extra.get("metavar"),
        help=help_text,
        **preset,
    )


def _unwrap(kind: Any) -> tuple[Any, msgspec.Meta]:
    """Return the bare type (None taken off a union) and its Meta."""
    meta = msgspec.Meta()
    if get_origin(kind) is Annotated:
        kind, *notes = get_args(kind)
        meta = next((note for note in notes if isinstance(note, msgspec.Meta)), meta)
    inner = [part for part in get_args(kind) if part is not NoneType]
    if NoneType in get_args(kind) and len(inner) == 1:
        kind, nested = _unwrap(inner[0])
        meta = meta if meta.description else nested
    return kind, meta


def _click_type(kind: Any, extra: dict[str, Any]) -> Any:
    if "choices" in extra:
        return click.Choice(list(extra["choices"]))
    if get_origin(kind) is Literal:
        return click.Choice([str(choice) for choice in get_args(kind)])
    if get_origin(kind) is tuple:
        return _click_type(get_args(kind)[0], {})
    return kind if kind in (int, float) else str


def _read_config(
    options: type[Options],
) -> Callable[[click.Context, click.Parameter, str | None], None]:
    kinds = {field.name: _unwrap(field.type)[0] for field in msgspec.structs.fields(options)}

    def read(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
        if value is None:
            return

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
