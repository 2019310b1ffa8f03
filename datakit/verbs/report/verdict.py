"""The report's opening: ready to train, or the three most important problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from datakit.pages.report import Verdict
from datakit.records.counts import counted
from datakit.records.draft import DRAFT
from datakit.records.review import REVIEWED
from datakit.records.sample import Sample
from datakit.verbs.shared.evidence import Evidence

MOST = 3


def torn_groups(samples: Sequence[Sample]) -> int:
    """Return how many groups have samples in more than one split."""
    splits: dict[str, set[str]] = {}
    for sample in samples:
        if sample.group is not None:
            splits.setdefault(sample.group, set()).add(sample.split or "")
    return sum(len(found) > 1 for found in splits.values())


def judge(samples: Sequence[Sample], evidence: Evidence, failed: int) -> Verdict:
    """Return what to look at first, the gravest first.

    Parameters
    ----------
    samples : sequence of Sample
        The dataset's rows.
    evidence : Evidence
        What verbs recorded of it.
    failed : int
        Files that any step of the run could not process.

    Returns
    -------
    Verdict
        Each point leads to the section that tells more.
    """
    findings = [finding for found in evidence.findings.values() for finding in found]
    severities = Counter(finding.severity for finding in findings)
    checks = Counter(finding.check for finding in findings if finding.severity == "error")
    torn = torn_groups(samples)
    seen = sum(any(face.residual for face in one.faces) for one in evidence.faces.values())
    states = Counter(sample.label_state for sample in samples)
    drafted = sum(DRAFT in sample.tags and REVIEWED not in sample.tags for sample in samples)
    most = f", most of {checks.most_common(1)[0][0]}" if checks else ""
    known: list[tuple[int, str, str]] = [
        (not samples, "The dataset has no samples.", "samples"),
        (failed, f"{counted(failed, 'files')} could not be processed.", "failures"),
        (torn, f"{counted(torn, 'groups')} in more than one split.", "samples"),
        (
            severities["error"],
            f"qc found {counted(severities['error'], 'errors')}{most}.",
            "quality",
        ),
        (seen, f"A detector still finds a face in {counted(seen, 'photos')}.", "anonymization"),
        (
            len(evidence.waiting),
            f"A person has to check {counted(len(evidence.waiting), 'photos')}.",
            "anonymization",
        ),
        (
            drafted,
            f"Nobody has accepted {counted(drafted, 'drafts')} yet.",
            "drafts" if evidence.drafts else "samples",
        ),
        (states["none"], f"{counted(states['none'], 'samples')} without a label.", "samples"),
        (states["partial"], f"{counted(states['partial'], 'partial labels')}.", "samples"),
        (
            severities["warning"],
            f"qc found {counted(severities['warning'], 'warnings')}.",
            "quality",
        ),
    ]
    points = [(words, key) for count, words, key in known if count]
    if not points:
        checked = "" if findings else " No finding of qc is on record."
        if severities["review"]:
            checked = f" qc asks a person to check {counted(severities['review'], 'findings')}."
        return Verdict("Ready to train", f"No error or warning is on record.{checked}")
    more = len(points) - MOST
    rest = f"{more} more below." if more > 0 else ""
    return Verdict("Look at this first", rest, tuple(points[:MOST]))
