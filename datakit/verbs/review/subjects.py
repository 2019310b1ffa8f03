"""What a review shows: the samples and the photos that wait, why, and what is known of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from datakit.core.drafts.uncertainty import WORDS
from datakit.io.layouts.base import Item
from datakit.io.layouts.sources import open_sources
from datakit.pages.subject import Paint, Subject
from datakit.records.anonymization import Anonymization
from datakit.records.finding import Finding
from datakit.records.review import Decision, Verdict
from datakit.verbs.review.options import VERB, ServeOptions
from datakit.verbs.review.others import verdicts_of
from datakit.verbs.shared.command_lines import step_line
from datakit.verbs.shared.datasets import open_dataset
from datakit.verbs.shared.evidence import Evidence, worst

_PRIORITY = {"error": 0.95, "warning": 0.6, "review": 0.4}
_WAITING = 1.0
_RESIDUAL = 0.9
_STATES = {
    "partial": (
        "partial label",
        "some object could not be drawn; the stripes show where the label is unknown",
    ),
    "none": ("no label", "the image is not labelled"),
}
"""State of a label that is not complete -> in a few words, in a sentence."""


def review_subjects(
    options: ServeOptions,
    items: list[Item],
    evidence: Evidence,
    paints: Mapping[str, tuple[Paint, ...]],
    others: Mapping[str, Mapping[str, Decision]],
) -> list[Subject]:
    """Return everything that can be looked at: the samples, and the photos that wait.

    Parameters
    ----------
    options : ServeOptions
        Where earlier labels, and photos that wait, are.
    items : list of Item
        The dataset.
    evidence : Evidence
        Why a sample may want a look.
    paints : mapping
        Id -> what may be painted on its mask.
    others : mapping
        Other reviewer -> id -> decision.
    """
    earlier = (
        {item.key: item for item in open_dataset((options.compare,), VERB)[1]}
        if (options.compare)
        else {}
    )
    originals: dict[str, Item] = {}
    if options.photos:
        wanted = {record.id for record in (*evidence.waiting, *evidence.faces.values())}
        source = open_sources((options.photos,))
        originals = {item.key: item for item in source.items() if item.key in wanted}
    shown = [
        _subject(
            item,
            evidence,
            earlier=earlier.get(item.key),
            original=_original(evidence.faces.get(item.key), originals),
            palette=paints.get(item.key, ()),
            others=verdicts_of(others, item.key),
        )
        for item in items
    ]
    known = {item.key for item in items}
    waiting = [record for record in evidence.waiting if record.id not in known]
    return [*(_waiting(record, originals.get(record.id)) for record in waiting), *shown]


def _original(record: Anonymization | None, originals: Mapping[str, Item]) -> Item | None:
    return originals.get(record.id) if record else None


def _subject(
    item: Item,
    evidence: Evidence,
    *,
    earlier: Item | None,
    original: Item | None,
    palette: tuple[Paint, ...],
    others: Mapping[str, Verdict],
) -> Subject:
    findings = evidence.findings.get(item.key, [])
    draft, faces = evidence.drafts.get(item.key), evidence.faces.get(item.key)
    severity = worst(findings)
    residual = max((face.residual or 0 for face in faces.faces), default=0) if faces else 0
    count = f"{len(findings)} finding{'s' * (len(findings) > 1)}"
    words = [f"{count}: {findings[0].check}"] if findings else []
    words += [f"{WORDS.get(draft.reason, draft.reason)} ({draft.doubt:.2f})"] if draft else []
    words += [f"a face still seen ({residual:.2f})"] if residual else []
    state = _STATES.get(item.label_state, ("", ""))
    reasons = [finding.check for finding in findings]
    reasons += [WORDS.get(draft.reason, draft.reason)] if draft else []
    reasons += ["a face still seen"] if residual else []
    priority = max(
        _PRIORITY[severity] if severity else 0.0,
        draft.doubt if draft else 0.0,
        _RESIDUAL if residual else 0.0,
    )
    kinds = {"draft": draft is not None, "finding": bool(findings), "face": bool(faces)}
    width, height = item.stated_wh or (0, 0)
    return Subject(
        id=item.key,
        kinds=tuple(name for name, there in kinds.items() if there),
        severity=severity or "",
        priority=round(priority, 4),
        reason="; ".join(filter(None, [*words, state[1]])),
        reasons=tuple(dict.fromkeys(filter(None, [*reasons, state[0]]))),
        group=(item.sample.group if item.sample else None) or "",
        split=item.split or "",
        width=width,
        height=height,
        image=item.image,
        labelled=item,
        earlier=earlier,
        original=original,
        classes=item.sample.categories if item.sample else (),
        palette=palette,
        others=others,
    )


def _waiting(record: Anonymization, original: Item | None) -> Subject:
    return Subject(
        id=record.id,
        kinds=("waiting",),
        severity="review",
        priority=_WAITING,
        reason="; ".join(record.reasons) or record.status,
        reasons=tuple(dict.fromkeys(map(_kind, record.reasons))) or (record.status,),
        image=original.image if original else None,
        original=original,
        waiting=True,
    )


def details_of(item: Item | None, key: str, evidence: Evidence) -> dict[str, Any]:
    """Return what the page shows beside a picture, as JSON values."""
    found: dict[str, Any] = {
        "findings": [_told(finding) for finding in evidence.findings.get(key, [])]
    }
    if draft := evidence.drafts.get(key):
        words = WORDS.get(draft.reason, draft.reason)
        found["draft"] = {
            "doubt": draft.doubt,
            "words": words,
            "parts": draft.parts,
            "missing_hand": draft.missing_hand,
        }
    record = evidence.faces.get(key) or next(
        (record for record in evidence.waiting if record.id == key and item is None), None
    )
    if record is not None:
        found["faces"] = [
            {"box": face.box_xyxy, "mask": face.mask, "residual": face.residual}
            for face in record.faces
        ]
        found["reasons"] = record.reasons
    if item is not None and (sample := item.sample) is not None:
        found["empty"] = sample.fg_ratio == 0
        found["facts"] = {
            "group": sample.group,
            "copy of": sample.parent,
            "source": sample.source.name,
            "tags": ", ".join(sample.tags),
            "foreground": None if sample.fg_ratio is None else f"{100 * sample.fg_ratio:.1f} %",
        }
        found["history"] = [step_line(step) for step in sample.history]
    return found


def _told(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "severity": finding.severity,
        "words": finding.words,
        "box": finding.box,
    }


def _kind(reason: str) -> str:
    """Return a reason without which face it is about, and without its numbers.

    Examples
    --------
    >>> _kind("face [1, 2, 30, 40]: a detector still sees a face there (score 0.31)")
    'a detector still sees a face there'
    """
    words = re.sub(r"^face \[[^\]]*\]: | \([^)]*\)", "", reason)
    return re.sub(r"\d+(\.\d+)?", "…", words)
