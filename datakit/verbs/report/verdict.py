"""The report's opening: ready to train, or the three most important problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from datakit.pages.report import Verdict
from datakit.records.counts import counted
from datakit.records.draft import DRAFT
from datakit.records.review import REVIEWED
from datakit.records.sample import Sample
from datakit.verbs.report.steps import Step
from datakit.verbs.shared.evidence import Evidence
from datakit.verbs.shared.page_parts import verdict_of


def torn_groups(samples: Sequence[Sample]) -> int:
    """Return how many groups have samples in more than one split."""
    splits: dict[str, set[str]] = {}
    for sample in samples:
        if sample.group is not None:
            splits.setdefault(sample.group, set()).add(sample.split or "")
    return sum(len(found) > 1 for found in splits.values())


def judge(samples: Sequence[Sample], evidence: Evidence, steps: Sequence[Step]) -> Verdict:
    """Return what to look at first, the gravest first.

    Parameters
    ----------
    samples : sequence of Sample
        The dataset's rows.
    evidence : Evidence
        What verbs recorded of it.
    steps : sequence of Step
        The steps that made it or looked at it, with what they could not process.

    Returns
    -------
    Verdict
        Each point leads to the section that tells more.
    """
    findings = sum(len(found) for found in evidence.findings.values())
    asked = f" qc asks a person to check {counted(findings, 'findings')}." if findings else ""
    ready = Verdict("Ready to train", f"No error or warning is on record.{asked}")
    return verdict_of(_known(samples, evidence, steps), ready)


def _known(
    samples: Sequence[Sample], evidence: Evidence, steps: Sequence[Step]
) -> list[tuple[int, str, str]]:
    """Return what may be wrong as (how often, words, section), the gravest first."""
    failed = sum(step.failed for step in steps)
    failing = " and ".join(step.name for step in steps if step.failed)
    torn = torn_groups(samples)
    seen = sum(any(face.residual for face in one.faces) for one in evidence.faces.values())
    waiting = len(evidence.waiting)
    states = Counter(sample.label_state for sample in samples)
    drafted = sum(DRAFT in sample.tags and REVIEWED not in sample.tags for sample in samples)
    splits = {sample.split for sample in samples}
    return [
        (not samples, "The dataset has no samples.", "samples"),
        (failed, f"{counted(failed, 'items')} could not be processed, in {failing}.", "failures"),
        (torn, f"{counted(torn, 'groups')} in more than one split.", "samples"),
        _findings("error", steps),
        (seen, f"A detector still finds a face in {counted(seen, 'photos')}.", "anonymization"),
        (waiting, f"A person has to check {counted(waiting, 'photos')}.", "anonymization"),
        (
            drafted,
            f"Nobody has accepted {counted(drafted, 'drafts')} yet.",
            "drafts" if evidence.drafts else "samples",
        ),
        (states["none"], f"{counted(states['none'], 'samples')} without a label.", "samples"),
        (states["partial"], f"{counted(states['partial'], 'partial labels')}.", "samples"),
        (
            not any(step.checked for step in steps),
            "No qc is on record: nobody has looked for errors in the labels.",
            "quality",
        ),
        _findings("warning", steps),
        (splits == {None}, "There are no splits: nothing is held back to measure on.", "samples"),
        *(
            (step.record.findings, f"{step.name} has {found} of its own.", "commands")
            for step in steps
            if step.record and not step.checked
            for found in [counted(step.record.findings, "findings")]
        ),
    ]


def _findings(severity: str, steps: Sequence[Step]) -> tuple[int, str, str]:
    """Return how much ``qc`` found of a severity, and where most of it."""
    checks: Counter[str] = Counter()
    for step in steps:
        for (_, check, level), count in step.findings.items():
            if level == severity:
                checks[check] += count
    total = checks.total()
    names = " and ".join(step.name for step in steps if step.findings)
    most = f", most of {checks.most_common(1)[0][0]}" if len(checks) > 1 else ""
    return total, f"{names} found {counted(total, severity + 's')}{most}.", "quality"
