"""The class of a region of VIA, whose attributes everybody names as they like."""

from __future__ import annotations

CLASS_NAMES = ("class", "label", "category", "name", "type", "object")
"""Attributes of a region that say its class, the first that is there."""


def class_of(region: object) -> str:
    """Return the class that a region's attributes say; empty when they do not.

    The attribute that is named so, else the only one; a choice of several is the one that is set.

    Examples
    --------
    >>> class_of({"region_attributes": {"quality": "good", "class": "cat"}})
    'cat'
    >>> class_of({"region_attributes": {"kind": {"cat": True}}})
    'cat'
    >>> class_of({"region_attributes": {"class": 3}})
    '3'
    """
    attributes = region.get("region_attributes") if isinstance(region, dict) else None
    if not isinstance(attributes, dict):
        return ""
    values = {str(key).lower(): value for key, value in attributes.items()}
    named = next((values[key] for key in CLASS_NAMES if key in values), None)
    if named is None and len(values) == 1:
        named = next(iter(values.values()))
    if isinstance(named, dict):
        chosen = [key for key, value in named.items() if value]
        named = chosen[0] if len(chosen) == 1 else None
    if isinstance(named, int | float) and not isinstance(named, bool):
        return f"{named:g}"
    return named.strip() if isinstance(named, str) else ""


def has_attributes(region: object) -> bool:
    """Tell whether anything is said of a region beside its shape."""
    return isinstance(region, dict) and bool(region.get("region_attributes"))
