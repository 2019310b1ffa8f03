"""Which samples the report shows, and their pictures: only ever from the dataset itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from datakit.engine.base import LazyTask, ordered_map
from datakit.io.layouts.base import Item
from datakit.pages.report import Group, Picture
from datakit.records.finding import SEVERITIES, Finding
from datakit.verbs.report.options import Options
from datakit.verbs.shared.evidence import Evidence
from datakit.verbs.shared.progress import ProgressListener

MOST_PICTURES = 400
"""Of findings; at 10 to 25 kB each they keep the page far below 20 MB."""


@dataclass(frozen=True)
class Art:
    """The pictures of a report; None where there is nothing to show."""

    contact: Group | None
    checks: Sequence[Group]
    uncertain: Group | None
    failed: int


def illustrate(
    options: Options, items: Sequence[Item], evidence: Evidence, progress: ProgressListener
) -> Art:
    """Draw samples spread over the set, the worst of each check, and the most uncertain drafts."""
    with_image = [item for item in items if item.image is not None]
    count = options.pictures
    step = max(1, len(with_image) // max(2 * count, 1))
    contact = [item.key for item in with_image[::step]][: 2 * count]
    drafts = sorted(evidence.drafts.values(), key=lambda draft: draft.rank)[:count]
    shown = _shown(evidence, count)
    boxes: dict[str, dict[str, Any]] = {}
    labelled = {item.key for item in with_image if item.alpha or item.mask}
    for findings in shown.values():
        for finding, key in findings:
            if key in labelled:
                boxes.setdefault(key, {})[finding.check] = finding.box
    plain = frozenset([*contact, *(draft.id for draft in drafts)])
    drawn, failed = _draw(options, with_image, plain, boxes, progress)

    def picture(key: str, check: str, alt: str, note: str = "", tone: str = "") -> list[Picture]:
        one = drawn.get(key, {}).get(check)
        if one is None:
            return []
        return [Picture(one.jpeg, one.width, one.height, alt, key, note, tone)]

    def group(heading: str, text: str, pictures: Sequence[Sequence[Picture]]) -> Group | None:
        found = [one for few in pictures for one in few]
        return Group(heading, text, found) if found else None

    checks = [
        group(
            check,
            f"The worst first: {found[0][0].words}",
            [
                picture(
                    *(key, check, f"{key} with its label drawn, and a close look: {finding.words}"),
                    f"{finding.severity}, {finding.score:.4g}",
                    finding.severity,
                )
                for finding, key in found
            ],
        )
        for check, found in shown.items()
    ]
    return Art(
        group(
            "A look at the set",
            "Spread evenly over the manifest; the label is tinted.",
            [picture(key, "", f"{key} with its label drawn over it") for key in contact],
        ),
        [one for one in checks if one],
        group(
            "Most uncertain",
            "",
            [
                picture(
                    *(draft.id, "", f"{draft.id} with its drafted label; {draft.reason}"),
                    f"uncertainty {draft.doubt:.2f}: {draft.reason}",
                    "review",
                )
                for draft in drafts
            ],
        ),
        failed,
    )


def _shown(evidence: Evidence, count: int) -> dict[str, list[tuple[Finding, str]]]:
    """Return check -> its worst findings and their samples, checks with errors first."""
    by_check: dict[str, list[tuple[Finding, str]]] = {}
    for key, findings in evidence.findings.items():
        for finding in findings:
            by_check.setdefault(finding.check, []).append((finding, key))
    for found in by_check.values():
        found.sort(key=lambda one: (-SEVERITIES.index(one[0].severity), -one[0].score, one[1]))
    order = sorted(
        by_check,
        key=lambda check: (
            -SEVERITIES.index(by_check[check][0][0].severity),
            -len(by_check[check]),
        ),
    )
    room = MOST_PICTURES
    shown = {}
    for check in order:
        shown[check] = by_check[check][: min(count, room)]
        room -= len(shown[check])
    return {check: found for check, found in shown.items() if found}


def _draw(
    options: Options,
    items: Sequence[Item],
    plain: frozenset[str],
    boxes: Mapping[str, Mapping[str, Any]],
    progress: ProgressListener,
) -> tuple[dict[str, dict[str, Any]], int]:
    chosen = [item for item in items if item.key in plain or item.key in boxes]
    if not chosen or not options.pictures:
        return {}, 0
    task = LazyTask("datakit.verbs.report.task:Illustrate", {"plain": plain, "boxes": boxes})
    drawn: dict[str, dict[str, Any]] = {}
    failed = 0
    progress.begin(len(chosen), "draw")
    try:
        with closing(ordered_map(options.make_engine(), task, chosen)) as outcomes:
            for outcome in outcomes:
                failed += outcome.value is None
                drawn[outcome.key] = outcome.value or {}
                progress.advance(failed)
    finally:
        progress.end()
    return drawn, failed
