"""Values of options as people write them: names in any case, sizes, percentages."""

from __future__ import annotations

import re
from functools import reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Meta

from datakit.errors import InputError
from datakit.records.suggestions import nearest

SIZE = "size"
"""``extra={"form": SIZE}``: an option that is a width and a height."""

SizeText = Annotated[str, Meta(pattern="^[1-9][0-9]{0,4}x[1-9][0-9]{0,4}$")]
"""A size in the one form in which it is recorded."""

_SIZE = re.compile(r"\s*(\d+)\s*[xX×,*]\s*(\d+)\s*(?:px)?\s*")
_PERCENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")


def understood(value: Any, kind: Any) -> Any:
    """Return what a person meant by an option's value; any other value as it is.

    Parameters
    ----------
    value : Any
        As it was written: a word of the command line, a value of YAML or of Python.
    kind : Any
        The option's annotated type.

    Raises
    ------
    InputError
        If the value is none of the names that the option takes, or no width and height.

    Examples
    --------
    >>> size = Annotated[SizeText | None, Meta(extra={"form": SIZE})]
    >>> understood("512 X 384", size), understood([512, 384], size)
    ('512x384', '512x384')
    >>> understood("15%", float | None), understood("COCO", Literal["coco", "p3m"])
    (0.15, 'coco')
    >>> understood("p3n", Literal["coco", "p3m"])
    Traceback (most recent call last):
    datakit.errors.InputError: expected one of: coco, p3m; found 'p3n'; did you mean 'p3m'?
    """
    bare, extra = unwrapped(kind)
    if value is None:
        return None
    if get_origin(bare) is tuple and isinstance(value, list | tuple):
        inner = get_args(bare)[0]
        return tuple(meant(one, *unwrapped(inner, extra)) for one in value)
    return meant(value, bare, extra)


def meant(value: Any, kind: Any, extra: dict[str, Any]) -> Any:
    """Return what is meant by one value of an `unwrapped` type; see `understood`."""
    if extra.get("form") == SIZE:
        return _size(value)
    if kind is float and isinstance(value, str) and (percent := _PERCENT.fullmatch(value)):
        return float(f"{percent[1]}e-2")
    if isinstance(value, str) and value in extra.get("choices", ()):
        return value
    names = choices_of(kind, extra)
    return _name(value, names) if names and isinstance(value, str) else value


def size_wh(text: str) -> tuple[int, int]:
    """Return a `SizeText` as (width, height) in pixels.

    Examples
    --------
    >>> size_wh("640x480")
    (640, 480)
    """
    width, height = text.split("x")
    return int(width), int(height)


def choices_of(kind: Any, extra: dict[str, Any]) -> tuple[str, ...]:
    """Return the names that an option of this bare type takes; none where any text may stand."""
    if "choices" in extra:
        return tuple(extra["choices"])
    return tuple(map(str, get_args(kind))) if get_origin(kind) is Literal else ()


def unwrapped(kind: Any, outer: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
    """Return a type without ``Annotated`` and ``| None``, and the ``extra`` of its notes.

    Examples
    --------
    >>> unwrapped(Annotated[Annotated[int, Meta(ge=0)] | None, Meta(extra={"metavar": "N"})])
    (<class 'int'>, {'metavar': 'N'})
    """
    extra = dict(outer or {})
    while True:
        if get_origin(kind) is Annotated:
            kind, *notes = get_args(kind)
            for note in notes:
                if isinstance(note, Meta):
                    extra |= note.extra or {}
            continue
        parts = [part for part in get_args(kind) if part is not type(None)]
        if type(None) not in get_args(kind) or len(parts) != 1:
            return kind, extra
        kind = parts[0]


def plain_type(kind: Any) -> Any:
    """Return a type without the notes in it, as a signature shows it.

    Examples
    --------
    >>> plain_type(tuple[Annotated[int, Meta(ge=0)], ...] | None)
    tuple[int, ...] | None
    """
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return plain_type(parts[0])
    if origin is Literal or not parts:
        return kind
    plain = [part if part is Ellipsis else plain_type(part) for part in parts]
    return reduce(or_, plain) if origin in (Union, UnionType) else origin[tuple(plain)]


def _name(value: str, names: tuple[str, ...]) -> str:
    """Return the name that is meant, without regard to case and to ``_`` for ``-``."""
    if value in names:
        return value
    folded = {_folded(name): name for name in names}
    found = folded.get(_folded(value))
    if found is not None:
        return found
    close = nearest(_folded(value), folded)
    hint = f"; did you mean {folded[close]!r}?" if close else ""
    raise InputError(f"expected one of: {', '.join(names)}; found {value!r}{hint}")


def _folded(name: str) -> str:
    return re.sub(r"[\s_]+", "-", name.strip().casefold())


def _size(value: Any) -> str:
    if isinstance(value, list | tuple) and len(value) == 2:
        value = f"{value[0]}x{value[1]}"
    found = _SIZE.fullmatch(str(value))
    if found is not None and all(0 < int(side) < 100_000 for side in found.groups()):
        return f"{int(found[1])}x{int(found[2])}"
    side = re.fullmatch(r"\s*([1-9]\d{0,4})\s*(?:px)?\s*", str(value))
    example = f"{side[1]}x{side[1]}" if side else "512x512"
    raise InputError(f"expected WIDTHxHEIGHT in pixels, such as {example}; found {str(value)!r}")


_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_BOUNDS = {">=": " of at least", ">": " above", "<=": " of at most", "<": " below"}


def plain_reason(error: msgspec.ValidationError, kind: Any) -> str:
    """Return what a value should have been, in words instead of a schema's.

    Examples
    --------
    >>> def reason(value, kind):
    ...     try:
    ...         msgspec.convert(value, kind)
    ...     except msgspec.ValidationError as error:
    ...         return plain_reason(error, kind)
    >>> reason("strong", float | None), reason(0, Annotated[int, Meta(ge=1)])
    ('expected a number', 'expected a whole number of at least 1')
    """
    bare, extra = unwrapped(kind)
    if names := choices_of(bare, extra):
        return f"expected one of: {', '.join(names)}"
    reason = str(error).split(" - at ")[0]
    if "matching regex" in reason:
        return f"expected a value such as {extra['example']}" if "example" in extra else reason
    found = re.match(r"Expected `([\w| ]+)`(?: of length)?(?: (>=|>|<=|<) (\S+))?", reason)
    if found is None:
        return reason
    kinds = [_KINDS.get(one, one) for one in found[1].split(" | ") if one != "null"]
    bound = f"{_BOUNDS[found[2]]} {found[3].removesuffix('.0')}" if found[2] else ""
    length = " characters" if "of length" in reason and found[1].startswith("str") else ""
    return f"expected {' or '.join(kinds)}{bound}{length}"
