"""Which samples the report shows, and their pictures: only ever from the dataset itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import Any

from datakit.engine.base import LazyTask, ordered_map
from datakit.io.layouts.base import Item
from datakit.pages.report import Group, Picture
from datakit.records.finding import SEVERITIES, Finding
from datakit.verbs.report.drawn import Illustrated
from datakit.verbs.report.options import Options
from datakit.verbs.shared.evidence import Evidence
from datakit.verbs.shared.page_parts import group_of
from datakit.verbs.shared.progress import ProgressListener

MOST_PICTURES = 400
"""Of findings; at 10 to 25 kB each they keep the page far below 20 MB."""


@dataclass(frozen=True)
class Art:
    """The pictures of a report.

    Attributes
    ----------
    contact, uncertain : Group or None
        Samples spread over the set, the most uncertain drafts; None where there are none.
    checks : sequence of Group
        The worst of each check.
    of_samples : mapping
        Sample -> its JPEG, of those that the table of samples shows.
    shares : mapping
        Sample -> share of the image that its label covers, of the same.
    failed : int
        Samples that could not be drawn.
    """

    contact: Group | None
    checks: Sequence[Group]
    uncertain: Group | None
    of_samples: Mapping[str, bytes]
    shares: Mapping[str, float]
    failed: int


def illustrate(
    options: Options, items: Sequence[Item], evidence: Evidence, progress: ProgressListener
) -> Art:
    """Draw samples for the table and spread over the set, findings, and uncertain drafts."""
    with_image = [item for item in items if item.image is not None]
    keys = [item.key for item in with_image]
    count = options.pictures
    contact = _spread(keys, 2 * count)
    ranked = sorted(evidence.drafts.values(), key=lambda draft: draft.rank)
    drafts = ranked[:count]
    shown = _shown(evidence, count)
    boxes: dict[str, dict[str, Any]] = {}
    labelled = {item.key for item in with_image if item.alpha or item.mask}
    for findings in shown.values():
        for finding, key in findings:
            if key in labelled:
                boxes.setdefault(key, {})[finding.check] = finding.box
    first = [*(key for found in shown.values() for _, key in found), *(d.id for d in ranked)]
    listed = _listed(keys, [*first, *contact], options.thumbnails if count else 0)
    plain = frozenset([*contact, *(draft.id for draft in drafts), *listed])
    drawn, failed = _draw(options, with_image, plain, boxes, progress)

    def plain_picture(key: str, alt: str, note: str = "", tone: str = "") -> list[Picture]:
        one = drawn[key].plain if key in drawn else None
        return [Picture(one.jpeg, one.width, one.height, alt, key, note, tone)] if one else []

    def check_picture(check: str, finding: Finding, key: str) -> list[Picture]:
        one = drawn[key].checks.get(check) if key in drawn else None
        alt = f"{key} with its label drawn, and a close look: {finding.words}"
        note = f"{finding.severity}, {finding.score:.4g}"
        tone = finding.severity
        return [Picture(one.jpeg, one.width, one.height, alt, key, note, tone)] if one else []

    checks = [
        group_of(
            check,
            f"The worst first: {found[0][0].words}",
            chain.from_iterable(check_picture(check, *one) for one in found),
        )
        for check, found in shown.items()
    ]
    return Art(
        group_of(
            "A look at the set",
            "Spread evenly over the manifest; the label is tinted and outlined.",
            chain.from_iterable(
                plain_picture(key, f"{key} with its label drawn over it") for key in contact
            ),
        ),
        [one for one in checks if one],
        group_of(
            "Most uncertain",
            "",
            chain.from_iterable(
                plain_picture(
                    *(draft.id, f"{draft.id} with its drafted label; {draft.reason}"),
                    f"uncertainty {draft.doubt:.2f}: {draft.reason}",
                    "review",
                )
                for draft in drafts
            ),
        ),
        {key: one.plain.jpeg for key in listed if (one := drawn.get(key)) and one.plain},
        {key: one.share for key in listed if (one := drawn.get(key)) and one.share is not None},
        failed,
    )


def _spread(keys: Sequence[str], count: int) -> list[str]:
    """Return some of the keys, evenly spread."""
    return list(keys[:: max(1, len(keys) // max(count, 1))][:count])


def _listed(keys: Sequence[str], first: Sequence[str], count: int) -> list[str]:
    """Return the samples that the table shows with a picture: all, or the first and some more."""
    if len(keys) <= count:
        return list(keys)
    known = frozenset(keys)
    chosen = list(dict.fromkeys(key for key in first if key in known))[:count]
    rest = _spread([key for key in keys if key not in frozenset(chosen)], count - len(chosen))
    return [*chosen, *rest]


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
        # A sample that several steps complain of is shown once, by the worst of it.
        worst: dict[str, tuple[Finding, str]] = {}
        for finding, key in by_check[check]:
            worst.setdefault(key, (finding, key))
        shown[check] = list(worst.values())[: min(count, room)]
        room -= len(shown[check])
    return {check: found for check, found in shown.items() if found}


def _draw(
    options: Options,
    items: Sequence[Item],
    plain: frozenset[str],
    boxes: Mapping[str, Mapping[str, Any]],
    progress: ProgressListener,
) -> tuple[dict[str, Illustrated], int]:
    chosen = [item for item in items if item.key in plain or item.key in boxes]
    if not chosen or not options.pictures:
        return {}, 0
    task = LazyTask("datakit.verbs.report.task:Illustrate", {"plain": plain, "boxes": boxes})
    drawn: dict[str, Illustrated] = {}
    failed = 0
    progress.begin(len(chosen), "draw")
    try:
        with closing(ordered_map(options.make_engine(), task, chosen)) as outcomes:
            for outcome in outcomes:
                failed += outcome.value is None
                if outcome.value is not None:
                    drawn[outcome.key] = outcome.value
                progress.advance(failed)
    finally:
        progress.end()
    return drawn, failed
