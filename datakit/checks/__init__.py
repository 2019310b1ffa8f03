"""Quality checks in three steps: measure, score, judge."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from datakit.registry import Registry

if TYPE_CHECKING:
    from datakit.checks.base import Check

FAMILIES: Final[Registry[tuple[Check, ...]]] = Registry(
    "check family",
    {
        "file": "datakit.checks.file:CHECKS",
        "whole_matte": "datakit.checks.whole_matte:CHECKS",
        "shape": "datakit.checks.shape:CHECKS",
        "edge": "datakit.checks.edge:CHECKS",
        "content": "datakit.checks.content:CHECKS",
        "pairs": "datakit.checks.pairs:CHECKS",
        "sets": "datakit.checks.sets:CHECKS",
        "plates": "datakit.checks.plates:CHECKS",
    },
    group="datakit.checks",
)


@cache
def all_checks() -> dict[str, Check]:
    """Return every check by name, family by family; ValueError when two have one name."""
    checks: dict[str, Check] = {}
    for family in FAMILIES:
        for check in FAMILIES.load(family):
            if check.name in checks:
                raise ValueError(f"check {check.name!r} is defined twice, again in {family}")
            checks[check.name] = check
    return checks


def family_of(name: str) -> str:
    """Return the family a check belongs to."""
    for family in FAMILIES:
        if any(check.name == name for check in FAMILIES.load(family)):
            return family
    raise KeyError(name)
