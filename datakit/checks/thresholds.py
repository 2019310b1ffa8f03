"""Where each check begins to complain: one YAML, a reason and a source for each number."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Annotated, Any

import msgspec
import yaml
from msgspec import Meta

from datakit.checks import all_checks
from datakit.errors import InputError, SchemaError
from datakit.records.finding import SEVERITIES

Limit = Annotated[float | None, Meta(description="score from which it is a finding; null: never")]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The thresholds of one check, in the check's own unit; higher is worse."""

    review: Limit = None
    warning: Limit = None
    error: Limit = None
    enabled: Annotated[bool, Meta(description="false: the check is not judged")] = True
    unit: Annotated[str, Meta(description="of the score")] = ""
    reason: Annotated[str, Meta(description="why this number")]
    source: Annotated[str, Meta(description="where it comes from: a paper, a standard, a measure")]

    def __post_init__(self) -> None:
        values = [limit for name in SEVERITIES if (limit := getattr(self, name)) is not None]
        if values != sorted(values):
            raise ValueError("expected review <= warning <= error")


class Override(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user's file may change of a check; what it leaves out stays."""

    review: Limit | msgspec.UnsetType = msgspec.UNSET
    warning: Limit | msgspec.UnsetType = msgspec.UNSET
    error: Limit | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    reason: str | msgspec.UnsetType = msgspec.UNSET
    source: str | msgspec.UnsetType = msgspec.UNSET


class ThresholdsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``thresholds.yaml``: every check with its limits."""

    checks: dict[str, Limits]


class OverrideFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user's ``--config``: some checks with other limits."""

    checks: dict[str, Override]


def default_limits() -> dict[str, Limits]:
    """Return the limits that datakit ships; every check has an entry."""
    text = files("datakit.checks").joinpath("thresholds.yaml").read_text(encoding="utf-8")
    limits = _parse(text, "thresholds.yaml", ThresholdsFile).checks
    _require_known(limits, "thresholds.yaml")
    missing = [name for name in all_checks() if name not in limits]
    if missing:
        raise SchemaError(f"thresholds.yaml: expected every check, missing: {', '.join(missing)}")
    return {name: limits[name] for name in all_checks()}


def override_limits(
    limits: Mapping[str, Limits], text: str, name: str = "config"
) -> dict[str, Limits]:
    """Return ``limits`` with a user's YAML laid over it.

    Parameters
    ----------
    limits : mapping
        Check -> Limits.
    text : str
        The YAML: ``checks: {halo: {warning: 0.8, reason: "our hair must be clean"}}``; a level set
        to null is switched off, ``enabled: false`` switches off the check.
    name : str
        The subject of error messages.

    Raises
    ------
    SchemaError
        If it is no YAML, or not of this shape, or names a check that does not exist.

    Examples
    --------
    >>> stricter = override_limits(default_limits(), "checks: {residue: {error: 0.2}}")
    >>> stricter["residue"].error
    0.2
    """
    overrides = _parse(text, name, OverrideFile).checks
    _require_known(overrides, name)
    merged = dict(limits)
    for check, override in overrides.items():
        changes = {
            field: value
            for field in override.__struct_fields__
            if (value := getattr(override, field)) is not msgspec.UNSET
        }
        try:
            merged[check] = msgspec.structs.replace(limits[check], **changes)
        except ValueError as error:
            raise SchemaError(f"{name}: checks.{check}: {error}") from None
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
