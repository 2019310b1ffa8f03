"""Conditions on samples (``--skip-where "'x' in tags"``), read as data, never run as code."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from datakit.errors import InputError
from datakit.records.sample import Sample

_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: lambda a, b: bool(a == b),
    ast.NotEq: lambda a, b: bool(a != b),
    ast.Lt: lambda a, b: bool(a < b),
    ast.LtE: lambda a, b: bool(a <= b),
    ast.Gt: lambda a, b: bool(a > b),
    ast.GtE: lambda a, b: bool(a >= b),
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
_FIELDS = frozenset(field.name for field in msgspec.structs.fields(Sample))


@dataclass(frozen=True)
class Where:
    """A condition in Python's words: fields of a sample, constants, comparisons, and/or/not.

    Parameters
    ----------
    text : str
        For example ``'celebrity' in tags and split == 'train'``.

    Raises
    ------
    InputError
        If the text is no such condition, or names a field that samples do not have.

    Examples
    --------
    >>> from datakit.records.sample import Source
    >>> sample = Sample(id="a", width=4, height=3, source=Source(name="a.jpg"), tags=("x",))
    >>> Where("'x' in tags and width >= 4")(sample), Where("split == 'val'")(sample)
    (True, False)
    >>> Where("__import__('os')")
    Traceback (most recent call last):
    datakit.errors.InputError: condition "__import__('os')": expected fields of a sample, \
constants, comparisons, and, or, not; found Call
    """

    text: str

    def __post_init__(self) -> None:
        _check(self._tree(), self.text)

    def __call__(self, sample: Sample) -> bool:
        """Tell whether the sample meets the condition."""
        try:
            return bool(_value(self._tree(), sample))
        except TypeError as error:
            raise InputError(f'condition "{self.text}": {sample.id}: {error}') from None

    def _tree(self) -> ast.expr:
        try:
            return ast.parse(self.text.strip(), mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise InputError(f'condition "{self.text}": cannot be read ({error})') from None


def _check(node: ast.expr, text: str) -> None:
    match node:
        case ast.Constant():
            return
        case ast.Name(id=name):
            if name not in _FIELDS:
                known = ", ".join(sorted(_FIELDS))
                raise InputError(f'condition "{text}": no field {name!r}; expected one of {known}')
        case ast.BoolOp(values=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                _check(part, text)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _check(operand, text)
        case ast.Compare(left=left, ops=ops, comparators=others) if all(
            type(op) in _COMPARISONS for op in ops
        ):
            for part in (left, *others):
                _check(part, text)
        case _:
            raise InputError(
                f'condition "{text}": expected fields of a sample, constants, comparisons, and, '
                f"or, not; found {type(node).__name__}"
            )


def _value(node: ast.expr, sample: Sample) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return getattr(sample, name)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return tuple(_value(part, sample) for part in parts)
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_value(part, sample) for part in parts)
        case ast.BoolOp(values=parts):
            return any(_value(part, sample) for part in parts)
        case ast.UnaryOp(operand=operand):
            return not _value(operand, sample)
        case ast.Compare(left=left, ops=ops, comparators=others):
            values = [_value(part, sample) for part in (left, *others)]
            return all(
                _COMPARISONS[type(op)](a, b)
                for op, a, b in zip(ops, values[:-1], values[1:], strict=True)
            )
        case _:
            raise AssertionError(f"{type(node).__name__} was let through by the check")
