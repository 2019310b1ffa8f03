"""The report's first words: ready to train, or the three things to look at first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from datakit.pages.report import Verdict
from datakit.records.draft import DRAFT
from datakit.records.review import REVIEWED
from datakit.records.sample import Sample
from datakit.verbs.shared.evidence import Evidence

MOST = 3


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
    sides: dict[str, set[str]] = {}
    for sample in samples:
        if sample.group is not None:
            sides.setdefault(sample.group, set()).add(sample.split or "")
    torn = sum(len(splits) > 1 for splits in sides.values())
    seen = sum(any(face.residual for face in one.faces) for one in evidence.faces.values())
    states = Counter(sample.label_state for sample in samples)
    drafted = sum(DRAFT in sample.tags and REVIEWED not in sample.tags for sample in samples)
    most = f", most of {checks.most_common(1)[0][0]}" if checks else ""
    known: list[tuple[int, str, str]] = [
        (not samples, "The dataset has no samples.", "samples"),
        (failed, f"{failed:,} files could not be processed.", "failures"),
        (torn, f"{torn:,} groups stand in more than one split.", "samples"),
        (severities["error"], f"qc found {severities['error']:,} errors{most}.", "quality"),
        (seen, f"{seen:,} photos still show a face to a detector.", "anonymization"),
        (
            len(evidence.waiting),
            f"{len(evidence.waiting):,} photos wait for a person.",
            "anonymization",
        ),
        (
            drafted,
            f"{drafted:,} labels are drafts that nobody has accepted.",
            "drafts" if evidence.drafts else "samples",
        ),
        (states["none"], f"{states['none']:,} samples have no label.", "samples"),
        (states["partial"], f"{states['partial']:,} labels are partial.", "samples"),
        (severities["warning"], f"qc warns of {severities['warning']:,} things.", "quality"),
    ]
    points = [(words, key) for count, words, key in known if count]
    if not points:
        checked = "" if findings or evidence.findings else " No report of qc was shown here."
        return Verdict("Ready to train", f"Nothing on record speaks against it.{checked}")
    more = len(points) - MOST
    rest = f"{more} more below." if more > 0 else ""
    return Verdict("Look at this first", rest, tuple(points[:MOST]))
