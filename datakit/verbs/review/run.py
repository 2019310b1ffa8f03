"""``review``: a local page to look at doubtful labels, and a dataset made of what was decided."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from pathlib import Path

import msgspec

from datakit.engine.base import LazyTask
from datakit.errors import InputError
from datakit.io.dataset.decisions import read_decisions
from datakit.io.store.storage import location, overlap
from datakit.records.review import DECISIONS, Decision
from datakit.records.summary import Summary
from datakit.verbs.report.run import open_dataset
from datakit.verbs.review.options import VERB, Options
from datakit.verbs.shared.pipeline import process
from datakit.verbs.shared.progress import ProgressListener, SilentProgress
from datakit.verbs.shared.run_record import Run


def run(options: Options, progress: ProgressListener | None = None) -> Summary:
    """Show the review's page until it is ended, or apply what was decided.

    Parameters
    ----------
    options : Options
        The dataset, where decisions go, whether to apply them.
    progress : ProgressListener, optional
        Where progress is reported, and the page's address, with its token, is announced.

    Returns
    -------
    Summary
        Counts of what is decided and what is open.

    Raises
    ------
    InputError
        If SRC is no dataset of datakit's, the port is taken, or a folder must not be used.
    """
    if overlap(Path(options.folder), location(options.src[0])):
        raise InputError(
            f"{options.folder}: expected a folder apart from the dataset; choose it with "
            "--decisions"
        )
    if options.apply:
        if overlap(location(options.out), Path(options.folder)):
            raise InputError(f"{options.out}: expected a folder apart from {options.folder}")
        return _apply(options, progress)
    from datakit.verbs.review.serve import serve

    started = time.perf_counter()
    counts, notes = serve(options, progress or SilentProgress())
    return Summary(
        verb=VERB,
        out=None if options.dry_run else options.folder,
        counts=counts,
        seconds=time.perf_counter() - started,
        notes=notes,
    )


def _apply(options: Options, progress: ProgressListener | None) -> Summary:
    source, items = open_dataset(options.src, VERB)
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
    # What decides the result is recorded; where it lay and how it was shown is not.
    recorded = msgspec.structs.replace(
        options,
        expect=digest,
        decisions=None,
        records=(),
        compare=None,
        photos=None,
        port=0,
        no_browser=False,
    )
    classes = [value for value in source.label_map.values() if value > 0]
    task = LazyTask(
        "datakit.verbs.review.task:ApplyReview",
        {
            "out": options.out,
            "folder": options.folder,
            "decisions": decisions,
            "only_accepted": options.only_accepted,
            "new_value": min(classes, default=255),
        },
    )
    summary = process(Run(VERB, recorded, source), task, progress=progress)
    known = {item.key for item in items}
    released = sorted(
        key for key, one in decisions.items() if key not in known and one.verdict == "accept"
    )
    return msgspec.structs.replace(summary, notes=(*summary.notes, *release_note(released)))


def decisions_sha256(decisions: dict[str, Decision]) -> str:
    """Return the digest of what decisions decide: not of notes, times and what was undone."""
    rows = [
        (key, one.verdict, one.edit)
        for key, one in sorted(decisions.items())
        if one.verdict or one.edit
    ]
    return hashlib.sha256(msgspec.json.encode(rows)).hexdigest()


def standing(decisions: dict[str, Decision], total: int) -> dict[str, int]:
    """Return how many samples are accepted, rejected, flagged, edited, and open."""
    verdicts = Counter(one.verdict for one in decisions.values() if one.verdict)
    return {
        "samples": total,
        "accepted": verdicts["accept"],
        "rejected": verdicts["reject"],
        "flagged": verdicts["flag"],
        "edited": sum(one.edit is not None for one in decisions.values()),
        "open": total - verdicts.total(),
    }


def release_note(released: list[str]) -> tuple[str, ...]:
    """Return how photos that were accepted come into the dataset: only ``anonymize`` can."""
    if not released:
        return ()
    names = ",".join(released)
    return (
        f"{len(released)} photos of anonymize's review list were accepted; run anonymize again "
        f"with --resume --release {names}",
    )
