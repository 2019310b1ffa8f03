"""From measurements to findings: score each sample, compare with the thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from datakit.checks import all_checks, family_of
from datakit.checks.base import Check, Population, Scored, Subject, Values
from datakit.checks.limits import Limits
from datakit.core.quality.matte_regions import Box
from datakit.records.finding import SEVERITIES, Finding, Severity


@dataclass(frozen=True, slots=True)
class Measurements:
    """All that was measured in one sample: one row of the table."""

    id: str
    values: Mapping[str, Values] = field(default_factory=dict)
    boxes: Mapping[str, Box] = field(default_factory=dict)
    file: str | None = None


def measure(subject: Subject, names: Sequence[str]) -> Measurements:
    """Run the named checks' measurements on one sample."""
    checks = all_checks()
    values: dict[str, Values] = {}
    boxes: dict[str, Box] = {}
    for name in names:
        measured = checks[name].measure(subject)
        if measured.values:
            values[name] = measured.values
        if measured.box_xyxy is not None:
            boxes[name] = measured.box_xyxy
    return Measurements(subject.id, values, boxes)


def score(check: Check, sample: str, values: Values, population: Population) -> Scored:
    """Return a check's score of one sample; NaN where not measured or not determinable."""
    if not values:
        return Scored(float("nan"))
    scored = check.score(sample, values, population)
    return scored if isinstance(scored, Scored) else Scored(scored)


def severity_of(value: float, limits: Limits) -> tuple[Severity, float] | None:
    """Return the highest level that a score reaches and where it begins; None below all.

    Examples
    --------
    >>> limits = Limits(review=0.1, error=0.5, reason="", source="")
    >>> severity_of(0.3, limits), severity_of(0.5, limits), severity_of(0.05, limits)
    (('review', 0.1), ('error', 0.5), None)
    """
    for severity in reversed(SEVERITIES):
        limit = getattr(limits, severity)
        if limit is not None and np.isfinite(value) and value >= limit:
            return severity, float(limit)
    return None


def judge(
    rows: Sequence[Measurements],
    limits: Mapping[str, Limits],
    *,
    targets: Mapping[str, tuple[float, float]] | None = None,
) -> tuple[list[Finding], dict[str, dict[str, float]]]:
    """Score every row by every check with limits, and keep what reaches one.

    Parameters
    ----------
    rows : sequence of Measurements
        All samples of the set: some checks judge one against the rest.
    limits : mapping
        Check -> Limits; checks that are disabled there are left out.
    targets : mapping, optional
        Name -> (wanted, tolerance).

    Returns
    -------
    findings : list of Finding
        Row by row, check by check.
    scores : dict
        Check -> sample -> score, for those that could be determined.
    """
    population = Population(rows, targets)
    findings: list[Finding] = []
    scores: dict[str, dict[str, float]] = {}
    active = [check for name, check in all_checks().items() if name in limits]
    for row in rows:
        for check in active:
            if not limits[check.name].enabled:
                continue
            scored = score(check, row.id, row.values.get(check.name, {}), population)
            if np.isnan(scored.score):
                continue
            scores.setdefault(check.name, {})[row.id] = scored.score
            reached = severity_of(scored.score, limits[check.name])
            if reached is not None:
                findings.append(_finding(row, check, scored, *reached))
    return findings, scores


class _Known(dict[str, object]):
    """What words are made of; a measure that could not be taken reads as nan."""

    def __missing__(self, name: str) -> float:
        return float("nan")


def _finding(
    row: Measurements, check: Check, scored: Scored, severity: Severity, threshold: float
) -> Finding:
    known = _Known({**row.values[check.name], **scored.facts, "score": scored.score})
    return Finding(
        sample=row.id,
        check=check.name,
        family=family_of(check.name),
        severity=severity,
        score=float(scored.score),
        threshold=threshold,
        box=row.boxes.get(check.name),
        words=check.words.format_map(known),
        file=row.file,
    )
