"""The page of ``qc``: what to look at first, then each check with its scores and worst samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from datakit.checks.limits import Limits
from datakit.pages.charts import binned, histogram
from datakit.pages.report import Page, Section, Table, Verdict
from datakit.records.counts import counted
from datakit.records.failure import Failure
from datakit.records.finding import SEVERITIES, Finding
from datakit.verbs.qc.options import VERB
from datakit.verbs.qc.quality_report import Judged, Plan
from datakit.verbs.shared.page_parts import (
    Tally,
    cut_caption,
    failures_section,
    findings_table,
    group_of,
    severity_chart,
    verdict_of,
)
from datakit.verbs.shared.page_pictures import picture

PAGE = "qc.html"
_MOST_PICTURES = 6
_MOST_FINDINGS = 100
_BINS = 20

Tiles = Mapping[str, Sequence[tuple[Finding, npt.NDArray[np.uint8]]]]
"""Check -> its worst findings, each with the place where it looked."""


def compose(
    name: str,
    samples: int,
    result: Judged,
    how: Plan,
    tiles: Tiles,
    failures: Sequence[Failure],
) -> Page:
    """Return the page of a quality control.

    Parameters
    ----------
    name : str
        What was looked at.
    samples : int
        How many were.
    result, how : Judged, Plan
        The findings, and the thresholds that made them.
    tiles : mapping
        Pictures of the worst findings; none when measurements were judged again.
    failures : sequence of Failure
        What could not be measured.
    """
    by_check: dict[str, list[Finding]] = {}
    for finding in result.findings:
        by_check.setdefault(finding.check, []).append(finding)
    for found in by_check.values():
        found.sort(key=lambda one: (-SEVERITIES.index(one.severity), -one.score, one.sample))
    order = sorted(by_check, key=lambda check: (*_counts(by_check[check]), check))
    severities = Counter(finding.severity for finding in result.findings)
    shown = [(severity, severities[severity]) for severity in reversed(SEVERITIES)]
    names = {"error": "errors", "warning": "warnings", "review": "to review"}
    sections = [
        _overview(result, how),
        *(_check(check, by_check[check], result, how.limits[check], tiles) for check in order),
        failures_section([(VERB, len(failures), failures)]),
    ]
    return Page(
        title=name,
        subtitle=f"The labels of {counted(samples, 'samples')}, by {len(result.judged)} checks.",
        figures=[
            ("samples", f"{samples:,}", ""),
            *((names[severity], f"{count:,}", severity) for severity, count in shown if count),
            *([("failures", f"{len(failures):,}", "error")] if failures else []),
        ],
        sections=[section for section in sections if section is not None],
        verdict=_verdict(by_check, order, failures),
        verb=VERB,
    )


def _counts(found: Sequence[Finding]) -> tuple[int, ...]:
    """Return how many errors, warnings and reviews a check has, negative: most come first."""
    counts = Counter(finding.severity for finding in found)
    return tuple(-counts[severity] for severity in reversed(SEVERITIES))


def _verdict(
    by_check: Mapping[str, Sequence[Finding]], order: Sequence[str], failures: Sequence[Failure]
) -> Verdict:
    failed = f"{counted(len(failures), 'items')} could not be processed."
    known = [(len(failures), failed, "failures")]
    for check in order:
        counts = Counter(finding.severity for finding in by_check[check])
        told = " and ".join(
            counted(counts[severity], f"{severity}s")
            for severity in reversed(SEVERITIES)
            if counts[severity]
        )
        words = f"{check}: {told}; the worst: {by_check[check][0].words}"
        known.append((len(by_check[check]), words, f"check-{check}"))
    return verdict_of(known, Verdict("Nothing found", "No check reports anything."))


def _overview(result: Judged, how: Plan) -> Section:
    idle = [name for name in result.judged if name not in result.scores]
    text = [f"Not judged, as what they need is missing: {', '.join(idle)}."] if idle else []
    if not result.findings:
        return Section("checks", "All checks", text)
    tally: Tally = Counter((one.family, one.check, one.severity) for one in result.findings)
    severities: Counter[str] = Counter(one.severity for one in result.findings)
    tables = [findings_table([(VERB, tally)])]
    return Section("checks", "All checks", text, [severity_chart(severities)], tables)


def _check(
    check: str, found: Sequence[Finding], result: Judged, limits: Limits, tiles: Tiles
) -> Section:
    scores = list(result.scores[check].values())
    rows = [
        [one.sample, one.severity, f"{one.score:.4g}", one.words] for one in found[:_MOST_FINDINGS]
    ]
    caption = cut_caption("Findings, the worst first", len(found), _MOST_FINDINGS)
    begins = ", ".join(
        f"{severity} from {limit:g}"
        for severity in SEVERITIES
        if (limit := getattr(limits, severity)) is not None
    )
    pictures = [
        picture(
            tile,
            one.sample,
            f"{one.severity}, score {one.score:.4g}",
            one.severity,
            alt=f"{one.sample} with its label drawn, and a close look: {one.words}",
        )
        for one, tile in tiles.get(check, ())[:_MOST_PICTURES]
    ]
    worst = group_of("The worst", "", pictures)
    return Section(
        f"check-{check}",
        check,
        [f"{limits.reason[:1].upper()}{limits.reason[1:]}.", f"Score: {limits.unit}; {begins}."],
        [_scores_chart(check, scores, limits)],
        [Table(caption, ("sample", "severity", "score", "what"), rows, frozenset({2}))],
        [worst] if worst else [],
    )


def _scores_chart(check: str, scores: Sequence[float], limits: Limits) -> Markup:
    low, high = min(scores), max(scores)
    reach = high - low or 1.0
    edges = [low + reach * step / _BINS for step in range(_BINS + 1)]
    begins = [(getattr(limits, severity), severity) for severity in SEVERITIES]
    kinds = [
        next((s for limit, s in reversed(begins) if limit is not None and edge >= limit), "plain")
        for edge in edges[:-1]
    ]
    return histogram(
        *(f"scores-{check}", "Scores of all samples", edges, binned(scores, edges)),
        axis=f"score: {limits.unit}",
        unit="samples",
        kinds=kinds,
    )
