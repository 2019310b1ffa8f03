"""Attributes of the elements of CVAT's XML."""

from __future__ import annotations

from datakit.errors import InputError

LARGEST = 1 << 16
"""Sides of pictures, and places in them, are smaller."""

Attributes = dict[str, str]


def whole(found: Attributes, key: str) -> int:
    """Return an attribute that is a whole number; InputError when it is none.

    Examples
    --------
    >>> whole({"left": "12.0"}, "left")
    12
    """
    try:
        number = float(found.get(key, ""))
    except ValueError:
        number = float("nan")
    if not abs(number) < LARGEST or number != int(number):
        raise InputError(f"{key}: expected a whole number, found {found.get(key)!r}")
    return int(number)
