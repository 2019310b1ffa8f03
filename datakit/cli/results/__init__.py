"""How results are printed: one file for each kind of record that a verb returns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from datakit.errors import printable
from datakit.registry import Registry

_ALLOWED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

SHOWS: Registry[Callable[[Any], None]] = Registry(
    "result",
    {
        "Agreement": "datakit.cli.results.agreement:show",
        "Audit": "datakit.cli.results.audit:show",
        "Difference": "datakit.cli.results.difference:show",
        "Drafting": "datakit.cli.results.drafting:show",
        "Evaluation": "datakit.cli.results.evaluation:show",
        "InstanceEvaluation": "datakit.cli.results.instances:show",
        "Problems": "datakit.cli.results.problems:show",
        "Quality": "datakit.cli.results.quality:show",
        "Removal": "datakit.cli.results.removal:show",
        "RunSummary": "datakit.cli.results.pipeline:show",
        "Statistics": "datakit.cli.results.statistics:show",
        "Summary": "datakit.cli.results.summary:show",
        "Training": "datakit.cli.results.training:show",
        "WeightsReport": "datakit.cli.results.stored_weights:show",
    },
)
"""The name of a record -> the function that prints it for a person."""


def show(result: Any) -> None:
    """Print a result on stdout, as its kind of record is printed; its texts hold no controls."""
    SHOWS.load(type(result).__name__)(escaped(result))


def escaped(result: Any) -> Any:
    """Return a record with every text in it as it may reach a terminal."""
    return msgspec.convert(_escaped(msgspec.to_builtins(result)), type(result))


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {
            # The example of ``run --init`` is a text of datakit's own, of many lines.
            _escaped(key): one if key == "text" else _escaped(one)
            for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [_escaped(one) for one in value]
    return value


def escaped_json(result: Any, notes: Sequence[str] = ()) -> str:
    """Return a record as JSON in which also the controls that JSON allows are escapes.

    Parameters
    ----------
    result : Record
    notes : sequence of str
        Further notes (such as what SRC was read as), for a record that has notes.
    """
    if notes and "notes" in result.__struct_fields__:
        together = tuple(dict.fromkeys([*notes, *result.notes]))
        result = msgspec.structs.replace(result, notes=together)
    text = msgspec.json.encode(result).decode()
    return _ALLOWED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
