"""Default thresholds of the checks: one YAML file, with a reason and a source for each number."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import msgspec
import yaml

from datakit.checks import all_checks
from datakit.checks.limits import Limits, Override
from datakit.errors import InputError, SchemaError


class ThresholdsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``thresholds.yaml``: every check with its limits."""

    checks: dict[str, Limits]


def default_limits() -> dict[str, Limits]:
    """Return the limits that datakit ships; every check has an entry."""
    text = files("datakit.checks").joinpath("thresholds.yaml").read_text(encoding="utf-8")
    limits = dict(_parse(text, "thresholds.yaml", ThresholdsFile).checks)
    limits |= {name: one.limits for name, one in all_checks().items() if one.limits is not None}
    _require_known(limits, "thresholds.yaml")
    missing = [name for name in all_checks() if name not in limits]
    if missing:
        raise SchemaError(f"thresholds.yaml: expected every check, missing: {', '.join(missing)}")
    return {name: limits[name] for name in all_checks()}


def override(
    limits: Mapping[str, Limits], changes: Mapping[str, Override], name: str = "checks"
) -> dict[str, Limits]:
    """Return ``limits`` with a user's changes laid over them.

    Parameters
    ----------
    limits : mapping
        Check -> Limits.
    changes : mapping
        Check -> Override; a level set to None is switched off, ``enabled=False`` switches off the
        check, what is left out stays.
    name : str
        The subject of error messages.

    Raises
    ------
    SchemaError
        If a check does not exist, or its levels are then out of order.

    Examples
    --------
    >>> override(default_limits(), {"residue": Override(error=0.2)})["residue"].error
    0.2
    """
    _require_known(changes, name)
    merged = dict(limits)
    for check, change in changes.items():
        given = {
            field: value
            for field in change.__struct_fields__
            if (value := getattr(change, field)) is not msgspec.UNSET
        }
        try:
            merged[check] = msgspec.structs.replace(limits[check], **given)
        except ValueError as error:
            raise SchemaError(f"{name}.{check}: {error}") from None
    return merged


def _parse(text: str, name: str, kind: type[Any]) -> Any:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise SchemaError(f"{name}: expected YAML, found a syntax error ({reason})") from None
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise SchemaError(
            f"{name}: {error}; write checks: {{name: {{review|warning|error: number}}}}"
        ) from None


def _require_known(names: Mapping[str, object], name: str) -> None:
    known = all_checks()
    for check in names:
        if check not in known:
            raise SchemaError(
                f"{name}: check {check!r} is not known; choose one of: {', '.join(known)}"
            )


def parse_target(text: str) -> tuple[str, tuple[float, float]]:
    """Parse ``fg_ratio=0.5+-0.2`` into ("fg_ratio", (0.5, 0.2)).

    Raises
    ------
    InputError
        If it is not of this shape, the name is not a target, or the tolerance is not above 0.

    Examples
    --------
    >>> parse_target("fg_ratio=0.5+-0.2")
    ('fg_ratio', (0.5, 0.2))
    """
    name, _, numbers = text.partition("=")
    wanted, _, tolerance = numbers.replace("±", "+-").partition("+-")
    try:
        target = (float(wanted), float(tolerance))
    except ValueError:
        raise InputError(f"target {text!r}: expected name=value+-tolerance") from None
    if name != "fg_ratio":
        raise InputError(f"target {name!r} is not known; choose one of: fg_ratio")
    if not (target[1] > 0 and 0 <= target[0] <= 1):
        raise InputError(f"target {text!r}: expected a share in 0..1 and a tolerance above 0")
    return name, target
