"""The common base of all records: frozen, validated when built, and described by a JSON Schema."""

from __future__ import annotations

import html
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin

import msgspec

from datakit.errors import InputError
from datakit.records.option_values import plain_reason, understood

if TYPE_CHECKING:
    import pandas as pd


class Record(msgspec.Struct, frozen=True):
    """A frozen record; written to JSON with every field, so that tables have the same columns."""

    @property
    def frame(self) -> pd.DataFrame:
        """The records that this one lists as a pandas table; its own fields where it lists none."""
        import pandas as pd

        plain = msgspec.to_builtins(self)
        for name, kind in field_types(type(self)):
            inner = _listed(kind)
            if inner is not None:
                return pd.DataFrame(plain[name], columns=list(inner.__struct_fields__))
        return pd.DataFrame([plain])

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the fields as a table, the listed records below it."""
        plain = msgspec.to_builtins(self)
        lists = [name for name, kind in field_types(type(self)) if _listed(kind) is not None]
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{html.escape(_shown(value))}</td></tr>"
            for name, value in plain.items()
            if name not in lists and value not in (None, [], (), {}, "")
        )
        below = self.frame.to_html(max_rows=20, index=False) if lists and plain[lists[0]] else ""
        return f"<table>{rows}</table>{below}"


def _listed(kind: Any) -> type[msgspec.Struct] | None:
    """Return the records of a field that is a tuple of them; None for another field."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    inner = get_args(kind)[0] if get_origin(kind) is tuple and get_args(kind) else None
    return inner if isinstance(inner, type) and issubclass(inner, msgspec.Struct) else None


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{one} {name}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return str(value)


@cache
def field_types(record: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    """Return (name, annotated type) of each field, annotations resolved."""
    return tuple((field.name, field.type) for field in msgspec.structs.fields(record))


class _OptionsMeta(msgspec.StructMeta):
    """Checks the values of a record of options before it is built: frozen means never changed."""

    def __call__(cls, **given: Any) -> Any:  # noqa: N805
        kinds = dict(field_types(cls))
        checked = {
            name: _checked(name, value, kinds[name]) if name in kinds else value
            for name, value in given.items()
        }
        return super().__call__(**cls.completed(checked))

    def completed(cls, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        """Return the values with those that follow from them; records override it as they need."""
        return values


class Options(
    msgspec.Struct, metaclass=_OptionsMeta, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """The options of a verb: frozen, and each value checked against its type when it is built.

    Values are taken as people write them (`datakit.records.option_values.understood`).
    `msgspec.structs.replace` takes values of the declared types only: it does not check them.

    Raises
    ------
    InputError
        If a value does not have the type or the bounds that the field declares.

    Examples
    --------
    >>> class Blur(Options, frozen=True, kw_only=True):
    ...     strength: float = 1.0
    >>> Blur(strength=2).strength
    2.0
    >>> Blur(strength="strong")
    Traceback (most recent call last):
    datakit.errors.InputError: option strength: expected a number; got 'strong'
    """

    def __post_init__(self) -> None:
        """Refuse values that do not go together; each by itself is right by now."""


Narrowed = TypeVar("Narrowed", bound=Options)


def narrowed(options: Options, kind: type[Narrowed]) -> Narrowed:
    """Return the options that one of a verb's ways of working has, out of those of the verb.

    Examples
    --------
    >>> class Smooth(Options, frozen=True, kw_only=True):
    ...     strength: float = 1.0
    >>> class Filter(Smooth, frozen=True, kw_only=True):
    ...     sharpen: bool = False
    >>> narrowed(Filter(strength=2), Smooth)
    Smooth(strength=2.0)
    """
    return kind(**{name: getattr(options, name) for name in kind.__struct_fields__})


def _checked(name: str, value: Any, kind: Any) -> Any:
    """Return a value as its type has it; InputError with the option's name."""
    try:
        return msgspec.convert(understood(value, kind), kind)
    except msgspec.ValidationError as error:
        reason = f"{plain_reason(error, kind)}; got {value!r}"
        raise InputError(f"option {name.replace('_', '-')}: {reason}") from None
    except InputError as error:
        raise InputError(f"option {name.replace('_', '-')}: {error}") from None
