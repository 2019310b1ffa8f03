"""YAML files read safely, with the line of every key, so that an error can name it."""

from __future__ import annotations

from typing import Any

from datakit.errors import InputError
from datakit.io.store.storage import Location
from datakit.records.yaml_text import parse

__all__ = ["MAX_BYTES", "load", "parse"]

MAX_BYTES = 1 << 20


def load(path: Location) -> tuple[dict[str, Any], dict[str, int]]:
    """Read a YAML mapping.

    Returns
    -------
    data : dict
        The mapping, built by the safe loader: plain values only.
    lines : dict
        Path of each key (``a.b``, list items as ``a.0``) -> its line, from 1.

    Raises
    ------
    InputError
        If the file cannot be read or is too large.
    SchemaError
        If it is not YAML, or not a mapping.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{path}: expected at most {MAX_BYTES:,} bytes, found {len(data):,}")
    return parse(data.decode("utf-8", "replace"), str(path))
