"""The JSON Schemas in ``schemas/``: found beside the package or, after an install, inside it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from datakit.errors import InputError


@cache
def load(name: str) -> dict[str, Any]:
    """Return the schema ``NAME.schema.json``; InputError if there is none of that name."""
    inside = files("datakit").joinpath("schemas", f"{name}.schema.json")
    beside = Path(__file__).resolve().parents[3] / "schemas" / f"{name}.schema.json"
    for path in (inside, beside):
        if path.is_file():
            schema: dict[str, Any] = msgspec.json.decode(path.read_bytes())
            return schema
    raise InputError(f"schema {name!r}: expected a file in schemas/, found none")


def breaches(name: str, document: bytes) -> Iterator[tuple[str, str]]:
    """Yield (JSON path, what is wrong) for every breach of a schema.

    Parameters
    ----------
    name : str
        The schema.
    document : bytes
        JSON text.
    """
    try:
        data = msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        yield "$", f"expected JSON; {error}"
        return
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(load(name))
    for breach in sorted(validator.iter_errors(data), key=lambda breach: breach.json_path):
        yield breach.json_path, breach.message[:300]
