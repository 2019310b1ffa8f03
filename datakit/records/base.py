"""The common base of all records: frozen, validated when built, and described by a JSON Schema."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from datakit.errors import InputError
from datakit.records.option_values import plain_reason, understood


class Record(msgspec.Struct, frozen=True):
    """A frozen record; written to JSON with every field, so that tables have the same columns."""


@cache
def field_types(record: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    """Return (name, annotated type) of each field, annotations resolved."""
    return tuple((field.name, field.type) for field in msgspec.structs.fields(record))


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The options of a verb: frozen, and each value checked against its type when it is built.

    Values are taken as people write them (`datakit.records.option_values.understood`).

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
        for name, kind in field_types(type(self)):
            value = getattr(self, name)
            try:
                checked = msgspec.convert(understood(value, kind), kind)
            except msgspec.ValidationError as error:
                reason = f"{plain_reason(error, kind)}; got {value!r}"
                raise InputError(f"option {name.replace('_', '-')}: {reason}") from None
            except InputError as error:
                raise InputError(f"option {name.replace('_', '-')}: {error}") from None
            if checked is not value:
                msgspec.structs.force_setattr(self, name, checked)
