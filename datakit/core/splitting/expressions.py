"""Conditions on columns (``fg_ratio > 0.4 and 'celebrity' in tags``), without running code."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from datakit.errors import InputError

Flags = npt.NDArray[np.bool_]
Column = npt.NDArray[Any]

MAX_LENGTH: Final = 2000

_ORDER: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True)
class Expression:
    """A condition that was read and found harmless.

    Attributes
    ----------
    text : str
        As the user wrote it.
    columns : frozenset of str
        The columns it speaks of.
    """

    text: str
    columns: frozenset[str]
    _tree: ast.expr

    def matches(self, table: Mapping[str, Column]) -> Flags:
        """Evaluate the condition on every row.

        Parameters
        ----------
        table : mapping of str to (N,) ndarray
            Numbers, strings, None, or tuples of strings (then ``'x' in column`` asks for one).

        Returns
        -------
        (N,) bool
            A comparison with a missing value is false.

        Raises
        ------
        InputError
            If a column is unknown, or the values do not fit the comparison.

        Examples
        --------
        >>> table = {"width": np.array([10, 20]), "tags": np.array([(), ("a",)], dtype=object)}
        >>> parse("width >= 20 or 'b' in tags").matches(table).tolist()
        [False, True]
        """
        unknown = sorted(self.columns - set(table))
        if unknown:
            raise InputError(
                f"expression {self.text!r}: column {unknown[0]!r} is unknown; "
                f"expected some of: {', '.join(sorted(table))}"
            )
        size = len(next(iter(table.values()))) if table else 0
        try:
            value = _evaluate(self._tree, table)
        except (TypeError, ValueError, ZeroDivisionError) as error:
            raise InputError(f"expression {self.text!r}: cannot be evaluated ({error})") from None
        plain = value.column if isinstance(value, _Values) else value
        found = np.broadcast_to(np.asarray(plain), (size,))
        if found.dtype != np.bool_:
            raise InputError(
                f"expression {self.text!r}: expected a condition (true or false), found values of "
                f"type {found.dtype}; compare them with something"
            )
        return np.array(found)


def parse(text: str) -> Expression:
    """Read a condition: names, numbers, strings, comparisons, in, and, or, not, + - * / only.

    Calls, attributes, indexing, comprehensions, lambdas and all else that could run code are
    refused by their kind, before anything is evaluated.

    Raises
    ------
    InputError
        If the text is no expression, or holds something else.

    Examples
    --------
    >>> sorted(parse("0.4 <= fg_ratio <= 0.6 and split_source != 'test'").columns)
    ['fg_ratio', 'split_source']
    >>> parse("open('x')")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    datakit.errors.InputError: expression "open('x')": Call is not allowed; expected columns, ...
    """
    if len(text) > MAX_LENGTH:
        raise InputError(f"expression: expected at most {MAX_LENGTH} characters, found {len(text)}")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "msg", error)
        raise InputError(f"expression {text!r}: cannot be read ({reason}){_hint(text)}") from None
    columns: set[str] = set()
    for node in ast.walk(tree):
        _check(node, text)
        if isinstance(node, ast.Name):
            columns.add(node.id)
    return Expression(text, frozenset(columns), tree)


def _hint(text: str) -> str:
    """Return the operator that is meant by one of another language; empty when none is found."""
    plain = re.sub(r"'[^']*'|\"[^\"]*\"", "''", text)
    for pattern, meant in _OTHER_LANGUAGES.items():
        if found := re.search(pattern, plain):
            return f"; write {meant} for {found[0].strip()}"
    return ""


_OTHER_LANGUAGES: Final = {
    r"(?<![=!<>])=(?!=)": "==",
    r"<>|=!": "!=",
    r"===": "==",
    r"&&|\bAND\b": "and",
    r"\|\||\bOR\b": "or",
    r"!(?!=)|\bNOT\b": "not",
}

_ALLOWED: Final = (
    ast.BoolOp,
    ast.UnaryOp,
    ast.BinOp,
    ast.Compare,
    ast.Name,
    ast.Constant,
    ast.Tuple,
    ast.List,
    ast.Load,
    ast.And,
    ast.Or,
    ast.Not,
    ast.USub,
    ast.Eq,
    ast.NotEq,
    ast.In,
    ast.NotIn,
    *_ORDER,
    *_ARITHMETIC,
)


def _check(node: ast.AST, text: str) -> None:
    allowed = isinstance(node, _ALLOWED)
    if isinstance(node, ast.Constant):
        allowed = node.value is None or isinstance(node.value, str | int | float)
    if isinstance(node, ast.Tuple | ast.List):
        allowed = all(isinstance(item, ast.Constant | ast.UnaryOp) for item in node.elts)
    if not allowed:
        raise InputError(
            f"expression {text!r}: {type(node).__name__} is not allowed; expected columns, numbers "
            "and 'strings' with == != < <= > >= in not-in and or not + - * /"
        )


def _evaluate(node: ast.expr, table: Mapping[str, Column]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return _Values(table[node.id])
    if isinstance(node, ast.Tuple | ast.List):
        return [_evaluate(item, table) for item in node.elts]
    if isinstance(node, ast.BoolOp):
        values = [_flags(_evaluate(value, table)) for value in node.values]
        join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return join.reduce(np.broadcast_arrays(*values))
    if isinstance(node, ast.UnaryOp):
        value = _evaluate(node.operand, table)
        return ~_flags(value) if isinstance(node.op, ast.Not) else -_number(value)
    if isinstance(node, ast.BinOp):
        left, right = (_number(_evaluate(side, table)) for side in (node.left, node.right))
        with np.errstate(divide="ignore", invalid="ignore"):
            return _ARITHMETIC[type(node.op)](left, right)
    assert isinstance(node, ast.Compare)
    sides = [_evaluate(side, table) for side in (node.left, *node.comparators)]
    found = [
        _compare(op, one, other) for op, one, other in zip(node.ops, sides, sides[1:], strict=False)
    ]
    return np.logical_and.reduce(np.broadcast_arrays(*found))


@dataclass(frozen=True)
class _Values:
    """A column: its comparisons know missing values and tuples."""

    column: Column


def _flags(value: Any) -> Flags:
    plain = value.column if isinstance(value, _Values) else value
    array = np.asarray(plain)
    if array.dtype == object and all(isinstance(item, bool) for item in array.flat):
        array = array.astype(np.bool_)
    if array.dtype != np.bool_:
        raise TypeError("and, or, not expect conditions")
    return array


def _number(value: Any) -> npt.NDArray[np.float64]:
    plain = value.column if isinstance(value, _Values) else value
    array = np.asarray(plain)
    if array.dtype.kind in "biuf":
        return array.astype(np.float64)
    if array.dtype == object and all(
        item is None or isinstance(item, bool | int | float) for item in array.flat
    ):
        return array.astype(np.float64)
    raise TypeError(f"expected numbers, found {_example(array)!r}")


def _example(array: Column) -> Any:
    return next((item for item in array.flat if item is not None), None)


def _compare(op: ast.cmpop, one: Any, other: Any) -> Flags:
    if isinstance(op, ast.In | ast.NotIn):
        inside = _inside(one, other)
        return ~inside if isinstance(op, ast.NotIn) else inside
    if isinstance(op, ast.Eq | ast.NotEq):
        equal = _equal(one, other)
        return ~equal if isinstance(op, ast.NotEq) else equal
    if isinstance(one, str) or isinstance(other, str):
        raise TypeError("text has no order; use == or in")
    with np.errstate(invalid="ignore"):
        return np.asarray(_ORDER[type(op)](_number(one), _number(other)), dtype=np.bool_)


def _equal(one: Any, other: Any) -> Flags:
    one, other = (
        side.column if isinstance(side, _Values) else np.asarray(side, dtype=object)
        for side in (one, other)
    )
    return np.asarray(np.equal(one.astype(object), other.astype(object)), dtype=np.bool_)


def _inside(item: Any, container: Any) -> Flags:
    if isinstance(container, list):
        values = item.column if isinstance(item, _Values) else np.asarray([item], dtype=object)
        return np.array([value in container for value in values], dtype=np.bool_)
    if not isinstance(container, _Values) or not isinstance(item, str):
        raise TypeError("in expects a list of values, or 'text' in a column")
    # For a column of names, a part of the name; for a column of tuples, a whole entry.
    return np.array([row is not None and item in row for row in container.column], dtype=np.bool_)
