"""``review --apply``: a dataset of what was decided."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from datakit.engine.base import LazyTask
from datakit.errors import InputError
from datakit.io.dataset.decisions import read_decisions
from datakit.records.review import DECISIONS, Decision
from datakit.records.summary import Summary
from datakit.verbs.review.decided import release_note
from datakit.verbs.review.options import VERB, ApplyOptions
from datakit.verbs.shared.datasets import open_dataset
from datakit.verbs.shared.pipeline import process
from datakit.verbs.shared.progress import ProgressListener
from datakit.verbs.shared.run_record import Run


def apply(options: ApplyOptions, progress: ProgressListener | None) -> Summary:
    """Write the dataset that a review's decisions make of SRC.

    Raises
    ------
    InputError
        If nothing was decided, or ``--expect`` names other decisions.
    """
    source, items = open_dataset(options.src, VERB, progress)
    decisions = read_decisions(Path(options.folder))
    if not decisions:
        raise InputError(
            f"{options.folder}: expected decisions ({DECISIONS}), found none; "
            "datakit review SRC takes them"
        )
    digest = decisions_sha256(decisions)
    if options.expect not in (None, digest):
        raise InputError(
            f"--expect {options.expect}: the decisions in {options.folder} are {digest}"
        )
    # The decisions are recorded by their digest, not by where they lay.
    recorded = msgspec.structs.replace(options, expect=digest, decisions=None)
    task = LazyTask(
        "datakit.verbs.review.task:ApplyReview",
        {
            "out": options.out,
            "folder": options.folder,
            "decisions": {key: _deciding(one) for key, one in decisions.items() if not one.is_open},
            "only_accepted": options.only_accepted,
            "label_map": dict(source.label_map),
        },
        by_key=("decisions",),
    )
    summary = process(Run(VERB, recorded, source), task, progress=progress)
    known = {item.key for item in items}
    released = sorted(
        key for key, one in decisions.items() if key not in known and one.verdict == "accept"
    )
    return msgspec.structs.replace(summary, notes=(*summary.notes, *release_note(released)))


def _deciding(decision: Decision) -> Decision:
    """Return what of a decision decides the result: not who took it when, nor in which words."""
    note = "noted" if decision.note else ""
    return msgspec.structs.replace(decision, at="", reviewer="", seconds=None, note=note)


def decisions_sha256(decisions: dict[str, Decision]) -> str:
    """Return the digest of what decisions decide: not of notes, times and what was undone."""
    rows = [
        (key, one.verdict, one.edit, *sorted(one.objects.items()), *one.models)
        for key, one in sorted(decisions.items())
        if one.verdict or one.edit
    ]
    return hashlib.sha256(msgspec.json.encode(rows)).hexdigest()
